"""Three kinds of iris, by the size of sepals and petals."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.data.sources.base import RawTable, Source

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


@register("dataset", "iris", paper="Fisher 1936")
@dataclass
class Iris(Source):
    """150 irises by length and width of sepal and petal, 3 species; bundled with scikit-learn.

    The numbers are those of `load_iris`, which agree with Fisher's article; the copy at UCI has two wrong rows.
    """

    def read(self) -> RawTable:
        """The table; DataError if scikit-learn is not installed."""
        from runner.data.bundled import labelled

        return labelled("iris.csv", list(NAMES), "species")
