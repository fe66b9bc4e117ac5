"""Which runs of a broken work are tried next, until one of them has failed."""

from __future__ import annotations

import pytest

from runner.execution.failing_alone import FailingAlone


def culprits(members: list[int], at_fault: set[int], *, died: bool) -> tuple[list[int], int]:
    """(the runs that fail, how many works were tried) where a work with a run at fault in it breaks."""
    alone, waiting, failed, works = FailingAlone(), [members], [], 0
    while waiting:
        work, works = waiting.pop(0), works + 1
        if at_fault.isdisjoint(work):
            continue
        again = alone.again(work, died=died)
        waiting += again
        failed += [] if again else work
    return failed, works


@pytest.mark.parametrize("at_fault", [{0}, {4}, {6}, {1, 2}, set(range(7))])
@pytest.mark.parametrize("died", [False, True])
def test_exactly_the_runs_at_fault_fail(at_fault, died):
    assert set(culprits(list(range(7)), at_fault, died=died)[0]) == at_fault


def test_one_of_many_is_found_in_few_tries_and_gets_a_second_if_its_worker_died():
    assert culprits(list(range(64)), {37}, died=False) == ([37], 13)
    assert culprits(list(range(64)), {37}, died=True) == ([37], 14)


def test_nothing_is_left_to_try_where_all_have_ended():
    assert FailingAlone().again([], died=False) == []
