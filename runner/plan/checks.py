"""The checks of a configuration made again, with its data and its machine (see `runner.config.conflicts`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from runner.config.conflicts import Known, conflicts
from runner.config.metrics import least_answers
from runner.config.settings import Settings
from runner.config.warnings import warnings
from runner.training import given

if TYPE_CHECKING:
    from runner.data.prepare import RunData


def check_against_data(settings: Settings, data: RunData) -> list[str]:
    """One sentence a problem, naming the key, the value and the fix."""
    found = [conflict.text for conflict in conflicts(settings, known(settings, data))]
    return found + given.problems(settings, data.x.shape[1], data.outputs)


def cautions(runs: Sequence[Settings], data: Sequence[RunData]) -> list[str]:
    """What is allowed and probably not meant, of all runs, each sentence once."""
    every = (text for run, table in zip(runs, data, strict=True) for text in warnings(run, known(run, table)))
    return list(dict.fromkeys(every))


def known(settings: Settings, data: RunData) -> Known:
    """What the data, and torch where a CUDA device is asked for, say."""
    cuda = _cuda_devices() if settings.trainer.device.startswith("cuda") else None
    shape, inputs = data.image_shape or (), data.x.shape[1]
    parameters = settings.model.parameters(inputs, data.outputs)
    answers = _answers(settings, data)
    return Known(data.task, len(data.train), len(data.val), cuda, shape, inputs, answers, parameters)


def _answers(settings: Settings, data: RunData) -> int | None:
    """Different answers in the watched split, where the watched metric needs several."""
    stop = settings.early_stopping
    if least_answers(stop.metric) < 2:
        return None
    return max(len(np.unique(column)) for column in np.atleast_2d(data.y[getattr(data, stop.split)].T))


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
