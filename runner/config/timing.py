"""When what a piece was asked for begins to act: declared by the piece, compared with the length of the training.

A piece with a key that names a time (a milestone, the start of an average, a patience) says in `begins(epochs, steps)`
in which epoch that comes. Before training it is compared with trainer.epochs (`runner.config.warnings`), afterwards
with where the run stopped and with the epoch whose weights it keeps (`runner.diagnostics.never_acted`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.config.settings import Settings


@dataclass(frozen=True)
class Begins:
    """What comes at a time that a piece names.

    `key` is the piece's own (none: the piece as a whole). `epoch` is the first, counted from 1, that is other than
    without it. `only_then`: up to there the weights are those of a run without the piece; otherwise the piece has acted
    before, or acts on no weights.
    """

    key: str
    epoch: int
    what: str
    only_then: bool = True


@dataclass(frozen=True)
class Late:
    """Something that begins after an epoch: its dotted key ("scheduler" for the choice as a whole) and value."""

    key: str
    value: Any
    begins: Begins

    @property
    def group(self) -> str:
        return self.key.partition(".")[0]


def late(settings: Settings, steps: int | None, epoch: float) -> Iterator[Late]:
    """What has not begun when `epoch` ends, the first of each key; of what counts in steps only if `steps`, those of
    an epoch, are known.
    """
    from runner.config.registry import name_of
    from runner.config.settings import CHOICE_GROUPS, SINGLE_GROUPS

    seen = set()
    for group in CHOICE_GROUPS + SINGLE_GROUPS:
        piece = getattr(settings, group)
        for each in piece.begins(settings.trainer.epochs, steps) if hasattr(piece, "begins") else ():
            key = f"{group}.{each.key}" if each.key else group
            if each.epoch > epoch and key not in seen:
                seen.add(key)
                yield Late(key, getattr(piece, each.key) if each.key else name_of(piece, group), each)
