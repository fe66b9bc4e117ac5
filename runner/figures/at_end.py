"""The figures of a run that ends: into its TensorBoard events, and as PNG files into its folder if asked for.

By default only those are drawn that TensorBoard does not have as curves or histograms, since drawing takes time; with
`trainer.figures=true` all of them, and each also as figures/NAME.png. The events are replayed and the files replaced
if the run is killed meanwhile and resumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from runner.figures import of_a_run as figures
from runner.figures import of_an_ensemble
from runner.figures.of_a_run import Ended
from runner.records import disk
from runner.records.run_files import PICTURES
from runner.training.engine import Engine
from runner.training.trial import Trial

Draw = Callable[[Ended], bytes | None]  # None: nothing to draw for this run


@dataclass(frozen=True)
class Figure:
    """One kind of figure: its file's name, how it is drawn, and whether it is drawn only if all are asked for."""

    name: str
    draw: Draw
    on_demand: bool = False


FIGURES = (
    Figure("confusion", figures.confusion),
    Figure("reliability", figures.reliability),
    Figure("boundary", figures.boundary),
    Figure("fit", figures.fit),
    Figure("kept_width", figures.kept_width),
    Figure("layers", figures.layers),
    Figure("percentiles", figures.percentiles),
    Figure("learning_rate", figures.learning_rate),
    Figure("ensemble", of_an_ensemble.snapshots),
    Figure("learning_curves", figures.learning_curves, on_demand=True),
    Figure("weights", figures.weights, on_demand=True),
    Figure("features", figures.features, on_demand=True),
)


def wanted(trial: Trial) -> bool:
    """Whether a run gets figures: trainer.figures, by default (null) if it is a single one that somebody watches; never
    if it diverged.
    """
    asked = trial.settings.trainer.figures
    return trial.status != "diverged" and (trial.pictured if asked is None else asked)


def draw(trial: Trial, engine: Engine) -> None:
    """Draw what the weights that are kept have learned; `engine` holds them as its only row."""
    ended, files = Ended(trial, engine), trial.settings.trainer.figures is True
    for figure in FIGURES if files else [figure for figure in FIGURES if not figure.on_demand]:
        try:
            with np.errstate(all="ignore"):  # numbers too large for an axis are no news
                picture = figure.draw(ended)
        except Exception as error:  # noqa: BLE001 (one that cannot be drawn is no reason to lose the others)
            trial.files.log(f"no figure {figure.name}: {type(error).__name__}: {error}")
            continue
        if picture:
            trial.files.image(f"figures/{figure.name}", ended.epoch, picture)
            if files:
                disk.make_folder(trial.files.folder / PICTURES)
                disk.replace(trial.files.folder / PICTURES / f"{figure.name}.png", picture)
