"""What hydra.sweeper.* says about settings that do worse than others: when they are compared, and which train on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.config.compact import told
from runner.config.registry import entries
from runner.config.settings import Settings
from runner.config.suggest import closest
from runner.errors import ConfigError, shortened
from runner.plan.trials import trials_of

HALVING, HYPERBAND, MEDIAN = "halving", "hyperband", "median"
PRUNERS = (MEDIAN,)
KEYS = ("eta", "min_epochs", "pruner_every", "pruner_warmup", "pruner_startup")


@dataclass(frozen=True)
class Losers:
    """Settings that do worse than others end where they stand, by `rule`; "": none does.

    halving, hyperband: 1 / `eta` of those that are compared train on. The first comparison is after `first` epochs;
    None: as early as leaves one to eta settings at the end (halving), or after one epoch (hyperband). median: those end
    that are worse than the median of the others, of which there must be `startup`; after `warmup` epochs, and then
    after every `every`. `objective` is the metric that they are compared by; None: the monitored one.
    """

    rule: str = ""
    objective: str | None = None
    eta: int = 3
    first: int | None = None
    every: int = 1
    warmup: int = 0
    startup: int = 5

    @staticmethod
    def of(kind: str, sweeper: Mapping[str, Any]) -> Losers:
        """Those of the node hydra.sweeper. Raises ConfigError."""
        pruner, objective = sweeper.get("pruner"), sweeper.get("objective")
        if pruner not in (None, *PRUNERS):
            raise _wrong("pruner", pruner, f"must be one of {', '.join(PRUNERS)}, or null for none")
        if pruner and kind in (HALVING, HYPERBAND):
            raise _wrong("pruner", pruner, f"hydra/sweeper={kind} ends settings by its own rule; leave it out")
        whole = {
            "eta": (2, 3, "of 1 all would train on"),
            "min_epochs": (1, None, "the first comparison"),
            "pruner_every": (1, 1, "epochs between two comparisons"),
            "pruner_warmup": (0, 0, "epochs before the first comparison"),
            "pruner_startup": (1, 5, "settings that are compared with"),
        }
        found = {key: _whole(sweeper, key, *each) for key, each in whole.items()}
        eta, first, every, warmup, startup = found.values()
        rule = kind if kind in (HALVING, HYPERBAND) else pruner or ""
        first_of = (
            objective[0] if isinstance(objective, (list, tuple)) and objective else objective
        )  # of a Pareto front
        one = first_of if isinstance(first_of, str) else None
        return Losers(rule, one, eta or 3, first, every or 1, warmup or 0, startup or 5)

    @property
    def named(self) -> str:
        """As it was asked for."""
        return f"hydra.sweeper.pruner = {self.rule}" if self.rule in PRUNERS else f"hydra/sweeper={self.rule}"

    def too_few(self, runs: Sequence[Settings], asked: int | None = None) -> list[str]:
        """Whether there are too few settings to compare any; `asked`: so many are asked for at a time."""
        least = self.eta if self.first is None else 2
        if self.rule == MEDIAN or (asked or _settings(runs, least)) >= least:
            return []
        return [
            f"{self.named}: fewer than {least} settings, so that none would be compared with others; give keys more "
            "values, as in optimizer.lr=1e-4,1e-3,1e-2,1e-1, or leave it out"
        ]

    def problems(self, runs: Sequence[Settings]) -> list[str]:
        """Why runs with these settings cannot be compared while they train."""
        if not self.rule or not runs:
            return []
        named = self.named
        lengths = sorted({run.trainer.epochs for run in runs})
        watched = {(run.early_stopping.monitor, run.early_stopping.maximize) for run in runs}
        found = []
        if any(run.ensemble.active for run in runs):
            found.append(
                f"ensemble: what {named} compares is the curve of one network, and an ensemble answers only when its "
                "members have ended; search for the network with ensemble=none, then train the ensemble of the winner"
            )
        if len(lengths) > 1:
            shown = ", ".join(map(str, lengths))
            found.append(
                f"trainer.epochs = {shown}: {named} compares settings that are to train equally long; give one number"
            )
        elif lengths[0] < 2:
            found.append(
                f"trainer.epochs = {lengths[0]}: {named} compares settings before they have ended; give more epochs"
            )
        elif self.first is not None and self.first >= lengths[0]:
            found.append(
                f"hydra.sweeper.min_epochs = {self.first}: not fewer than trainer.epochs = {lengths[0]}, so that "
                f"nothing would be compared; for example hydra.sweeper.min_epochs={max(lengths[0] // self.eta, 1)}"
            )
        elif self.rule == MEDIAN and self.warmup >= lengths[0]:
            found.append(
                f"hydra.sweeper.pruner_warmup = {self.warmup}: not fewer than trainer.epochs = {lengths[0]}, so that "
                "nothing would be compared; give fewer"
            )
        if self.objective is None and len(watched) > 1:
            shown = ", ".join(sorted(monitor for monitor, _ in watched))
            found.append(
                f"early_stopping.monitor = {shown}: {named} compares by one metric; name it with "
                "hydra.sweeper.objective=val/loss"
            )
        return found + ([] if self.objective is None else _unknown(self.objective))


def _settings(runs: Sequence[Settings], enough: int) -> int:
    """How many settings there are, counted up to as many as are enough."""
    many, found = 0, 0
    while found < enough and many < len(runs):
        many = 2 * many + 1
        found = len(trials_of(map(told, runs[:many])))
    return found


def _unknown(objective: str) -> list[str]:
    """Why no run knows an objective after each epoch."""
    split, _, rest = objective.partition("/")
    name, metrics = rest.rpartition("/")[2], entries("metric")
    if split in ("train", "val") and name in metrics:
        return []
    near = closest(name, list(metrics))
    hint = f"; did you mean val/{near}?" if near and name not in metrics else ""
    return [
        f"hydra.sweeper.objective = {objective}: not known while a run trains; must be a metric of train or val, such "
        f"as val/loss or val/accuracy{hint}"
    ]


def _whole(sweeper: Mapping[str, Any], key: str, least: int, default: int | None, why: str) -> int | None:
    value = sweeper.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        example = f"hydra.sweeper.{key}={max(least, default or 1)}"
        raise _wrong(key, value, f"must be a whole number >= {least} ({why}); for example {example}")
    return value


def _wrong(key: str, value: Any, text: str) -> ConfigError:
    return ConfigError(f"hydra.sweeper.{key} = {shortened(value)}: {text}")
