"""An ensemble of finished runs: who belongs to it, what the members reach alone, and what they reach together.

Shapes: K members in the order of choice, one perhaps several times after greedy selection.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from runner.data.prepare import RunData
from runner.ensembles.combining import Combination, combination
from runner.ensembles.options import GREEDY, check_name, check_size
from runner.ensembles.selection import greedy, score_of
from runner.errors import RunError
from runner.reports.ensemble import measure
from runner.reports.ensemble.answers import Answers, Told, read_answers
from runner.reports.ensemble.measure import Measured
from runner.reports.ensemble.members import Candidates
from runner.reports.run_row import RunRow

CHOSEN = "choices made"


@dataclass
class Part:
    """One split: what members and ensemble reach there."""

    data: RunData
    answers: Answers
    combine: Combination
    told: Told

    @cached_property
    def members(self) -> Measured:
        """Metric -> of each member [K]."""
        return measure.of_members(self.data, self.answers)

    @cached_property
    def sizes(self) -> Measured:
        """Metric -> of the first member, of the first two together, ... [K]; none where each knows other rows."""
        return measure.of_sizes(self.data, self.answers, self.combine, self.told) if self.answers.complete else {}

    @cached_property
    def mean(self) -> dict[str, float]:
        """Metric -> of a member in the mean."""
        return measure.means(self.answers, self.members)

    @cached_property
    def together(self) -> dict[str, float]:
        """Metric -> of all members together."""
        return measure.of_all(self.data, self.answers, self.combine)

    @property
    def gain(self) -> dict[str, float]:
        """Metric -> by how much all together are better than a member in the mean; negative if they are worse."""
        sign = {name: 1 if measure.larger_is_better(name) else -1 for name in self.mean}
        return {name: sign[name] * (self.together[name] - mean) for name, mean in self.mean.items()}

    @cached_property
    def diversity(self) -> tuple[str, float]:
        """(what is measured, how much the members differ)."""
        return measure.diversity(self.data, self.answers)


@dataclass
class Ensemble:
    """`members` in the order of choice, `parts` by split."""

    candidates: Candidates
    how: str  # all | top | greedy
    combine: str
    members: list[RunRow]
    parts: dict[str, Part]

    @property
    def ranked(self) -> bool:
        """Whether the first member is the best on validation."""
        return not self.candidates.why_unranked

    @property
    def out_of_fold(self) -> bool:
        """Whether each row of validation is known to some of the members only."""
        return "val" in self.parts and not self.parts["val"].answers.complete


def combined(
    found: Candidates,
    combine: str,
    told: Told,
    *,
    top: int | None = None,
    choose: int | None = None,
    force: bool = False,
) -> Ensemble:
    """The ensemble of all candidates, of the `top` best, or of `choose` greedy choices among all of them.

    Raises ConfigError for a size or a way to combine that these runs do not have, or runs that saw different data;
    RunError if nothing was held out, or something cannot be read.
    """
    check_name(combine)
    check_size(GREEDY, choose)
    if choose is not None:
        found.refuse_unranked(GREEDY)
    taken = found.best(top)
    rows, settings = [found.rows[i] for i in taken], [found.settings[i] for i in taken]
    data, answers = read_answers(rows, settings, told, force=force)
    way = combination(combine, data.task)
    if not answers:
        raise RunError(
            f"{found.where}: neither validation nor test rows were held out, so nothing tells what the runs reach "
            "together. `runner predict DIR INPUT --combine mean` uses them all the same"
        )
    order = list(range(len(rows)))
    if choose is not None:
        order = _chosen(answers["val"], way, data.task, combine, choose, told)
    how = "greedy" if choose is not None else "all" if top is None else "top"
    parts = {split: Part(data, each.of(order), way, told) for split, each in answers.items()}
    return Ensemble(found, how, combine, [rows[i] for i in order], parts)


def _chosen(val: Answers, way: Combination, task: str, combine: str, size: int, told: Told) -> list[int]:
    order = []
    for candidate in greedy(way, val.said, val.truth, score_of(task, combine), size):
        order.append(candidate)
        told(len(order), size, CHOSEN)
    return order
