"""MNIST-1D: ten digits as signals of 40 numbers, moved, scaled, sheared and noisy; small, yet it tells models apart."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Any

from runner.config.registry import integer, register
from runner.data.sources.base import RawTable, Source
from runner.errors import DataError

CLASSES = 10


@register("dataset", "mnist1d", paper="Greydanus & Kobak 2024")
@dataclass
class MNIST1D(Source):
    """Ten templates of 12 points, padded, moved, scaled, sheared, with noise: 40 numbers a signal, 10 classes, 4,000
    training and 1,000 test signals.

    Made by `make_dataset` of the package mnist1d (the extra mnist1d), nothing is fetched; n=5000 and data_seed=42 are
    its defaults. The last fifth is the test split, validation is cut from the rest. A linear model reaches 0.32
    accuracy, a multilayer perceptron 0.68, a convolutional network 0.94 (the package's README).
    """

    brings = ("test",)

    n: int = integer(5000, ge=50, kind="index", help="number of signals, a multiple of 10; four fifths to train on")
    data_seed: int = integer(42, ge=0, lt=2**32, kind="index", luck="draw of the data", help="which signals are drawn")

    def holds_signals(self) -> bool:
        """Each example is one."""
        return True

    def contradictions(self):
        """There are as many signals of each digit."""
        yield from super().contradictions()
        if self.n % CLASSES:
            yield (
                ("dataset.n",),
                f"dataset.n = {self.n}: there are as many signals of each of the {CLASSES} digits, so n must be a "
                f"multiple of {CLASSES}; for example dataset.n={self.n - self.n % CLASSES}",
            )

    def read(self) -> RawTable:
        """The table; DataError if the package is missing."""
        import numpy as np

        made = _make(self.n, self.data_seed)
        x = np.concatenate([made["x"], made["x_test"]])
        target = np.concatenate([made["y"], made["y_test"]]).astype(np.int64)
        return RawTable(
            numeric_ND=x,
            target=target,
            task="classification",
            numeric_names=[f"t{i + 1}" for i in range(x.shape[1])],
            sha256=hashlib.sha256(x.tobytes() + target.tobytes()).hexdigest(),
            target_name="digit",
            labels=[str(digit) for digit in range(CLASSES)],
            split=np.repeat(np.array(["train", "test"], object), [len(made["y"]), len(made["y_test"])]),
        )


def _make(n: int, seed: int) -> dict[str, Any]:
    """What the package generates. It seeds the generators of Python and numpy, which are put back."""
    import numpy as np

    try:
        from mnist1d.data import get_dataset_args, make_dataset
    except ImportError as error:
        raise DataError(
            f"dataset=mnist1d needs the package mnist1d ({error}). It is the extra mnist1d: in the project's folder "
            'pip install -e ".[mnist1d]", elsewhere pip install mnist1d'
        ) from error
    args = get_dataset_args()
    args.num_samples, args.seed = n, seed
    before = random.getstate(), np.random.get_state()
    try:
        return make_dataset(args)
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
