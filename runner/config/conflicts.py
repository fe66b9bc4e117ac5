"""Values that are fine alone and wrong together. Each check reads a few keys and says what to change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runner.config.registry import entries, name_of
from runner.config.settings import Settings, regularizer_key


@dataclass(frozen=True)
class Conflict:
    """A sentence for the user, and the keys involved (the check is void while one of them is itself wrong)."""

    keys: tuple[str, ...]
    text: str


def conflicts(settings: Settings) -> list[Conflict]:
    """Everything in `settings` that contradicts something else in it."""
    return [conflict for check in CHECKS for conflict in check(settings)]


def splits(s: Settings) -> Iterator[Conflict]:
    """The training split keeps something."""
    val, test = s.dataset.val_fraction, s.dataset.test_fraction
    if val + test >= 1:
        yield Conflict(
            ("dataset.val_fraction", "dataset.test_fraction"),
            f"dataset.val_fraction = {val:g} and dataset.test_fraction = {test:g}: together {val + test:g}, which "
            "leaves nothing to train on; their sum must be < 1, for example 0.15 and 0.15",
        )


def targets(s: Settings) -> Iterator[Conflict]:
    """What smooths labels needs labels."""
    from runner.regularizers.base import Targets

    task, why = _task(s)
    for name, key, value in _active(s):
        if task and isinstance(s.regularizer[name], Targets) and s.regularizer[name].task != task:
            yield Conflict(
                (key, "loss", "dataset.task"),
                f"{key} = {value}: is for {s.regularizer[name].task}, but {why} is {task}; "
                f"set {key}=0 or loss=cross_entropy",
            )


def warmup(s: Settings) -> Iterator[Conflict]:
    """The warm-up ends before training does (in steps this is known only once the data are read)."""
    warm, epochs = s.scheduler.warmup, s.trainer.epochs
    if s.scheduler.unit == "epochs" and warm > epochs:
        yield Conflict(
            ("scheduler.warmup", "scheduler.unit", "trainer.epochs"),
            f"scheduler.warmup = {warm:g}: longer than the training (trainer.epochs = {epochs}); "
            f"allowed: 0 to {epochs}, for example scheduler.warmup={epochs // 10}, or raise trainer.epochs",
        )


def monitor_direction(s: Settings) -> Iterator[Conflict]:
    """Early stopping looks for the best epoch, not the worst."""
    stop = s.early_stopping
    metric = stop.monitor.split("/")[1]
    wrong = {"min": metric in ("accuracy", "r2"), "max": metric in ("loss", "rmse")}.get(stop.mode, False)
    if wrong:
        yield Conflict(
            ("early_stopping.mode", "early_stopping.monitor"),
            f"early_stopping.mode = {stop.mode}: with early_stopping.monitor = {stop.monitor} it would keep the worst "
            "epoch; set early_stopping.mode=auto",
        )


def monitor_task(s: Settings) -> Iterator[Conflict]:
    """The watched metric exists for the task."""
    task, why = _task(s)
    metric = s.early_stopping.monitor.split("/")[1]
    known = {"classification": ("loss", "accuracy"), "regression": ("loss", "rmse", "r2")}
    if task and metric not in known[task]:
        allowed = ", ".join(f"{split}/{name}" for split in ("val", "train") for name in known[task])
        yield Conflict(
            ("early_stopping.monitor", "loss", "dataset.task"),
            f"early_stopping.monitor = {s.early_stopping.monitor}: {task} ({why}) has no {metric}; allowed: {allowed}",
        )


def validation_data(s: Settings) -> Iterator[Conflict]:
    """Whoever watches val/* needs validation data."""
    watched = s.early_stopping.monitor
    if s.dataset.val_fraction > 0 or getattr(s.dataset, "split_column", None) or not watched.startswith("val/"):
        return
    train = watched.replace("val/", "train/")
    users = []
    if s.early_stopping.patience is not None:
        users.append(("early_stopping.patience", f"{s.early_stopping.patience}", "early_stopping=none"))
    if s.scheduler.reactive:
        users.append(("scheduler", name_of(s.scheduler, "scheduler"), "scheduler=constant"))
    for key, value, off in users:
        yield Conflict(
            (key, "dataset.val_fraction", "early_stopping.monitor"),
            f"{key} = {value}: watches {watched}, but dataset.val_fraction = 0 leaves no validation data; set "
            f"dataset.val_fraction=0.15, or {off}, or early_stopping.monitor={train}",
        )


def layers(s: Settings) -> Iterator[Conflict]:
    """A list of strengths has one value a layer: hidden layers for noise, all for penalties and constraints."""
    from runner.regularizers.base import Noise

    hidden = len(getattr(s.model, "hidden", []))
    for name, entry in entries("regularizer").items():
        noise = isinstance(s.regularizer[name], Noise)
        expected, what = (hidden, "hidden layers") if noise else (hidden + 1, "layers with the output")
        for key in entry.options:
            path, value = regularizer_key(entry, key), getattr(s.regularizer[name], key)
            if isinstance(value, list) and len(value) != expected:
                yield Conflict(
                    (path, "model.hidden"),
                    f"{path} = {value}: {len(value)} values, but model.hidden = {s.model.hidden} "
                    f"has {expected} {what}; give {expected} values or one number for all",
                )


def device_text(s: Settings) -> Iterator[Conflict]:
    """The device is spelled as torch spells it; whether it is there is checked where torch is imported."""
    if not re.fullmatch(r"cpu|(cuda|mps|xpu)(:\d+)?", s.trainer.device):
        yield Conflict(
            ("trainer.device",),
            f"trainer.device = {s.trainer.device}: no such device; allowed: cpu, cuda, cuda:0, cuda:1, ..., mps, xpu; "
            "`runner doctor` shows what this machine has",
        )


CHECKS: tuple[Callable[[Settings], Iterator[Conflict]], ...] = (
    splits,
    targets,
    warmup,
    monitor_direction,
    monitor_task,
    validation_data,
    layers,
    device_text,
)


def _task(s: Settings) -> tuple[str | None, str]:
    """(task, the key that says so), as far as the configuration alone tells."""
    if getattr(s.loss, "task", None):
        return s.loss.task, f"loss={name_of(s.loss, 'loss')}"
    declared = getattr(s.dataset, "task", None)
    return (declared, f"dataset.task={declared}") if declared in ("classification", "regression") else (None, "")


def _active(s: Settings) -> Iterator[tuple[str, str, str]]:
    """(regularizer, its first key, value) of every regularizer that is not at its neutral default."""
    for name, entry in entries("regularizer").items():
        for key, option in entry.options.items():
            value = getattr(s.regularizer[name], key)
            if option.preset is not None and value != entry.defaults[key]:
                yield name, regularizer_key(entry, key), str(value)
                break
