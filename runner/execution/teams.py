"""Members of ensembles in a session: which runs they are, which of them may train now, and when the ensemble ends.

Members train side by side, or in stages (boosting), each when those before it have ended. They lie in members/000,
members/001, ... of the ensemble's folder; those that lack a fold of the training rows in members/000-0, ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runner.data.prepare import RunData
from runner.execution import ensembles
from runner.execution.ensembles import Voice
from runner.execution.work import Run, Stage
from runner.records import disk
from runner.records.names import plural
from runner.records.run_folder import CONFIG, HYDRA, MEMBERS, SUMMARY
from runner.records.sweep_folder import DONE
from runner.training.answers import read_answers
from runner.training.outcome import Outcome

Outcomes = Mapping[int, Outcome]


def examples(run: Run, data: RunData) -> RunData:
    """What a run trains on: where it is a stage of an ensemble, what those before it have left of the data."""
    if run.stage is None:
        return data
    return run.stage.kind.examples(data, [read_answers(folder) for folder in run.stage.before])


def team_of(run: Run, data: RunData, first: int, known: dict[Any, list[RunData]]) -> Team | None:
    """The members that train for a run, numbered from `first` on; None if it is one network. `known` are data without
    folds, which those who lack the same fold share.
    """
    kind, found = run.settings.ensemble, run.settings.ensemble.members(run.settings)
    if not found:
        return None
    folders = [run.folder / MEMBERS / member.name for member in found]
    runs = [
        Run(folder, member.settings, member=True, stage=Stage(kind, tuple(folders[:k])) if kind.staged else None)
        for k, (folder, member) in enumerate(zip(folders, found, strict=True))
    ]
    lacking = _without_folds(data, kind.folds, known)
    tables = [data if member.fold is None else lacking[member.fold] for member in found]
    return Team(run, data, range(first, first + len(found)), runs, tables)


def _without_folds(data: RunData, folds: int, known: dict[Any, list[RunData]]) -> list[RunData]:
    if not folds:
        return []
    from runner.ensembles.stacking import without_folds

    if (id(data), folds) not in known:
        known[id(data), folds] = without_folds(data, folds)
    return known[id(data), folds]


@dataclass
class Team:
    """An ensemble of a session and its members, by their numbers there: first those that have a say, then those of each
    of them that lack a fold.
    """

    run: Run
    data: RunData
    numbers: range
    members: list[Run]
    tables: list[RunData]  # of each member
    _judged: dict[int, tuple[int, str]] = field(default_factory=dict)  # stages made -> what `Ensemble.over` says

    @property
    def staged(self) -> bool:
        """Whether a member trains only when those before it have ended."""
        return self.run.settings.ensemble.staged

    def due(self, outcomes: Outcomes) -> list[int]:
        """The members that have not ended, and that nothing keeps from training."""
        left = [k for k in self.numbers if k not in outcomes]
        if not self.staged:
            return left
        return [] if self._over(outcomes)[1] else left[:1]

    def whole(self, summary: Mapping[str, Any], outcomes: Outcomes) -> bool:
        """Whether every member that a summary of the run lists has ended."""
        listed = summary.get("files", {})
        names = [f"{MEMBERS}/{run.folder.name}/{SUMMARY}" for run in self.members]
        return all(k in outcomes for k, name in zip(self.numbers, names, strict=True) if name in listed)

    def drop(self, outcomes: Outcomes) -> list[int]:
        """The members that never train, as the ensemble ends without them; nothing is left of their folders."""
        left = [k for k in self.numbers if k not in outcomes]
        for folder in (self.members[k - self.numbers[0]].folder for k in left):
            for name in HYDRA:
                disk.remove(folder / name)
            disk.remove_empty(folder / CONFIG.parent)
            disk.remove_empty(folder)
        return left

    def end(self, outcomes: Outcomes) -> Outcome:
        """The outcome of the run when its members have ended, its summary in place; it fails with any of them."""
        ended = [outcomes[k] for k in self.numbers if k in outcomes]
        for outcome in ended:
            if outcome.status == "failed":
                why = f"{outcome.folder.relative_to(self.run.folder)}: {outcome.reason}"
                return Outcome(self.run.folder, "failed", why, {}, error=outcome.error)
        voices, note = self._in_stages(outcomes) if self.staged else self._side_by_side(outcomes)
        return ensembles.end(self.run, self.data, self.members, ended, voices, note)

    def _in_stages(self, outcomes: Outcomes) -> tuple[list[Voice], str]:
        """(the members that have a say, why there are no more)."""
        kept, why = self._over(outcomes)
        return [Voice(outcomes[k]) for k in self.numbers[:kept]], why

    def _side_by_side(self, outcomes: Outcomes) -> tuple[list[Voice], str]:
        """(the members that have a say, how many have none)."""
        kind, first = self.run.settings.ensemble, self.numbers[0]
        voices = []
        for k in range(kind.size):
            place = first + kind.size + k * kind.folds
            group = [outcomes[i] for i in (first + k, *range(place, place + kind.folds))]
            if all(each.status in DONE for each in group):
                voices.append(Voice(group[0], tuple(group[1:])))
        lost = kind.size - len(voices)
        return voices, f"without a say, as they diverged: {plural(lost, 'member')}" if lost else ""

    def _over(self, outcomes: Outcomes) -> tuple[int, str]:
        """(how many stages have a say, why there are no more; "" if one is to come)."""
        made: list[Outcome] = []
        for k in self.numbers:
            if k not in outcomes or outcomes[k].status not in DONE:
                break
            made.append(outcomes[k])
        count = len(made)
        if count not in self._judged:
            self._judged[count] = self._judge(made)
        kept, why = self._judged[count]
        after = outcomes.get(self.numbers[0] + count) if count < len(self.numbers) else None
        if after and not why:
            why = f"stage {count + 1} has {after.status}: boosting ends without it"
        return kept, why

    def _judge(self, made: Sequence[Outcome]) -> tuple[int, str]:
        if not made:
            return 0, ""
        return self.run.settings.ensemble.over(self.data, [read_answers(outcome.folder) for outcome in made])
