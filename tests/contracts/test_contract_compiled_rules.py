"""Compiled forms of update rules and regularizers do what their definitions do."""

import pytest
import torch

from runner.checks import compiled_rules
from runner.checks.compiled import PRECISION
from runner.compiled.forms import RuleForm
from runner.config.registry import entries

torch.set_num_threads(1)

EVERY = [e for group in ("optimizer", "regularizer") for e in entries(group).values() if e.compiled is not None]
RULES = [e for e in EVERY if isinstance(e.compiled, RuleForm)]
every_format = pytest.mark.parametrize("dtype", PRECISION)


@every_format
@pytest.mark.parametrize("entry", EVERY, ids=str)
def test_the_compiled_form_is_the_definition(entry, dtype):
    compiled_rules.CHECKS[type(entry.compiled)](entry, dtype)


@every_format
@pytest.mark.parametrize("entry", RULES, ids=str)
def test_slots_that_only_other_rows_need_change_no_bit(entry, dtype):
    compiled_rules.rule_in_company(entry, dtype)
