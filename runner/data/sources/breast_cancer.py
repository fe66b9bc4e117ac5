"""Breast tumours, malignant or benign, by measurements of their cells."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.data.sources.base import RawTable, Source

MEASURES = [
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
]


@register("dataset", "breast_cancer", paper="Street, Wolberg & Mangasarian 1993")
@dataclass
class BreastCancer(Source):
    """569 tumours by 30 measurements of their cells, malignant or benign; bundled with scikit-learn.

    Ten measures, of each the mean, the standard error and the worst of an image. The numbers are those of
    `load_breast_cancer`.
    """

    def read(self) -> RawTable:
        """The table; DataError if scikit-learn is not installed."""
        from runner.data.bundled import labelled

        names = [f"mean {m}" for m in MEASURES] + [f"{m} error" for m in MEASURES] + [f"worst {m}" for m in MEASURES]
        return labelled("breast_cancer.csv", names, "diagnosis")
