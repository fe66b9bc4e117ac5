"""How the answer of a network moves over a plane of two inputs while it trains: a small picture after epoch 0, 1, 2, 5,
10, ..., and all of them side by side at the end.

The pictures lie in the run's TensorBoard events, where a slider goes through them; a run that is resumed finds them
there again.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import numpy as np

from runner.figures.of_a_run import Ended, wanted
from runner.figures.outputs import outputs
from runner.records import crc
from runner.records.run_folder import EVENTS
from runner.training.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.training.engine import Engine

TAG = "by_epoch/boundary"
GRID = 120  # points along each side
ABOUT = "What the network says all over the plane after this epoch: colour is the class, strength the confidence."


def due(trial: Trial) -> bool:
    """Whether the epoch that was recorded last is one of those with a picture: 0, 1, 2, 5, 10, 20, 50, ..."""
    epoch = trial.last["epoch"]
    if trial.phase != 1 or epoch != int(epoch) or trial.member:
        return False
    return epoch == 0 or epoch / 10 ** math.floor(math.log10(epoch)) in (1, 2, 5)


def draw_epoch(trial: Trial, alone: Callable[[], Engine]) -> None:
    """The plane after an epoch, into TensorBoard; `alone` makes an engine whose only row is the run's."""
    if not (due(trial) and wanted(trial) and is_plane(trial)):
        return
    from matplotlib.image import imsave

    from runner.figures.draw.boundary import limits, pixels

    code, (left, right, low, high) = trial.data.encoding, limits(_examples(trial)[0])
    across, up = np.meshgrid(np.linspace(left, right, GRID), np.linspace(low, high, GRID))
    answer = outputs(alone(), code.encode(np.stack([across.ravel(), up.ravel()], axis=1), {}))
    picture = io.BytesIO()
    imsave(picture, pixels(answer, GRID)[::-1], format="png")
    trial.files.image(TAG, int(trial.last["epoch"]), picture.getvalue(), ABOUT)


def boundary_by_epoch(run: Ended) -> bytes | None:
    """All pictures side by side, with the examples; None if there are not two."""
    if not is_plane(run.trial):
        return None
    run.trial.files.flush()
    found = {step: png for step, png in _pictures(run.trial) if step <= run.trial.last["epoch"]}
    if len(found) < 2:
        return None
    from matplotlib.image import imread

    from runner.figures.draw.boundary import limits
    from runner.figures.draw.epochs import planes_by_epoch

    images = {step: imread(io.BytesIO(png))[::-1, :, :3] for step, png in sorted(found.items())}
    x, y = _examples(run.trial)
    names, title = run.data.encoding.feature_names, f"Decision boundary over the epochs (kept: {run.epoch})"
    return planes_by_epoch(images, x, y, limits(x), names=names, title=title)


def is_plane(trial: Trial) -> bool:
    """Whether there are two inputs, both numbers, and one answer in classes."""
    code, data = trial.data.encoding, trial.data
    return data.task == "classification" and data.x.shape[1] == 2 == len(code.numeric) and not data.heads


def _examples(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Those that are shown, in the units of the table: (x [n, 2], class codes [n])."""
    data = trial.data
    rows = next(rows for rows in (data.val, data.test, data.train) if len(rows))
    return data.encoding.original(data.x[rows]), data.y[rows]


def _pictures(trial: Trial) -> list[tuple[int, bytes]]:
    """(epoch, PNG) of each picture in the run's events."""
    from tensorboard.compat.proto.event_pb2 import Event

    records = crc.contents((trial.files.folder / EVENTS).read_bytes())
    found = [Event.FromString(record) for record in records if TAG.encode() in record]
    return [(event.step, value.tensor.string_val[2]) for event in found for value in event.summary.value]
