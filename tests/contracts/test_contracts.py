"""Every registered class keeps every contract of its group, as `runner check` asks it of plug-ins."""

import pytest
import torch

from runner.checks import contracts
from runner.config.registry import entries, groups

torch.set_num_threads(1)

EVERY = [(e, c) for group in groups() for e in entries(group).values() if e.name != "auto" for c in contracts.of(e)]


@pytest.mark.parametrize(("entry", "contract"), EVERY, ids=[f"{entry}-{contract.name}" for entry, contract in EVERY])
def test_the_contract_holds(entry, contract):
    contract.check(entry)


PLAIN = {"model", "trainer", "early_stopping", "ensemble"}  # settings alone: nothing in them computes


def test_every_group_has_contracts():
    assert len(EVERY) > 300
    kept = {group: {c.name for e, c in EVERY if e.group == group} for group in groups()}
    assert all(len(kept[group]) > 1 for group in groups() if group not in PLAIN)
    assert {c.name for c in contracts.CONTRACTS} == set().union(*kept.values())
