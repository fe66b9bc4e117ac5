"""Handwritten digits, 8x8 pixels: the default data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from runner.config.registry import register
from runner.data.sources.base import RawTable, Source


@register("dataset", "digits", paper="Alpaydin & Kaynak 1998")
@dataclass
class Digits(Source):
    """1,797 handwritten digits of 8x8 pixels (0 to 16), 10 classes; bundled with scikit-learn.

    The numbers are those of `load_digits`.
    """

    image_shape = (1, 8, 8)

    def read(self) -> RawTable:
        """The table; DataError if scikit-learn is not installed."""
        import numpy as np

        from runner.data.bundled import parse, read_bundled

        raw = read_bundled("digits.csv.gz")
        table = parse(raw)
        return RawTable(
            numeric_ND=np.ascontiguousarray(table[:, :-1]),
            target=table[:, -1].astype(np.int64),
            task="classification",
            numeric_names=[f"pixel_{row}_{column}" for row in range(8) for column in range(8)],
            sha256=hashlib.sha256(raw).hexdigest(),
            labels=[str(digit) for digit in range(10)],
            image_shape=self.image_shape,
        )
