"""Finished runs that predict together: `runner.load(DIR, combine="mean")`.

Shapes: K members, n rows, D features, C classes, or in regression targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from runner.data.encoding import Encoding
from runner.ensembles.combining import combination, log_softmax
from runner.ensembles.fitted import Way
from runner.errors import ConfigError
from runner.reports.predicting import Predicting
from runner.training.without_network import in_own_unit

if TYPE_CHECKING:
    from runner.data.reading.cells import Cells
    from runner.reports.monte_carlo import MonteCarlo


class Member(Protocol):
    """What an ensemble asks of a run (`runner.reports.load.LoadedRun`)."""

    folder: Path
    encoding: Encoding

    @property
    def notes(self) -> list[str]:
        """What a user of the network should know of the run."""

    @property
    def link(self) -> Any:
        """Scores of classes -> logits."""

    def transform_with_notes(self, cells: Cells) -> tuple[np.ndarray, list[str]]:
        """(what the network sees [n, D], what is said about the table)."""

    def outputs(self, x_ND: np.ndarray) -> np.ndarray:
        """What the network says [n, C]."""

    def decode(self, outputs_NC: np.ndarray) -> np.ndarray:
        """Labels or numbers [n]."""


def answers(member: Member, x_ND: np.ndarray) -> np.ndarray:
    """What a run says of encoded features [n, C]: log-probabilities, or numbers in the units of the targets."""
    outputs = member.outputs(x_ND)
    if member.encoding.task == "regression":
        return member.decode(outputs).reshape(len(outputs), -1)
    return log_softmax(member.link(outputs))


class LoadedEnsemble(Predicting):
    """The networks of several runs, whose answers are combined. What a `LoadedRun` predicts, this predicts likewise.

    `combine` is mean or geometric (of the probabilities) or vote; in regression mean; or a way that was fitted.
    `members` are the runs, the best first, of which each counts as often as `times` says (once). Raises ConfigError for
    another `combine`, or runs that do not answer the same question.
    """

    def __init__(self, folder: Path, members: Sequence[Any], combine: str | Way, times: Sequence[int] | None = None):
        self.folder, self.members = folder, list(members)
        self.times = [1] * len(members) if times is None else list(times)
        first = members[0].encoding
        check_alike(members)
        self.combination = combination(combine, first.task) if isinstance(combine, str) else combine
        self.combine = self.combination.name
        self.encoding = in_own_unit(first)
        self.encodings: list[Encoding] = []  # the distinct ones
        self.encoded_by = [self._place(member.encoding) for member in members]

    def __repr__(self) -> str:
        """Where its runs lie, how many they are and how they are combined."""
        return f"LoadedEnsemble({str(self.folder)!r}, {len(self.members)} runs, {self.combine})"

    def spread_of(self, x_ND: np.ndarray, passes: int, seed: int, length_scale: float | None) -> MonteCarlo:
        """Nothing: several networks differ without dropout. ConfigError with what to do instead."""
        raise ConfigError(
            f"--mc {passes}: is about passes of one network, and {self.said.partition(': ')[2]} here; name one run "
            "instead, or leave --mc out"
        )

    @property
    def said(self) -> str:
        """Who predicts."""
        return f"ensemble: {len(self.members)} runs of {self.folder}, combined by {self.combine}"

    def _place(self, encoding: Encoding) -> int:
        if encoding not in self.encodings:
            self.encodings.append(encoding)
        return self.encodings.index(encoding)

    @property
    def notes(self) -> list[str]:
        """What a user of the networks should know of the runs, each sentence once."""
        return list(dict.fromkeys(f"{member.folder.name}: {note}" for member in self.members for note in member.notes))

    def transform_with_notes(self, cells: Cells) -> tuple[Any, list[str]]:
        """(what the networks see [n, D], a distinct encoding each; what is said about the table)."""
        first = [self.members[self.encoded_by.index(place)] for place in range(len(self.encodings))]
        found = [member.transform_with_notes(cells) for member in first]
        return [x for x, _ in found], list(dict.fromkeys(note for _, notes in found for note in notes))

    def outputs(self, seen: Any) -> np.ndarray:
        """What the members say together [n, C] of what `transform_with_notes` gives: log-probabilities, or numbers in
        the unit of the target.
        """
        members = zip(self.members, self.encoded_by, self.times, strict=True)
        each = (repeat(answers(member, seen[place]), times) for member, place, times in members)
        return self.combination.of(chain.from_iterable(each))

    def probabilities(self, outputs_NC: np.ndarray) -> np.ndarray:
        """Probabilities [n, C]."""
        return np.exp(outputs_NC)

    def decode(self, outputs_NC: np.ndarray) -> np.ndarray:
        """Labels or numbers [n]."""
        return self.encoding.decode(outputs_NC)


def check_alike(members: Sequence[Member]) -> None:
    """ConfigError unless the runs answer one question from the same columns."""
    first = members[0]
    for member in members[1:]:
        for what, of in QUESTIONS.items():
            mine, theirs = of(first.encoding), of(member.encoding)
            if mine != theirs:
                raise ConfigError(
                    f"the runs do not answer the same question, so that their answers cannot be combined: {what} "
                    f"{mine} in {first.folder}, {theirs} in {member.folder}. Name the runs of one question"
                )


def _set(words: Sequence[str] | None) -> str:
    return ", ".join(sorted(words or []))


QUESTIONS = {
    "the task is": lambda encoding: encoding.task,
    "the target is": lambda encoding: repr(encoding.target),
    "the labels are": lambda encoding: ", ".join(encoding.labels or []),
    "the columns are": lambda encoding: _set(encoding.columns),
}
