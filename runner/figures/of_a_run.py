"""Each figure of a run that ends: what it shows, computed from the run; None where there is nothing to show."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from runner.config.conflicts.base import active
from runner.figures.outputs import outputs
from runner.population.arrays import as_array
from runner.population.links import probabilities
from runner.records.read import curve
from runner.training.engine import Engine
from runner.training.percentiles import PERCENTILES, names
from runner.training.trial import Trial

if TYPE_CHECKING:
    import pandas

    from runner.optimizers.schedules.base import Schedule
    from runner.training.noisy_passes import NoisyPasses

PASSES = 100  # with dropout on
WIDTHS = 33  # at which a network is cut


class Ended:
    """A run at its end: the trial, an engine whose only row holds the weights that are kept, and what several figures
    need. The examples shown are those of the validation split, or of the test or training split if there is none.
    """

    def __init__(self, trial: Trial, engine: Engine):
        self.trial, self.engine = trial, engine
        self.data = trial.data
        self.epoch = int(trial.kept["epoch"])
        self.split = next(s for s in ("val", "test", "train") if len(getattr(self.data, s)))
        self.rows = getattr(self.data, self.split)
        self.classes = self.data.task == "classification"
        self.several = bool(self.data.encoding.targets)  # numbers are predicted, or the inputs

    @cached_property
    def answers(self) -> np.ndarray:
        """Class probabilities [n, C] or scaled numbers [n] for the examples shown."""
        return outputs(self.engine, self.data.x[self.rows])

    @cached_property
    def curves(self) -> pandas.DataFrame:
        """metrics.csv as a data frame."""
        import pandas

        self.trial.files.flush()
        return pandas.DataFrame(curve(self.trial.files.folder))

    def title(self, what: str) -> str:
        """What is shown, of which examples, when."""
        names = {"val": "validation", "test": "test", "train": "training"}
        return f"{what} ({names[self.split]}, {len(self.rows):,} examples, epoch {self.epoch})"

    @cached_property
    def heads(self) -> dict[str, Ended]:
        """Name -> the same for each of several targets of which some are classes; none in all other cases."""
        names = self.data.encoding.told_apart if self.data.heads else []
        return {name: OfHead(self, place, name) for place, name in enumerate(names)}


class OfHead(Ended):
    """A run at its end as if one of its several targets were the only one."""

    def __init__(self, whole: Ended, place: int, name: str):
        super().__init__(whole.trial, whole.engine)
        self.whole, self.name, self.columns = whole, name, whole.data.encoding.heads[place].columns
        self.data = whole.data.heads[place]
        self.classes, self.several = self.data.task == "classification", False

    @cached_property
    def answers(self) -> np.ndarray:
        """Class probabilities [n, C] or scaled numbers [n]."""
        own = self.whole.answers[:, self.columns]
        return probabilities(own, self.engine.loss.link) if self.classes else own[:, 0]

    def title(self, what: str) -> str:
        """As of one target, with its name."""
        return super().title(f"{what} of {self.name}")


def wanted(trial: Trial) -> bool:
    """Whether a run gets figures: trainer.figures, by default (null) if it is a single one that somebody watches; never
    if it diverged.
    """
    asked = trial.settings.trainer.figures
    return trial.status != "diverged" and (trial.pictured if asked is None else asked)


def confusion(run: Ended) -> bytes | None:
    """Which class is taken for which."""
    if not run.classes:
        return None
    from runner.figures.draw import confusion_matrix

    counts = np.zeros((run.data.outputs, run.data.outputs), dtype=np.int64)
    np.add.at(counts, (run.data.y[run.rows], run.answers.argmax(1)), 1)
    return confusion_matrix(counts, run.data.labels, title=run.title("Confusion"))


def reliability(run: Ended) -> bytes | None:
    """Whether the network is as often right as it says."""
    if not run.classes:
        return None
    from runner.figures.calibration import calibration
    from runner.figures.draw import reliability_diagram

    return reliability_diagram(calibration(run.answers, run.data.y[run.rows]), title=run.title("Reliability"))


def boundary(run: Ended) -> bytes | None:
    """With two numeric inputs: what the network says all over the plane, in original units."""
    code = run.data.encoding
    if run.several or run.data.x.shape[1] != 2 or len(code.numeric) != 2:
        return None
    from runner.figures.draw import decision_boundary

    def predict(points: np.ndarray) -> np.ndarray:
        answer = outputs(run.engine, code.encode(points, {}))
        return answer if run.classes else code.decode(answer)

    return decision_boundary(
        predict,
        code.original(run.data.x[run.rows]),
        run.data.y[run.rows] if run.classes else run.data.targets(run.rows),
        labels=run.data.labels,
        names=code.feature_names,
        target=code.target,
        title=run.title("Decision boundary" if run.classes else "Prediction"),
    )


def fit(run: Ended) -> bytes | None:
    """Regression with one numeric input: examples, prediction and, if the data set knows it, the true function."""
    code = run.data.encoding
    if run.classes or run.several or run.data.x.shape[1] != 1 or len(code.numeric) != 1:
        return None
    from runner.figures.draw import regression_fit

    def band(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the answers with dropout on."""
        answers = noisy(run).outputs(code.encode(x[:, None], {}).astype(run.engine.dtype), PASSES)
        answers = np.stack([code.decode(each) for each in answers])
        return answers.mean(0), answers.std(0)

    return regression_fit(
        lambda x: code.decode(outputs(run.engine, code.encode(x[:, None], {}))),
        {s: (code.original(run.data.x[rows])[:, 0], run.data.targets(rows)) for s, rows in _splits(run).items()},
        truth=getattr(run.trial.settings.dataset, "truth", None),
        band=band if any(entry.cls.role == "noise" for entry, *_ in active(run.trial.settings)) else None,
        names=(code.feature_names[0], code.target),
        title=f"Fit (epoch {run.epoch})",
    )


