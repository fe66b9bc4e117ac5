"""Members that are one network at several times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.registry import integer, name_of, register
from runner.ensembles.kinds.base import Ensemble, combined_by

if TYPE_CHECKING:
    from runner.config.settings import Settings


@register("ensemble", "snapshot", paper="Huang et al. 2017", lecture="003:649")
@dataclass
class Snapshot(Ensemble):
    """p = 1/K sum_k p_k of one network at the ends of the last K cycles of its learning rate

    One training gives all members (`scheduler=cosine_restarts`); the folder has the last network as well.
    """

    size: int = integer(3, ge=2, kind="column", help="members: the ends of so many cycles, the last ones")
    combine: str = combined_by()

    @property
    def seeds(self) -> int:
        return 1

    def snapshots(self, settings: Settings) -> list[int]:
        return settings.scheduler.cycle_ends(settings.trainer.epochs)[-self.size :]

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        if name_of(settings.scheduler, "scheduler") == "cosine_restarts":
            yield from _without_ends(self.size, settings)
        else:
            yield (
                ("scheduler",),
                f"scheduler = {name_of(settings.scheduler, 'scheduler')}: has no cycles, at whose ends "
                "ensemble=snapshot takes its members; set scheduler=cosine_restarts, or use ensemble=deep",
            )
        if settings.early_stopping.patience is not None:
            yield (
                ("early_stopping.patience",),
                f"early_stopping.patience = {settings.early_stopping.patience}: could stop before the cycles end, and "
                "ensemble=snapshot takes its members there; set early_stopping=none",
            )
        if settings.early_stopping.every is not None:
            yield (
                ("early_stopping.every",),
                f"early_stopping.every = {settings.early_stopping.every}: evaluates between the ends of epochs, where "
                "ensemble=snapshot takes its members; set early_stopping.every=null",
            )


def _without_ends(size: int, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Cycles that end within an epoch, or fewer than there are to be members."""
    schedule, epochs = settings.scheduler, settings.trainer.epochs
    ends = len(schedule.cycle_ends(epochs))
    if schedule.unit != "epochs" or schedule.warmup != int(schedule.warmup):
        yield (
            ("scheduler.unit", "scheduler.warmup"),
            f"scheduler.unit = {schedule.unit}, scheduler.warmup = {schedule.warmup:g}: members of ensemble=snapshot "
            "are taken between epochs; set scheduler.unit=epochs and a whole number to warm up",
        )
    elif ends < size:
        fewer = f"ensemble.size={ends}, " if ends > 1 else ""
        shorter = f"scheduler.t_0={max(epochs // size, 1)} scheduler.t_mult=1"
        yield (
            ("ensemble.size", "trainer.epochs", "scheduler.t_0", "scheduler.t_mult"),
            f"ensemble.size = {size}: trainer.epochs = {epochs} hold {ends} of the cycles of "
            f"scheduler=cosine_restarts; set {fewer}{shorter}, or raise trainer.epochs",
        )
