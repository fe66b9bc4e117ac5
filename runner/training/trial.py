"""One run while it trains: its settings, data, files and everything about it that is not a tensor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from runner.config.compact import compact
from runner.config.engines import STACKED, engine
from runner.config.metrics import metrics_of
from runner.config.settings import Settings, keys_alone
from runner.data.prepare import RunData
from runner.errors import RunError
from runner.population.arrays import Values
from runner.records.checksums import METRICS, sha256
from runner.records.flat import flatten
from runner.records.progress import epochs
from runner.records.run_files import RunFiles
from runner.records.summary import SPLITS
from runner.records.sweep_folder import PRUNED
from runner.training import given
from runner.training.evaluation import named, recorded
from runner.training.percentiles import names
from runner.training.stopping import Stopping


@dataclass
class Trial:
    """A run in training; `state` and `load_state` are what a checkpoint keeps of it."""

    phase: ClassVar[int] = 1  # 2: it goes on after early stopping (`runner.training.second_phase`)

    settings: Settings
    data: RunData
    files: RunFiles
    detailed: bool = True  # weight histograms (a single run)
    pictured: bool = True  # figures (a single run on the command line)
    member: bool = False  # of an ensemble, for which it leaves its answers
    stopping: Stopping = field(default_factory=Stopping)
    plateau: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)  # metrics of the best epoch
    last: dict[str, float] = field(default_factory=dict)  # metrics of the last epoch
    seconds: float = 0.0
    made: int = 0  # epochs
    pending: list[float] = field(default_factory=list)  # what was optimized in steps since the last evaluation, summed
    examples: int = 0  # over so many examples
    start: dict[str, Values] | None = None  # weights and statistics that it begins with; None = as drawn
    held: tuple[Mapping[str, Values], str] | None = None  # what it continues from: arrays, the engine that wrote them
    until: int | None = None  # the epoch after which it pauses, unless it has ended
    changed: bool = False  # whether another engine has made some of its steps
    said: list[str] = field(default_factory=list)  # remarks that are in the log
    snapshots: dict[str, str] = field(default_factory=dict)  # files of members that it left on its way -> SHA-256
    status: str | None = None  # set when it has ended
    reason: str = ""

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics that this run records of every split, the loss first."""
        return recorded(self.settings, *self.data.tasks)

    @cached_property
    def given(self) -> dict[str, str]:
        """Key -> SHA-256 of the file that it names, of what the run begins with."""
        return given.digests(self.settings)

    @cached_property
    def columns(self) -> list[str]:
        """The columns of metrics.csv after the epoch, some of which a run may lack."""
        every = named(self.metrics, self.data.encoding.questions)
        train, val = ([f"{split}/{name}" for name in every] for split in ("train", "val"))
        phase = ["phase"] if self.settings.early_stopping.then != "none" else []
        first = ["step", *phase, "seconds", "lr", train[0], "train/objective", *train[1:]]
        asked = names(len(self.settings.model.hidden)) if self.settings.trainer.percentiles else []
        return [*first, *val, "gap", "grad_norm", "weight_norm", "sparsity", *asked]

    def own(self, values: dict[str, float]) -> dict[str, float]:
        """What this run records of `values`, in which its company may have asked for more."""
        return {name: value for name, value in values.items() if name not in self._of_others}

    @cached_property
    def _of_others(self) -> set[str]:
        others = [name for name in metrics_of(self.data.task) if name not in self.metrics]
        others = named(others, self.data.encoding.questions)
        return {f"{split}/{name}" for split in SPLITS for name in others}

    @property
    def scale(self) -> float:
        """What reduce-on-plateau multiplies the rate with."""
        return self.plateau.get("scale", 1.0)

    @property
    def training(self) -> Settings:
        """The settings by which its row is trained."""
        return self.settings

    @property
    def counts_from(self) -> int:
        """The steps that were made before its row began."""
        return 0

    @property
    def ended_within(self) -> bool:
        """Whether it has ended within an epoch, which others may have trained to its end."""
        return bool(self.status) and not isinstance(self.last["epoch"], int)

    @property
    def keeps_last(self) -> bool:
        """Whether the weights of its last epoch are kept, instead of the best."""
        return not self.settings.early_stopping.restore_best

    @property
    def begun(self) -> bool:
        """Whether its row has trained, or been recorded before."""
        return bool(self.last)

    @property
    def pauses(self) -> bool:
        """Whether it has come to where it pauses."""
        return not self.status and self.until is not None and self.made >= self.until

    def prune(self) -> None:
        """End where it stands, at the word of a search."""
        self.status, self.reason = PRUNED, f"stopped after {epochs(self.made)}, as others did better"

    @property
    def goes_on(self) -> bool:
        """Whether a second phase follows its end."""
        return self.settings.early_stopping.then != "none" and self.status in ("completed", "stopped_early")

    def evaluations(self, made: int, steps: int) -> Sequence[int]:
        """The steps of an epoch of `steps`, before which `made` were made, after which it is evaluated."""
        every, end = self.settings.early_stopping.every, self.settings.trainer.epochs * steps - made
        if every is None:
            return (steps,)
        found = list(range(every - made % every, min(steps, end) + 1, every))
        return found if end > steps or end in found else [*found, end]

    def counted(self, totals: np.ndarray, examples: int) -> float:
        """The mean of what was optimized since the last evaluation, after steps with these sums over so many examples.
        Its bits do not depend on where others are evaluated.
        """
        self.pending, self.examples = self.pending + totals.tolist(), self.examples + examples
        return np.array(self.pending).sum() / self.examples

    @property
    def kept(self) -> dict[str, Any]:
        """Metrics of the epoch whose weights are kept: the best one, or with restore_best=false the last."""
        return self.best if self.settings.early_stopping.restore_best and self.best else self.last

    def record(self, epoch: float, row: dict[str, Any]) -> bool:
        """Log the metrics of an evaluation, update stopping and plateau; True if its weights are the best so far."""
        self.last, self.pending, self.examples = {"epoch": epoch} | row, [], 0
        self.files.epoch(self.last, self.abscissa(self.last))
        rule = self.settings.early_stopping
        value = row.get(rule.monitor)
        losses = (row[k] for k in ("train/objective", "train/loss", "val/loss") if row.get(k) is not None)
        if not all(math.isfinite(v) for v in losses):
            self.status, self.reason = "diverged", f"the loss was not finite after epoch {epoch:g}"
            return False
        best = self._best(epoch, value)
        if best:
            self.best = self.last
        if epoch and self.settings.scheduler.reactive and value is not None:
            self.plateau = self.settings.scheduler.react(self.plateau, value, rule.maximize)
        self._decide(epoch, row.get("grad_norm"))
        return best

    def abscissa(self, row: dict[str, Any]) -> int:
        """Where an evaluation is drawn: at its epoch (the end of it, if it is cut short), or at its step."""
        return row["step"] if self.settings.early_stopping.every else math.ceil(row["epoch"])

    def _best(self, epoch: float, value: float | None) -> bool:
        return self.stopping.update(self.settings.early_stopping, epoch, value)

    def _decide(self, epoch: float, gradient: float | None) -> None:
        rule, total = self.settings.early_stopping, self.settings.trainer.epochs
        tolerance = getattr(self.settings.optimizer, "tolerance", 0.0)
        if epoch >= total:
            self.status, self.reason = "completed", f"all {epochs(total)}"
        elif tolerance and gradient is not None and gradient <= tolerance:
            found = f"converged after {epochs(epoch)}: the gradient's norm {gradient:.2g}"
            self.status, self.reason = "completed", f"{found} is at most optimizer.tolerance = {tolerance:g}"
        elif self.stopping.exhausted(rule):
            waited = epochs(self.stopping.waited).replace("epoch", "evaluation" if rule.every else "epoch")
            self.status, self.reason = "stopped_early", f"{rule.monitor} has not improved for {waited}"

    def remark(self, text: str) -> None:
        """Log something about the training, once."""
        if text and text not in self.said:
            self.said.append(text)
            self.files.log(text)

    def state(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return {
            "settings": fixed(self.settings),
            "engine": engine(self.settings, self.data.task),
            "changed": self.changed,
            "data_sha256": self.data.sha256,
            "files": self.given,
            "stopping": asdict(self.stopping),
            "plateau": self.plateau,
            "best": self.best,
            "last": self.last,
            "seconds": self.seconds,
            "made": self.made,
            "pending": self.pending,
            "examples": self.examples,
            "said": self.said,
            **({"snapshots": dict(self.snapshots)} if self.snapshots else {}),
            "offsets": self.files.flush(sync=True),
            "metrics_sha256": self.files.digest(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave (the files are opened at their offsets by the caller)."""
        self.stopping = Stopping(**state["stopping"])
        self.plateau, self.best, self.last = state["plateau"], state["best"], state["last"]
        self.seconds, self.said = state["seconds"], state.get("said", [])
        self.snapshots = state.get("snapshots", {})
        self.made = state.get("made", self.last["epoch"])
        self.pending, self.examples = state.get("pending", []), state.get("examples", 0)
        self.changed = state.get("changed", False) or engine_of(state) != engine(self.settings, self.data.task)


def engine_of(state: dict[str, Any]) -> str:
    """The engine that wrote a checkpoint's row; the first versions had one."""
    return state.get("engine", STACKED)


def fixed(settings: Settings) -> dict[str, Any]:
    """Dotted key -> value of everything that a run's numbers depend on."""
    options, tied = settings.options(), {"ensemble.tie": settings.tied.strength} if settings.tied else {}
    found = {k: v for k, v in flatten(settings.tree()).items() if k not in options or options[k].kind != "free"}
    return found | tied


def check_unchanged(state: dict[str, Any], settings: Settings, data: RunData, where: Any) -> None:
    """RunError if a checkpoint's row was trained with other settings or data than a resumed run would continue with.

    Where a file lies does not matter, as the hash of the data tells its content.
    """
    alone, now = keys_alone(), fixed(settings)
    before = {f"{key}{alone.get(key, '')}": value for key, value in state["settings"].items()}
    files = {key for key, option in settings.options().items() if option.file}
    newer = now.keys() - before.keys() - compact(settings).keys()  # options that there were not then, at their defaults
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key) and key not in files | newer]
    if changed:
        known = ", ".join(f"{key} = {now.get(key)!r}, was {before.get(key)!r}" for key in changed)
        raise RunError(f"{where}: changed since the run began ({known}). Change it back to resume, or start a new run.")
    known, present = state.get("files", {}), given.digests(settings)
    for key in (key for key in known if present.get(key) != known[key]):
        raise RunError(
            f"{where}: what {key} = {settings.value(key)} holds has changed since the run began, so it can't be "
            "continued as it was. Bring the old file back to resume, or start a new run."
        )
    if state["data_sha256"] != data.sha256:
        raise RunError(
            f"{where}: the data of dataset {data.name} has changed since the run began, so it can't be continued as it "
            "was. Bring the old data back to resume, or start a new run."
        )


def metrics_hold(state: dict[str, Any], folder: Path) -> bool:
    """Whether metrics.csv is what it was when a checkpoint's row was written, and no more than longer now."""
    size = state["offsets"].get(METRICS, 0)
    if not size or "metrics_sha256" not in state:  # nothing written yet, or by a version that did not say
        return True
    try:
        return sha256((folder / METRICS).read_bytes()[:size]) == state["metrics_sha256"]
    except OSError:
        return False
