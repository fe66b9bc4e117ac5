"""The keys of `trainer.*` and `early_stopping.*`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

from runner.config.engines import AUTO, NATIVE, STACKED
from runner.config.registry import choice, integer, number, register, switch, text
from runner.config.timing import Begins
from runner.training.metrics.base import metric

NO_CURRICULUM, LOSS, CONFIDENCE, LENGTH = "none", "loss", "confidence", "length"  # trainer.curriculum


@register("trainer", "default")
@dataclass
class Trainer:
    """How long, in what batches, on which device a run trains."""

    epochs: int = integer(
        100,
        ge=0,
        kind="column",
        help="passes over the training data; 0 saves the initial network",
        lecture="000:54, 001:839",
    )
    batch_size: int = integer(
        32, ge=1, help="examples a step; larger than the data means the full batch", lecture="000:181, 002:41"
    )
    sampling: str = choice(
        "shuffle",
        "shuffle",
        "replacement",
        "bootstrap",
        kind="index",
        lecture="000:181, 003:663, 003:1009, 003:1077",
        help="the examples of an epoch: shuffle, each once, in a new order; replacement, as many draws, each of any "
        "example, so that an epoch sees 1 - (1 - 1/n)^n of them, 63%; bootstrap, the same such draws in every epoch, "
        "in a new order (Breiman 1996)",
    )
    curriculum: str = choice(
        NO_CURRICULUM,
        NO_CURRICULUM,
        LOSS,
        CONFIDENCE,
        LENGTH,
        kind="index",
        lecture="003:1078",
        help="easy examples first, those of the least loss, of the surest answer (both by the network as it enters the "
        "epoch) or of the fewest words (dataset.text); an epoch passes over the easy ones until it has its steps",
    )
    curriculum_start: float = number(
        0.2, above=0, le=1, help="share s of the training examples that the first epoch draws from, the easiest"
    )
    curriculum_epochs: int = integer(
        20, ge=1, kind="column", help="epochs T until all are drawn from: after t epochs a share of s + (1 - s) t/T is"
    )
    drop_last: bool = switch(False, help="leave out a last batch that is smaller than batch_size")
    device: str = text("cpu", help="cpu, cuda, cuda:0, ...")
    dtype: str = choice("float32", "float32", "float64", help="number format of weights and data")
    engine: str = choice(
        AUTO,
        AUTO,
        NATIVE,
        STACKED,
        help="what makes the steps: native, compiled, a run at a time; stacked, torch, runs side by side; auto: native "
        "on a CPU if everything that the run asks for has a compiled form, else stacked",
    )
    threads: int = integer(1, ge=1, help="CPU threads; 1 keeps runs bit for bit repeatable")
    train_eval_rows: int = integer(2000, ge=1, help="fixed training rows on which train/* is measured each epoch")
    metrics: list[str] = choice(
        [], type="choices", group="metric", kind="column", help="recorded besides those that every run has"
    )
    checkpoint_seconds: float = number(30.0, ge=0, kind="free", help="seconds between checkpoints; 0 = every epoch")
    keep_checkpoint: bool = switch(
        False,
        kind="free",
        help="keep the state of the last epoch, so that `runner resume DIR trainer.epochs=N` continues a finished run "
        "instead of making its epochs anew: weights, best weights and what the rule keeps, with AdamW 16 bytes a "
        "parameter",
    )
    log_every_steps: int = integer(
        0,
        ge=0,
        kind="free",
        help="also log the training objective and the rate every so many steps, in steps.csv; 0 = once an epoch",
    )
    figures: bool | None = switch(
        None,
        optional=True,
        kind="free",
        lecture="003:586",
        help="null: into TensorBoard after a single run on the command line; true: all of them, in sweeps and from "
        "Python too, and as PNG; false: none",
    )
    histograms: int | None = integer(
        None,
        ge=0,
        optional=True,
        kind="free",
        lecture="003:401",
        help="epochs between weight histograms in TensorBoard; null: 10 in a single run, none in a sweep; 0 = none",
    )
    percentiles: bool = switch(
        False,
        kind="column",
        lecture="001:571, 003:1084",
        help="record each epoch, and draw at the end, the percentiles 15, 50 and 85 of what enters the activation of "
        "the last unit of each hidden layer, on fixed training examples (Ioffe & Szegedy 2015, figure 1)",
    )
    progress: bool = switch(True, kind="free", help="show the progress bar")

    def begins(self, epochs: int, steps: int | None) -> Iterator[Begins]:
        """The first step that is logged."""
        if steps and self.log_every_steps:
            yield Begins("log_every_steps", -(-self.log_every_steps // steps), "the first step logged", only_then=False)
        if self.easy(0) < 1:
            yield Begins("curriculum_epochs", self.curriculum_epochs + 1, "drawing from all examples", only_then=False)

    def easy(self, made: int) -> float:
        """The share of the examples, the easiest, that the epoch after so many draws from."""
        if self.curriculum == NO_CURRICULUM or made >= self.curriculum_epochs:
            return 1.0
        return self.curriculum_start + (1 - self.curriculum_start) * made / self.curriculum_epochs


@register("early_stopping", "default", lecture="001:835, 003:809")
@dataclass
class EarlyStopping:
    """Stop when `monitor` has not improved by more than `min_delta` for `patience` epochs (Prechelt 1998)

    The untrained network is epoch 0. Epochs before `warmup` are recorded but not watched: they count neither as best
    nor towards patience. A run that ends before it keeps its last epoch.

    `then` puts the validation rows to use afterwards (Goodfellow et al. 2016, section 7.8). retrain, algorithm 7.2: the
    network begins anew and trains on training and validation rows, for as many steps as led to the best epoch.
    continue, algorithm 7.3: the kept network trains on, on all these rows, until the loss on the validation rows is no
    larger than that on the training rows was. The rule's state begins anew; a step has the rate that the same step
    would have had. val/* of the run stay those of the first phase, as validation rows train in the second.
    """

    monitor: str = choice(
        "val/loss",
        group="metric",
        prefixes=("val/", "train/"),
        kind="column",
        between=True,
        help="the metric that is watched; of one of several targets val/TARGET/METRIC",
    )
    mode: str = choice("auto", "auto", "min", "max", kind="column", help="auto: max if larger is better, else min")
    patience: int | None = integer(
        10, ge=0, optional=True, kind="column", help="epochs without improvement; null = never stop", lecture="003:819"
    )
    min_delta: float = number(0.0, ge=0, help="smaller improvements do not count")
    warmup: int = integer(0, ge=0, kind="column", help="epochs of training before the metric is watched")
    restore_best: bool = switch(
        True, kind="column", help="keep the weights of the best epoch instead of the last", lecture="003:819"
    )
    every: int | None = integer(
        None,
        ge=1,
        optional=True,
        kind="column",
        help="steps between evaluations, which patience counts, and at the end; null = an epoch",
        lecture="003:819",
    )
    then: str = choice(
        "none",
        "none",
        "retrain",
        "continue",
        kind="column",
        help="a second phase on training and validation rows: retrain, anew, as many steps as to the best epoch; "
        "continue, from the kept weights, until val/loss is at most what train/loss was",
        lecture="003:835-853",
    )
    then_cap: int | None = integer(
        None,
        ge=1,
        optional=True,
        kind="column",
        help="epochs after which then=continue ends in any case, as it need not get there; null = trainer.epochs",
        lecture="003:844",
    )

    def begins(self, epochs: int, steps: int | None) -> Iterator[Begins]:
        """When epochs are watched, and when the first can be left out (of a patience that is not the default).

        Neither acts on weights.
        """
        if self.warmup and (self.patience is not None or self.restore_best):
            yield Begins("warmup", self.warmup + 1, "the first epoch that is watched", only_then=False)
        earliest = self.earliest(steps)
        if self.patience not in (None, EarlyStopping.patience) and earliest is not None:
            yield Begins("patience", earliest + 1, "the first epoch that can be left out", only_then=False)

    def earliest(self, steps: int | None) -> int | None:
        """The epoch in which a run can stop first; None if it takes to know the steps of an epoch, which are not."""
        waits = max(self.patience or 0, 1)
        if self.every is None:
            return self.warmup + waits
        return self.warmup + math.ceil(waits * self.every / steps) if steps else None

    def plain(self, epochs: int) -> EarlyStopping:
        """The simplest rule that stops every training of `epochs` where this one does."""
        earliest = self.earliest(None)
        able = self.patience is not None and (earliest is None or earliest < epochs)
        cap = self.then_cap if self.then == "continue" else None
        plain = dataclasses.replace(self, patience=self.patience if able else None, mode="auto", then_cap=cap)
        return plain if plain.maximize == self.maximize else dataclasses.replace(plain, mode=self.mode)

    @property
    def metric(self) -> str:
        """The name of the watched metric, without its split and target."""
        return self.monitor.rpartition("/")[2]

    @property
    def target(self) -> str:
        """The one of several targets of which it is; "" for what is said of all."""
        return self.monitor.partition("/")[2].rpartition("/")[0]

    @property
    def split(self) -> str:
        """The split on which it is watched."""
        return self.monitor.split("/")[0]

    @property
    def maximize(self) -> bool:
        """Whether a larger monitored value is better."""
        return self.mode == "max" or (self.mode == "auto" and metric(self.metric).maximize)
