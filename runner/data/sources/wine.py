"""Wines of three growers, by chemical analysis."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.data.sources.base import RawTable, Source

NAMES = [
    "alcohol",
    "malic_acid",
    "ash",
    "alcalinity_of_ash",
    "magnesium",
    "total_phenols",
    "flavanoids",
    "nonflavanoid_phenols",
    "proanthocyanins",
    "color_intensity",
    "hue",
    "od280/od315_of_diluted_wines",
    "proline",
]


@register("dataset", "wine", paper="Forina et al. 1988; Aeberhard, Coomans & de Vel 1992")
@dataclass
class Wine(Source):
    """178 wines by 13 chemical measurements, 3 growers; bundled with scikit-learn.

    The numbers are those of `load_wine`.
    """

    def read(self) -> RawTable:
        """The table; DataError if scikit-learn is not installed."""
        from runner.data.bundled import labelled

        return labelled("wine_data.csv", list(NAMES), "grower")
