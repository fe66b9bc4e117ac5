"""`dataset.task=autoencoder`: the answers are the inputs, as the network gets them; what a table says is not asked."""

from __future__ import annotations

import dataclasses

import numpy as np

from runner.data.encoding import Encoding
from runner.data.sources.base import RawTable
from runner.data.target_scaling import TargetScale


def without_target(table: RawTable) -> RawTable:
    """The table with an empty column as its target."""
    empty = np.full(len(table.numeric_ND), np.nan)
    return dataclasses.replace(table, target=empty, task="regression", target_name="inputs", targets=[], labels=None)


def scales_of_inputs(encoding: Encoding) -> dict[str, TargetScale]:
    """How each feature is made of the number that is read; those that are made of words, bins and so on stay."""
    numbers = zip(encoding.offset, encoding.scale, encoding.quantiles or [[]] * len(encoding.scale), strict=True)
    scales = [TargetScale(offset, scale, quantiles=quantiles) for offset, scale, quantiles in numbers]
    scales += [TargetScale()] * (encoding.width - len(scales))
    order = encoding.order or range(encoding.width)
    names = encoding.feature_names
    return {names[i]: scales[i] for i in order}
