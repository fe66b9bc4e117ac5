"""Wrong labels on purpose: what a network learns although, or because, some labels lie (Zhang et al. 2017)."""

from __future__ import annotations

import numpy as np

from runner.config.tasks import MULTITASK
from runner.data.sources.base import RawTable, Source
from runner.data.splits.split_order import random_order
from runner.errors import ConfigError


def check_noise(table: RawTable, source: Source) -> None:
    """ConfigError for noise on labels where there are none."""
    if source.label_noise and table.task == MULTITASK:
        raise ConfigError(
            f"dataset.label_noise = {source.label_noise:g}: is about the labels of one target, but there are several; "
            "set dataset.label_noise=0 (less sure answers to all are regularizer.label_smoothing)"
        )
    if source.label_noise and table.task != "classification":
        raise ConfigError(
            f"dataset.label_noise = {source.label_noise:g}: {table.target_name!r} is a number, which has no label to "
            "replace; set dataset.label_noise=0 (noise on numbers is regularizer.target_noise)"
        )


def with_noise(codes: np.ndarray, train: np.ndarray, classes: int, share: float, seed: int) -> np.ndarray:
    """The codes [N], of which round(share n) of the n training rows became another class, each other one as likely.

    Which rows, and what they become, depends on the seed and n alone; less noise changes a part of the same rows.
    """
    changed = random_order(len(train), seed, 3)[: round(share * len(train))]
    draws = np.random.Generator(np.random.PCG64([seed, 4])).random(len(train))
    others = 1 + np.floor(draws * (classes - 1)).astype(np.int64)
    noisy = codes.copy()
    noisy[train[changed]] = (codes[train[changed]] + others[changed]) % classes
    return noisy
