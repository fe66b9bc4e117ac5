"""How far diabetes went on in a year: a small regression with much noise."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from runner.config.registry import register
from runner.data.sources.base import RawTable, Source

NAMES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]


@register("dataset", "diabetes", paper="Efron, Hastie, Johnstone & Tibshirani 2004")
@dataclass
class Diabetes(Source):
    """442 patients by 10 measurements, regression of the progression of diabetes after a year; bundled with
    scikit-learn.

    The numbers are those of `load_diabetes(scaled=False)`, in their units: `dataset.scaling` is fitted on the training
    split, where scikit-learn's default scales with all rows.
    """

    def read(self) -> RawTable:
        """The table; DataError if scikit-learn is not installed."""
        from runner.data.bundled import parse, read_bundled

        inputs, target = read_bundled("diabetes_data_raw.csv.gz"), read_bundled("diabetes_target.csv.gz")
        return RawTable(
            numeric_ND=parse(inputs, delimiter=None),
            target=parse(target, delimiter=None)[:, 0],
            task="regression",
            numeric_names=list(NAMES),
            sha256=hashlib.sha256(inputs + target).hexdigest(),
            target_name="progression",
        )
