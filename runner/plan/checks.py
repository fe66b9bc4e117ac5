"""Problems of a configuration that only show beside its data."""

from __future__ import annotations

from typing import Any

from runner.config.registry import entries, name_of
from runner.config.settings import Settings, regularizer_key
from runner.population.pieces.base import Loss
from runner.regularizers.base import Targets


def check_against_data(settings: Settings, data: Any) -> list[str]:
    """One sentence a problem, naming the key, the value and the fix."""
    return [p for check in (_last_batch, _task, _device, _monitor, _warmup) for p in check(settings, data)]


def steps(settings: Settings, data: Any) -> int:
    """Steps an epoch."""
    batch = min(settings.trainer.batch_size, len(data.train))
    return len(data.train) // batch if settings.trainer.drop_last else -(-len(data.train) // batch)


def _last_batch(settings: Settings, data: Any) -> list[str]:
    norm = settings.model.norm
    if norm == "none" or not getattr(entries("norm")[norm].cls, "needs_batch", False):
        return []
    batch, n = min(settings.trainer.batch_size, len(data.train)), len(data.train)
    if batch == 1:
        return [f"trainer.batch_size={batch}: model.norm={norm} needs at least two examples a batch."]
    if n % batch == 1 and not settings.trainer.drop_last:
        return [
            f"trainer.batch_size={batch}: with {n} training examples the last batch holds one, and model.norm={norm} "
            f"has no variance there. Set trainer.drop_last=true or another batch size."
        ]
    return []


def _task(settings: Settings, data: Any) -> list[str]:
    problems = []
    if isinstance(settings.loss, Loss) and settings.loss.task != data.task:
        name = name_of(settings.loss, "loss")
        problems.append(f"loss={name} is for {settings.loss.task}, but the data is a {data.task}; use loss=auto.")
    for entry in entries("regularizer").values():
        for key, option in entry.options.items():
            path = regularizer_key(entry, key)
            unused = settings.value(path) in (None, option.neutral)
            if issubclass(entry.cls, Targets) and entry.cls.task != data.task and not unused:
                found = f"it is for {entry.cls.task}, but the data is a {data.task}"
                problems.append(f"{path}={settings.value(path)}: {found}. Set it to {option.neutral}.")
    return problems


def _monitor(settings: Settings, data: Any) -> list[str]:
    split, metric = settings.early_stopping.monitor.split("/")
    known = ("loss", "accuracy") if data.task == "classification" else ("loss", "rmse", "r2")
    if metric not in known:
        return [
            f"early_stopping.monitor={split}/{metric}: a {data.task} has {', '.join(f'{split}/{m}' for m in known)}."
        ]
    return []


def _warmup(settings: Settings, data: Any) -> list[str]:
    schedule, per_epoch = settings.scheduler, steps(settings, data)
    warm, total = schedule.warmup_steps(per_epoch), settings.trainer.epochs * per_epoch
    if settings.trainer.epochs and warm > total:
        return [
            f"scheduler.warmup={schedule.warmup:g} {schedule.unit} is {warm} steps, longer than the whole training of "
            f"{total} steps. Shorten it, or raise trainer.epochs."
        ]
    return []


def _device(settings: Settings, data: Any) -> list[str]:
    import torch

    name = settings.trainer.device
    try:
        device = torch.device(name)
    except RuntimeError:
        return [f"trainer.device={name}: not the name of a device; use cpu, cuda or cuda:N."]
    if device.type == "cuda" and not torch.cuda.is_available():
        return [f"trainer.device={name}: this machine has no CUDA device that torch can use. Use trainer.device=cpu."]
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        return [f"trainer.device={name}: there are only {torch.cuda.device_count()} CUDA devices."]
    return []
