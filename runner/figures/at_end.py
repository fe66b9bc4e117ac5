"""The figures of a run that ends: into its TensorBoard events, and as PNG files into its folder if asked for.

By default only those are drawn that TensorBoard does not have as curves or histograms, since drawing takes time; with
`trainer.figures=true` all of them, and each also as figures/NAME.png. The events are replayed and the files replaced
if the run is killed meanwhile and resumed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from runner.figures import of_a_run as figures
from runner.figures import of_an_ensemble
from runner.figures.by_epoch import boundary_by_epoch
from runner.figures.mistakes import mistakes
from runner.figures.of_a_run import Ended, wanted
from runner.records import disk
from runner.records.run_files import PICTURES
from runner.training.engine import Engine
from runner.training.trial import Trial

__all__ = ["draw", "wanted"]
UNSAFE = re.compile(r"[^\w.-]+")  # of a target's name in that of a file
Draw = Callable[[Ended], bytes | None]  # None: nothing to draw for this run


@dataclass(frozen=True)
class Figure:
    """One kind of figure: its file's name, how it is drawn, what to see in it, whether it is drawn only if all are
    asked for, and whether each of several targets has its own.
    """

    name: str
    draw: Draw
    caption: str = ""
    on_demand: bool = False
    of_target: bool = False

    def shown(self, run: Ended) -> dict[str, Ended]:
        """File's name -> of what it is drawn."""
        heads = run.heads if self.of_target else {}
        return {f"{self.name}_{UNSAFE.sub('_', name)}": head for name, head in heads.items()} or {self.name: run}


FIGURES = (
    Figure(
        "confusion",
        figures.confusion,
        "How many examples of each true class (row) were taken for each class (column). What lies off the diagonal is "
        "wrong; the darker, the larger the share of the row.",
        of_target=True,
    ),
    Figure(
        "reliability",
        figures.reliability,
        "How often the network is right, by how sure it is. Bars below the diagonal: too sure; above: not sure enough. "
        "Below, how many examples each bar rests on; pale ones are of fewer than ten.",
        of_target=True,
    ),
    Figure(
        "boundary",
        figures.boundary,
        "What the network says all over the plane: colour is the class, its strength the confidence, lines are where "
        "the answer changes. Dots are examples.",
    ),
    Figure(
        "boundary_by_epoch",
        boundary_by_epoch,
        "How the boundary moves in the course of training: first a line, then bends, the larger steps early. Dots are "
        "examples.",
    ),
    Figure(
        "fit",
        figures.fit,
        "The network's curve through the examples, with the function they came from where it is known. A curve that "
        "follows single dots is fitted too well.",
    ),
    Figure(
        "kept_width",
        figures.kept_width,
        "How good the one network is if only the first units of each hidden layer are kept.",
    ),
    Figure(
        "layers",
        figures.layers,
        "The size of signals and gradients by layer, before and after training. A line that falls or rises steadily: "
        "they fade or explode on their way.",
    ),
    Figure(
        "percentiles",
        figures.percentiles,
        "How what enters each layer moves in the course of training. Lines that wander: the next layer has to follow.",
    ),
    Figure(
        "mistakes",
        mistakes,
        "What the network got most wrong: what it took an example for, how sure, and the truth.",
    ),
    Figure(
        "features",
        figures.features,
        "What each unit of the first layer looks for, by its number. Smooth patterns: features; noise: learned by "
        "heart, or not at all.",
    ),
    Figure(
        "learning_rate", figures.learning_rate, "The learning rate of every step: its schedule, the warm-up shaded."
    ),
    Figure(
        "ensemble",
        of_an_ensemble.snapshots,
        "What the last one, two, ... of the networks at the ends of cycles reach together. A line that goes on "
        "falling: more of them would help.",
    ),
    Figure(
        "learning_curves",
        figures.learning_curves,
        "Training dashed, validation solid; the dotted line is the epoch that is kept. Where they part, the network "
        "learns its examples by heart.",
        on_demand=True,
    ),
    Figure(
        "weights",
        figures.weights,
        "How the weights of each layer are spread. A peak at 0: a penalty holds them there.",
        on_demand=True,
    ),
)


def draw(trial: Trial, engine: Engine) -> None:
    """Draw what the weights that are kept have learned; `engine` holds them as its only row."""
    ended, files = Ended(trial, engine), trial.settings.trainer.figures is True
    asked = FIGURES if files else [figure for figure in FIGURES if not figure.on_demand]
    for name, figure, run in ((name, each, run) for each in asked for name, run in each.shown(ended).items()):
        try:
            with np.errstate(all="ignore"):  # numbers too large for an axis are no news
                picture = figure.draw(run)
        except Exception as error:  # noqa: BLE001 (one that cannot be drawn is no reason to lose the others)
            trial.files.log(f"no figure {name}: {type(error).__name__}: {error}")
            continue
        if picture:
            trial.files.image(f"figures/{name}", ended.epoch, picture, figure.caption)
            if files:
                disk.make_folder(trial.files.folder / PICTURES)
                disk.replace(trial.files.folder / PICTURES / f"{name}.png", picture)
