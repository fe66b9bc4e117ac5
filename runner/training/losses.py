"""The loss that a run trains with."""

from __future__ import annotations

from typing import Any

from runner.config.engines import LOSS_OF
from runner.config.registry import entries, name_of
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.population.pieces.heads import Heads


def loss_of(settings: Settings, data: RunData) -> Any:
    """What the key `loss` says; with `auto` that of the task, and of several heads that of each."""
    if not data.heads:
        return _of_task(settings, data.task)
    losses = [_of_task(settings, head.task) for head in data.heads]
    link = next(loss.link for loss, head in zip(losses, data.heads, strict=True) if head.labels)
    return Heads(losses, [head.columns for head in data.encoding.heads], data.shares.tolist(), link)


def _of_task(settings: Settings, task: str) -> Any:
    auto = name_of(settings.loss, "loss") == "auto"
    return entries("loss")[LOSS_OF[task]].cls() if auto else settings.loss
