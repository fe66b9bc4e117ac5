"""Handwritten digits, 8x8 pixels: the default data set."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from runner.config.registry import register
from runner.data.sources.base import RawTable, Source
from runner.errors import DataError


@register("dataset", "digits", paper="Alpaydin & Kaynak 1998")
@dataclass
class Digits(Source):
    """1,797 handwritten digits of 8x8 pixels (0 to 16), 10 classes; bundled with scikit-learn.

    The file inside scikit-learn is read without importing it, which takes 2 s: the numbers are those of `load_digits`.
    """

    def read(self) -> RawTable:
        """The table; DataError if scikit-learn is not installed."""
        import numpy as np

        raw = gzip.decompress(_bundled_file("digits.csv.gz").read_bytes())
        table = np.loadtxt(raw.decode("ascii").splitlines(), delimiter=",")
        return RawTable(
            numeric_ND=np.ascontiguousarray(table[:, :-1]),
            target=table[:, -1].astype(np.int64),
            task="classification",
            numeric_names=[f"pixel_{row}_{column}" for row in range(8) for column in range(8)],
            sha256=hashlib.sha256(raw).hexdigest(),
            labels=[str(digit) for digit in range(10)],
            image_shape=(1, 8, 8),
        )


def _bundled_file(name: str) -> Path:
    spec = importlib.util.find_spec("sklearn")
    found = [
        Path(place) / "datasets" / "data" / name for place in (spec.submodule_search_locations if spec else None) or []
    ]
    if not found or not found[0].is_file():
        raise DataError(
            f"dataset=digits reads {name} from scikit-learn, which is not installed here. Install scikit-learn."
        )
    return found[0]
