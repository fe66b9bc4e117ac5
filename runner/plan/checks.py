"""The checks of a configuration made again, with its data and its machine (see `runner.config.conflicts`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from runner.config.conflicts import Known, conflicts
from runner.config.metrics import least_answers, metrics_of_target
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
    return list(dict.fromkeys([*every, *common_members(runs)]))


def common_members(runs: Sequence[Settings]) -> Iterator[str]:
    """Of ensembles whose seeds are so close that they are no two samples."""
    alike: dict[tuple[int, ...], list[Settings]] = {}
    for run in runs:
        if run.ensemble.seeds > 1 and not run.ensemble.staged:
            alike.setdefault(run.parts(), []).append(run)
    for found in alike.values():
        size, seeds = found[0].ensemble.size, sorted(run.seed for run in found)
        close = next((pair for pair in itertools.pairwise(seeds) if pair[1] - pair[0] < size), None)
        if close:
            apart = ",".join(str(seeds[0] + size * k) for k in range(len(seeds)))
            yield (
                f"seed = {close[0]},{close[1]}: ensembles of ensemble.size = {size} members that have "
                f"{size - close[1] + close[0]} in common, so that they are no two samples; seed={apart} have none"
            )


def known(settings: Settings, data: RunData) -> Known:
    """What the data, and torch where a CUDA device is asked for, say."""
    cuda = _cuda_devices() if settings.trainer.device.startswith("cuda") else None
    shape, inputs = data.image_shape or (), data.x.shape[1]
    parameters = settings.model.parameters(inputs, data.outputs)
    answers = _answers(settings, data)
    return Known(
        data.task, len(data.train), len(data.val), cuda, shape, inputs, answers, parameters, data.encoding.questions
    )


def _answers(settings: Settings, data: RunData) -> int | None:
    """Different answers in the watched split, where the watched metric needs several."""
    stop = settings.early_stopping
    if least_answers(stop.metric) < 2:
        return None
    columns = data.y[getattr(data, stop.split)].reshape(len(getattr(data, stop.split)), -1).T
    if questions := data.encoding.questions:
        asked = [
            stop.target in ("", name) and stop.metric in metrics_of_target(task) for name, task in questions.items()
        ]
        columns = columns[asked]
    return max((len(np.unique(column)) for column in columns), default=None)


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
