"""Tables that lie inside scikit-learn, read without importing it, which takes 2 s."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from runner.data.sources.base import RawTable
from runner.errors import DataError


def read_bundled(name: str) -> bytes:
    """The content of a file in scikit-learn's folder of data, unpacked; DataError if scikit-learn is not installed."""
    spec = importlib.util.find_spec("sklearn")
    places = (spec.submodule_search_locations if spec else None) or []
    found = [path for place in places if (path := Path(place) / "datasets" / "data" / name).is_file()]
    if not found:
        raise DataError(
            f"this data set is the file {name} inside scikit-learn, which is not installed here. Install scikit-learn."
        )
    raw = found[0].read_bytes()
    return gzip.decompress(raw) if name.endswith(".gz") else raw


def parse(raw: bytes, delimiter: str | None = ",", header: int = 0) -> np.ndarray:
    """The numbers [N, columns] below `header` lines, float64; delimiter None: white space."""
    return np.loadtxt(raw.decode("utf-8").splitlines(), delimiter=delimiter, skiprows=header, ndmin=2)


def labelled(file: str, names: list[str], target: str) -> RawTable:
    """The classification table in a CSV file whose first line is "N, features, labels..." and last column the code."""
    raw = read_bundled(file)
    table = parse(raw, header=1)
    return RawTable(
        numeric_ND=np.ascontiguousarray(table[:, :-1]),
        target=table[:, -1].astype(np.int64),
        task="classification",
        numeric_names=names,
        sha256=hashlib.sha256(raw).hexdigest(),
        target_name=target,
        labels=raw.decode("utf-8").splitlines()[0].split(",")[2:],
    )
