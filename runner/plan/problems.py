"""What is wrong with the jobs of a sweep, said once and with the jobs it is wrong in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

NAMED = 8  # job numbers written out


class Problems:
    """Collects what is wrong with the whole command line and with each job; raises it all as one ConfigError.

    Jobs are not named by number unless they are `numbered` as the runs would be.
    """

    def __init__(self, jobs: Sequence[Sequence[Override]], general: Sequence[str] = (), numbered: bool = True):
        self.numbered = numbered
        self.words = [[override.input_line or "" for override in job] for job in jobs]
        self.general = list(dict.fromkeys(general))
        self.jobs: dict[str, list[int]] = {}  # problem -> the jobs that have it
        self.text: dict[str, str] = {}

    def add(self, job: int, problems: Sequence[str]) -> None:
        """Note the problems of one job. The example of a fix may differ between jobs; the first is kept."""
        for problem in dict.fromkeys(problems):
            same = problem.split("; for example ")[0]
            self.text.setdefault(same, problem)
            numbers = self.jobs.setdefault(same, [])
            if not numbers or numbers[-1] != job:
                numbers.append(job)

    def raise_any(self) -> None:
        """ConfigError if there is anything."""
        found = self.general + [f"{self._where(numbers)}{self.text[same]}" for same, numbers in self.jobs.items()]
        if found:
            raise ConfigError(found)

    def _where(self, numbers: Sequence[int]) -> str:
        """ "jobs 3, 4 (optimizer=sgd): ", or nothing if it is so in all."""
        if not self.numbered or len(numbers) == len(self.words):
            return ""
        listed = ", ".join(map(str, numbers[:NAMED])) + (", ..." if numbers[NAMED:] else "")
        notes = [f"{len(numbers)} in all"] if numbers[NAMED:] else []
        notes += [swept] if (swept := self._shared(numbers)) else []
        note = f" ({'; '.join(notes)})" if notes else ""
        return f"job{'s' if len(numbers) > 1 else ''} {listed}{note}: "

    def _shared(self, numbers: Sequence[int]) -> str:
        """The swept words that these jobs have in common; one job's words if there are none."""
        everywhere = set(self.words[0]).intersection(*self.words)
        common = set(self.words[numbers[0]]).intersection(*(self.words[i] for i in numbers)) - everywhere
        return " ".join(word for word in self.words[numbers[0]] if word in common)
