"""Compiled forms of update rules in company; that they do what their definitions do, test_contracts.py shows."""

import pytest
import torch

from runner.checks import compiled_rules
from runner.checks.compiled import PRECISION
from runner.compiled.forms import RuleForm
from runner.config.registry import entries

torch.set_num_threads(1)

RULES = [e for e in entries("optimizer").values() if isinstance(e.compiled, RuleForm)]


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("entry", RULES, ids=str)
def test_slots_that_only_other_rows_need_change_no_bit(entry, dtype):
    compiled_rules.rule_in_company(entry, dtype)
