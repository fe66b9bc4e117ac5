"""The data of many runs, read once where runs agree, and everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.settings import Settings
from runner.errors import ConfigError, DataError
from runner.plan.checks import check_against_data

if TYPE_CHECKING:
    from runner.data.prepare import RunData


def read_data(runs: Sequence[Settings]) -> tuple[list[RunData], dict[int, list[str]]]:
    """The data of each run, and position -> what is wrong with the data of a run, or with the run for its data.

    Only if nothing is wrong are there data for every run.
    """
    from runner.data.prepare import prepare

    cache: dict = {}
    unreadable: dict[str, list[str]] = {}  # data set -> why it cannot be read, which is tried once
    data, wrong = [], {}
    for i, run in enumerate(runs):
        found = unreadable.get(repr(run.dataset), [])
        if not found:
            try:
                data.append(prepare(run, cache))
                found = check_against_data(run, data[-1])
            except ConfigError as error:
                found = error.problems
            except DataError as error:
                found = unreadable[repr(run.dataset)] = [str(error)]
        if found:
            wrong[i] = list(found)
    return data, wrong


def data_of(runs: Sequence[Settings]) -> list[RunData]:
    """The data of each run; ConfigError with everything that is wrong."""
    data, wrong = read_data(runs)
    if wrong:
        raise ConfigError(list(dict.fromkeys(problem for found in wrong.values() for problem in found)))
    return data
