"""What an ensemble that a run has trained reaches, against its size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runner.figures.of_a_run import Ended
from runner.records.names import plural
from runner.records.summary import SPLITS
from runner.training.combined import Sizes, on_average
from runner.training.snapshots import by_size_of, members_of

DRAWN = ("accuracy", "loss", "rmse")


def picture(sizes: Sizes, means: Mapping[str, Mapping[str, float | None]], title: str) -> bytes | None:
    """Accuracy and loss, or rmse, of validation and test against the number of members; None without either split.

    `means`: split -> metric -> of a member in the mean; none where members learn different things.
    """
    curves: dict[str, dict[str, np.ndarray]] = {}
    for metric in DRAWN:
        for split in SPLITS:
            if values := sizes.get(f"{split}/{metric}"):
                curves.setdefault(metric, {})[split] = np.array(values, np.float64)  # None is a hole
    mean = {
        metric: {split: np.nan if (value := means[split][metric]) is None else value for split in of}
        for metric, of in (curves.items() if means else ())
    }
    if not curves:
        return None
    from runner.figures.draw.ensemble import ensemble_sizes

    return ensemble_sizes(curves, mean, title=title, along="members")


def snapshots(run: Ended) -> bytes | None:
    """The same of a run that has left members on its way."""
    answers = members_of(run.trial)
    if len(answers) < 2:
        return None
    means = on_average(run.trial.settings, run.trial.data, list(answers.values()))
    title = f"{plural(len(answers), 'member')}, {run.trial.settings.ensemble.combine}"
    return picture(by_size_of(run.trial, answers), means, title)
