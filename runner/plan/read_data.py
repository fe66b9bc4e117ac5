"""The data of many runs, read once where runs agree, and everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.settings import Settings, distinct
from runner.errors import ConfigError, DataError
from runner.plan.checks import check_against_data

if TYPE_CHECKING:
    from runner.data.prepare import RunData


def read_data(runs: Sequence[Settings]) -> tuple[list[RunData], dict[int, list[str]]]:
    """The data of each run, and position -> what is wrong with the data of a run, or with the run for its data.

    Only if nothing is wrong are there data for every run.
    """
    reader = _Reader()
    known = {parts: reader.read(run) for parts, run in distinct(runs).items()}
    found = [known[run.parts()] for run in runs]
    return [data for data, _ in found if data], {i: list(wrong) for i, (_, wrong) in enumerate(found) if wrong}


class _Reader:
    """Reads each table once, and tries once to read one that cannot be read."""

    def __init__(self) -> None:
        self.cache: dict = {}
        self.unreadable: dict[str, list[str]] = {}  # data set -> why it cannot be read

    def read(self, run: Settings) -> tuple[RunData | None, list[str]]:
        """(the data of a run if they can be read, what is wrong with them or with the run for them)."""
        from runner.data.prepare import prepare

        name = repr(run.dataset)
        if name in self.unreadable:
            return None, self.unreadable[name]
        try:
            data = prepare(run, self.cache)
            return data, check_against_data(run, data)
        except ConfigError as error:
            return None, error.problems
        except DataError as error:
            self.unreadable[name] = [str(error)]
            return None, self.unreadable[name]


def data_of(runs: Sequence[Settings]) -> list[RunData]:
    """The data of each run; ConfigError with everything that is wrong."""
    data, wrong = read_data(runs)
    if wrong:
        raise ConfigError(list(dict.fromkeys(problem for found in wrong.values() for problem in found)))
    return data
