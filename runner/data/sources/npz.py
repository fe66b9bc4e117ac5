"""A data set of your own as numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.registry import choice, register, switch, text
from runner.data.sources.base import AUTOENCODER, RawTable, Source
from runner.errors import DataError

if TYPE_CHECKING:
    import numpy as np


@register("dataset", "npz", lecture="003:169")
@dataclass
class NPZ(Source):
    """Arrays x [rows, columns] or images, and y [rows], from a .npz file (np.savez): dataset.path=FILE.

    Several targets are y [rows, targets]. Images are [N, H, W], [N, C, H, W] or [N, H, W, C]; scaling "none"
    divides those of 8 bits by 255. Instead of x and y there may be x_train, y_train, x_test, y_test (and x_val, y_val),
    which are then the splits; parts that are lacking are cut from train. Pickled objects are never read.
    """

    image_shape = None

    path: str | None = text(None, optional=True, file=True, help="the .npz file")
    task: str = choice(
        "auto",
        "auto",
        "classification",
        "regression",
        AUTOENCODER,
        help="auto: whole numbers, true/false and text in y are classes, fractions (floats) are numbers",
    )
    signals: bool = switch(
        False, help="each row of x is a signal, such as a sound: its columns are values one after the other in time"
    )

    def holds_signals(self) -> bool:
        """As the key says."""
        return self.signals

    def cuts(self) -> tuple[str, ...]:
        """None for certain: the file may have any of them."""
        return ()

    def read(self) -> RawTable:
        """The table. ConfigError or DataError naming file and array for everything that cannot be trained on."""
        import numpy as np

        from runner.data.arrays import WHOLE, features, joined, pairs, read_npz
        from runner.data.files import data_path

        path = data_path(self.path)
        arrays, sha256 = read_npz(path)
        parts = pairs(arrays, path, targets=self.task != AUTOENCODER)
        x, y = joined(parts, path)
        numeric, shape = features(x, f"{path}: x")
        if self.signals and shape:
            raise DataError(
                f"{path}: x holds images {'x'.join(map(str, shape))}, but dataset.signals = true; save signals as "
                "[rows, times], or set dataset.signals=false"
            )
        names = ["y"] if y.ndim == 1 else [f"y{j + 1}" for j in range(y.shape[1])]
        target, notes = self._target(y, names)
        rows = target.rows if len(target.rows) < len(y) else slice(None)
        return RawTable(
            numeric_ND=numeric[rows],
            target=target.values,
            task=target.task,
            numeric_names=[f"{'pixel' if shape else 'x'}{i + 1}" for i in range(numeric.shape[1])],
            sha256=sha256,
            target_name=", ".join(names),
            targets=names if len(names) > 1 else [],
            labels=target.labels,
            labels_of=target.labels_of,
            split=np.repeat(np.array(list(parts), object), [len(x) for x, _ in parts.values()])[rows]
            if WHOLE not in parts
            else None,
            image_shape=shape,
            divisor=255.0 if shape and numeric.dtype == np.uint8 else 1.0,
            notes=[*notes, *_notes(x, numeric[rows], shape)],
        )

    def _target(self, y: np.ndarray, names: list[str]):
        """(target, what was inferred)."""
        import numpy as np
        import pandas as pd

        from runner.data.reading.columns import Column
        from runner.data.roles.several_targets import read_targets
        from runner.data.roles.targets import Target

        if self.task == AUTOENCODER:
            return Target(y, "regression", None, [], np.arange(len(y))), []
        inferred = "regression" if y.dtype.kind == "f" else "classification"
        task = inferred if self.task == "auto" else self.task
        if len(names) > 1 and self.task == "auto" and y.dtype.kind not in "US" and _is_one_hot(y):
            raise DataError(
                f"{self.path}: y has the shape {list(y.shape)}, with a single 1 in each row; of one-hot rows save "
                "y.argmax(axis=1), of several classes set dataset.task=classification, of numbers "
                "dataset.task=regression"
            )
        columns = y.reshape(len(y), -1).T
        target = read_targets([Column(name, pd.Series(each)) for name, each in zip(names, columns, strict=True)], task)
        other = "classification" if inferred == "regression" else "regression"
        why = f" (its type is {y.dtype}; else set dataset.task={other})" if self.task == "auto" else ""
        return target, [target.notes[0] + why, *target.notes[1:]]


def _is_one_hot(y: np.ndarray) -> bool:
    """Whether each row is 1 in one column and 0 in all others."""
    return bool((((y == 0) | (y == 1)).all(axis=1) & (y.sum(axis=1) == 1)).all())


def _notes(x: np.ndarray, numeric: np.ndarray, shape: tuple[int, ...] | None) -> list[str]:
    import numpy as np

    notes = [
        f"x: {x.dtype}" + (", channels moved to the front" if shape and x.ndim == 4 and x.shape[1:] != shape else "")
    ]
    holes = int(np.isnan(numeric).sum()) if numeric.dtype.kind == "f" else 0
    return notes + ([f"missing values: {holes:,} (median of the training split)"] if holes else [])
