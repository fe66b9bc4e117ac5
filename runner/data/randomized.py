"""Labels and images that hold nothing to be learned, yet can be fitted: Zhang et al. 2017, section 2.

Which numbers are drawn depends on `dataset.split_seed`, as the split does. Shapes: N rows, C classes.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from runner.data.sources.base import GIVEN, RawTable, Source
from runner.data.splits.split_order import random_order


def with_labels(codes: np.ndarray, train: np.ndarray, classes: int, source: Source) -> np.ndarray:
    """The codes [N], those of the training rows replaced: random, each class as likely, also the right one; shuffled, a
    permutation of them, so that as many rows as before have each class. Other rows keep theirs.
    """
    found = codes.copy()
    if source.labels == "shuffled":
        found[train] = codes[train][random_order(len(train), source.split_seed, 5)]
    else:
        draws = np.random.Generator(np.random.PCG64([source.split_seed, 6])).integers(classes, size=len(codes))
        found[train] = draws[train]
    return found


def with_inputs(table: RawTable, source: Source) -> RawTable:
    """The table of all splits with other images: random_pixels, the pixels of each in an order of its own; noise,
    normal numbers with the mean and standard deviation of all pixels.
    """
    if not table.image_shape or source.inputs not in ("random_pixels", "noise"):
        return table
    random = np.random.Generator(np.random.PCG64([source.split_seed, 7]))
    pixels = table.numeric_ND
    if source.inputs == "random_pixels":
        changed = random.permuted(pixels, axis=1)
    else:
        changed = random.standard_normal(pixels.shape, np.float32) * np.float32(pixels.std()) + pixels.mean(dtype=float)
    return dataclasses.replace(table, numeric_ND=changed)


def pixel_order(table: RawTable, source: Source) -> list[int]:
    """The order in which the pixels of every image enter with inputs=shuffled_pixels; [] as they are."""
    if not table.image_shape or source.inputs != "shuffled_pixels":
        return []
    return random_order(table.numeric_ND.shape[1], source.split_seed, 8).tolist()


def randomized_notes(source: Source, rows: int) -> list[str]:
    """What was done to labels and images, in words."""
    labels = {
        "random": f"labels: those of the {rows:,} training rows are drawn at random; validation and test have theirs",
        "shuffled": f"labels: those of the {rows:,} training rows are shuffled; validation and test have theirs",
    }
    inputs = {
        "shuffled_pixels": "inputs: the pixels of all images are in one random order, those to predict too",
        "random_pixels": "inputs: the pixels of each image are in a random order of its own (those to predict are not)",
        "noise": "inputs: each image is replaced by noise of the same mean and deviation (those to predict are not)",
    }
    return [notes[key] for notes, key in ((labels, source.labels), (inputs, source.inputs)) if key != GIVEN]