def noisy(run: Ended) -> NoisyPasses:
    """The network that is kept, with the noise of its training."""
    from runner.training.noisy_passes import NoisyPasses

    engine = run.engine
    return NoisyPasses(run.trial.settings, engine.architecture, engine.dtype, engine.theta[0], engine.buffers[0])


def kept_width(run: Ended) -> bytes | None:
    """With structural dropout: how good the network is if only the first units of its hidden layers are kept."""
    strength = run.trial.settings.value("regularizer.structural_dropout")
    if run.data.heads or not (any(strength) if isinstance(strength, list) else strength):
        return None
    from runner.figures.draw import value_by_width

    network, x = noisy(run), run.data.x[run.rows].astype(run.engine.dtype)
    widest = max(run.engine.layout.widths[1:-1])
    kept = np.unique(np.linspace(1, widest, min(widest, WIDTHS)).astype(int))
    values = [_how_good(run, network.cut(x, k / widest)) for k in kept]
    return value_by_width(kept, np.array(values), "accuracy" if run.classes else "r2", title=run.title("One network"))


def _how_good(run: Ended, outputs: np.ndarray) -> float:
    """Accuracy, or the share of the variance that is predicted."""
    answers = run.data.y[run.rows]
    if run.classes:
        return float((outputs.argmax(1) == answers).mean())
    errors = np.square(outputs - answers.reshape(outputs.shape)).sum()
    return float(1 - errors / np.square(answers - answers.mean(0)).sum())


def layers(run: Ended) -> bytes | None:
    """Size of activations and gradients by layer, at the initial and at the kept weights, where there are several."""
    if len(run.trial.settings.model.hidden) < 2:
        return None
    from runner.figures.draw import rms_by_layer
    from runner.figures.layer_rms import at_initial_weights, layer_rms

    found = {"initial": layer_rms(at_initial_weights(run.engine)), "kept": layer_rms(run.engine)}
    return rms_by_layer(found, title=f"Signals through the layers (kept: epoch {run.epoch})")


def percentiles(run: Ended) -> bytes | None:
    """How what enters each hidden layer was spread in the course of training, where it was recorded."""
    hidden = len(run.trial.settings.model.hidden)
    if not run.trial.settings.trainer.percentiles:
        return None
    from runner.figures.draw import percentiles_by_step as draw

    columns = run.curves[names(hidden)].to_numpy(dtype=np.float64).reshape(-1, hidden, len(PERCENTILES))
    norm = run.trial.settings.model.norm
    return draw(
        run.curves["step"].to_numpy(), columns, PERCENTILES, title=f"What enters the last unit of layers (norm: {norm})"
    )


def learning_rate(run: Ended) -> bytes | None:
    """The rate of every step that was made: the schedule's, times what a plateau made of it, as metrics.csv tells."""
    settings, steps = run.trial.settings, run.engine.steps
    epochs = int(run.trial.last["epoch"])
    if not epochs or _constant(settings.scheduler):
        return None
    from runner.figures.draw import learning_rate as draw

    schedule, total = settings.scheduler, settings.trainer.epochs
    rates = settings.optimizer.lr * np.array([schedule.factors(e, steps, total) for e in range(epochs)])
    last = run.curves["lr"].to_numpy(dtype=np.float64)[1 : epochs + 1]
    rates *= np.divide(last, rates[:, -1], out=np.ones(epochs), where=rates[:, -1] != 0)[:, None]
    warmup = schedule.warmup_steps(steps)
    return draw(np.arange(rates.size), rates.ravel(), steps, warmup=warmup, title="Learning rate")


def learning_curves(run: Ended) -> bytes:
    """Training and validation loss, and accuracy or R2, by epoch."""
    from runner.figures.draw import learning_curves as draw

    found = {
        metric: {
            split: run.curves[f"{split}/{metric}"].to_numpy(dtype=np.float64)
            for split in ("train", "val")
            if f"{split}/{metric}" in run.curves
        }
        for metric in ("loss", "accuracy" if run.classes else "r2")
    }
    drawn = {metric: by_split for metric, by_split in found.items() if by_split}
    return draw(run.curves["epoch"].to_numpy(), drawn, run.epoch, title="Learning curves")


def weights(run: Ended) -> bytes:
    """How the weights of each layer are spread."""
    from runner.figures.draw import weight_histograms

    slots = run.engine.layout.weight_slots
    found = {f"layer {slot.layer + 1}": as_array(slot.true(run.engine.theta)[0]) for slot in slots}
    return weight_histograms(found, title=f"Weights by layer (epoch {run.epoch})")


def features(run: Ended) -> bytes | None:
    """Of images and signals: what each unit of the first layer looks for. Units that do the same work look alike."""
    shape = run.data.image_shape
    if not shape and not run.trial.settings.dataset.holds_signals():
        return None
    from runner.figures.draw import unit_images

    weight = as_array(run.engine.layout.weight_slots[0].true(run.engine.theta)[0])
    of = "units" if run.trial.settings.model.hidden else "classes" if run.classes else "outputs"
    return unit_images(weight, shape, title=f"Weights of the first layer's {of} (epoch {run.epoch})")


def _splits(run: Ended) -> dict[str, np.ndarray]:
    return {split: getattr(run.data, split) for split in ("train", "val", "test")}


def _constant(schedule: Schedule) -> bool:
    """Nothing to see that a curve by epoch would not show."""
    from runner.config.registry import name_of

    return name_of(schedule, "scheduler") == "constant" and not schedule.warmup
