"""State that update rules and techniques around them keep of their rows, as tensors of all rows of a population.

A holder has `rows` (a slice or a list) and `kept()`: name -> [R, P], or [R, 1] where it is one number a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from torch import Tensor


class Holder(Protocol):
    """What keeps state of some rows."""

    @property
    def rows(self) -> slice | list[int]:
        """Which rows of the population these are."""

    def kept(self) -> dict[str, Tensor]:
        """The state by the names that a checkpoint knows it by; the tensors themselves."""


def gathered(holders: Iterable[Holder], members: int) -> dict[str, Tensor]:
    """The state of all holders, [M, P] or [M, 1] each; 0 in rows that have none."""
    found: dict[str, Tensor] = {}
    for holder in holders:
        for name, slot in holder.kept().items():
            if name not in found:
                found[name] = slot.new_zeros(members, slot.shape[1])
            found[name][holder.rows] = slot
    return found


def restore(holders: Iterable[Holder], state: dict[str, Tensor]) -> None:
    """Take over what `gathered` gave, as far as it is there."""
    for holder in holders:
        for name, slot in holder.kept().items():
            if name in state:
                slot.copy_(state[name][holder.rows])
