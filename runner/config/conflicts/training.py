"""Conflicts of the training: lengths, metrics, early stopping and the device."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from runner.config.conflicts.base import Conflict, Known, active, task_of, tasks_of
from runner.config.engines import NATIVE, lacking, no_form
from runner.config.metrics import least_answers, metrics_of, metrics_of_target
from runner.config.registry import entries, name_of
from runner.config.settings import Settings
from runner.config.suggest import closest
from runner.config.tasks import MULTITASK

LISTED = 12  # names that a sentence lists


def warmup(s: Settings, known: Known) -> Iterator[Conflict]:
    """The warm-up ends before training does. With trainer.epochs = 0 nothing is trained, and nothing is wrong."""
    warm, unit, epochs, steps = s.scheduler.warmup, s.scheduler.unit, s.trainer.epochs, known.steps(s)
    length = epochs if unit == "epochs" else steps and epochs * steps
    if length and warm > length:
        yield Conflict(
            ("scheduler.warmup", "scheduler.unit", "trainer.epochs"),
            f"scheduler.warmup = {warm:g}: longer than the training of {length} {unit} (trainer.epochs = {epochs}); "
            f"allowed: 0 to {length}, for example scheduler.warmup={length // 10}, or raise trainer.epochs",
        )


def monitor_direction(s: Settings, known: Known) -> Iterator[Conflict]:
    """Early stopping looks for the best epoch, not the worst."""
    stop = s.early_stopping
    if stop.maximize != dataclasses.replace(stop, mode="auto").maximize:
        yield Conflict(
            ("early_stopping.mode", "early_stopping.monitor"),
            f"early_stopping.mode = {stop.mode}: with early_stopping.monitor = {stop.monitor} it would keep the worst "
            "epoch; set early_stopping.mode=auto",
        )


def monitor_task(s: Settings, known: Known) -> Iterator[Conflict]:
    """The watched metric exists for the task."""
    tasks, why = tasks_of(s, known)
    stop, names = s.early_stopping, metrics_of(*tasks)
    if tasks and stop.metric not in names:
        allowed = ", ".join(f"{split}/{name}" for split in ("val", "train") for name in names)
        yield Conflict(
            ("early_stopping.monitor", "loss", "dataset.task"),
            f"early_stopping.monitor = {stop.monitor}: {why} is {' and '.join(tasks)}, which has no {stop.metric}; "
            f"allowed: {allowed}",
        )


def monitor_target(s: Settings, known: Known) -> Iterator[Conflict]:
    """The watched target is one of several, and has the metric."""
    stop, targets = s.early_stopping, known.targets
    if not stop.target or targets is None or stop.metric not in metrics_of(*tasks_of(s, known)[0]):
        return
    allowed = {name: metrics_of_target(task) for name, task in targets.items()}
    if stop.target in allowed and stop.metric in allowed[stop.target]:
        return
    names = [f"{stop.split}/{name}/{each}" for name, metrics in allowed.items() for each in metrics]
    wrong = f"the target {stop.target!r} has no {stop.metric}"
    if stop.target not in allowed:
        near = closest(stop.target, allowed)
        wrong = f"there is no target {stop.target!r}{f', did you mean {near!r}?' if near else ''}"
    if not allowed:
        wrong = "is about one of several targets, but there is one"
    ways = f"{', '.join([f'{stop.split}/{stop.metric}', *names[:LISTED]])}{', ...' * (len(names) > LISTED)}"
    yield Conflict(("early_stopping.monitor",), f"early_stopping.monitor = {stop.monitor}: {wrong}; allowed: {ways}")


def monitor_answers(s: Settings, known: Known) -> Iterator[Conflict]:
    """The watched metric is a number: among examples with one answer there is nothing to rank, or to explain."""
    stop = s.early_stopping
    if known.answers and stop.metric in metrics_of(known.task) and known.answers < least_answers(stop.metric):
        only = "one number to predict" if known.task == "regression" else "one class"
        yield Conflict(
            ("early_stopping.monitor",),
            f"early_stopping.monitor = {stop.monitor}: these examples have only {only}, so that {stop.metric} is not "
            f"defined; set early_stopping.monitor={stop.split}/loss, or cut another split with dataset.split_seed or "
            "dataset.val_fraction",
        )


def recorded_task(s: Settings, known: Known) -> Iterator[Conflict]:
    """The metrics that are asked for exist for the task."""
    tasks, why = tasks_of(s, known)
    names = metrics_of(*tasks)
    wrong = [name for name in s.trainer.metrics if name not in names]
    if tasks and wrong:
        yield Conflict(
            ("trainer.metrics", "loss", "dataset.task"),
            f"trainer.metrics = [{', '.join(s.trainer.metrics)}]: {why} is {' and '.join(tasks)}, which has no "
            f"{' and no '.join(wrong)}; allowed: a list of {', '.join(names)}",
        )


def seen_by_metrics(s: Settings, known: Known) -> Iterator[Conflict]:
    """Metrics of hidden layers find some, and passes with dropout differ."""
    noise = any(entry.cls.role == "noise" for entry, *_ in active(s))
    lacks = []
    if not s.model.hidden:
        lacks.append(("of_hidden", "model.hidden", "hidden layers", "model.hidden=[128]"))
    if not noise:
        lacks.append(("of_noise", "regularizer.dropout", "passes with dropout", "regularizer.dropout=0.1"))
    metrics, watched, asked = entries("metric"), s.early_stopping, s.trainer.metrics
    for key, value, names in (
        ("trainer.metrics", f"[{', '.join(asked)}]", asked),
        ("early_stopping.monitor", watched.monitor, [watched.metric]),
    ):
        for flag, of, what, way in lacks:
            found = [name for name in names if name in metrics and getattr(metrics[name].cls, flag)]
            if found:
                text = f"{' and '.join(found)} is of {what}, and this run has none; set {way}, or leave it out"
                yield Conflict((key, of), f"{key} = {value}: {text}")


def validation_data(s: Settings, known: Known) -> Iterator[Conflict]:
    """Whoever watches val/* needs validation data."""
    watched = s.early_stopping.monitor
    if not _no_validation(s, known) or not watched.startswith("val/"):
        return
    users = []
    if s.early_stopping.patience is not None:
        users.append(("early_stopping.patience", f"{s.early_stopping.patience}", "early_stopping=none"))
    if s.scheduler.reactive:
        users.append(("scheduler", name_of(s.scheduler, "scheduler"), "scheduler=constant"))
    more = "dataset.val_fraction=0.15, or " if "val" in s.dataset.cuts() else ""
    for key, value, off in users:
        yield Conflict(
            (key, "dataset.val_fraction", "early_stopping.monitor"),
            f"{key} = {value}: watches {watched}, but dataset.val_fraction = 0 leaves no validation data; set "
            f"{more}{off}, or early_stopping.monitor={watched.replace('val/', 'train/')}",
        )


def _no_validation(s: Settings, known: Known) -> bool:
    if known.val is not None:
        return known.val == 0
    return s.dataset.val_fraction == 0 and "val" in s.dataset.cuts()


def second_phase(s: Settings, known: Known) -> Iterator[Conflict]:
    """A second phase follows early stopping, and has rows to add."""
    stop = s.early_stopping
    if stop.then == "none":
        return
    if stop.patience is None:
        yield Conflict(
            ("early_stopping.then", "early_stopping.patience"),
            f"early_stopping.then = {stop.then}: follows early stopping, but early_stopping.patience = null never "
            "stops; set early_stopping.patience=10, or early_stopping.then=none",
        )
    if _no_validation(s, known):
        yield Conflict(
            ("early_stopping.then", "dataset.val_fraction"),
            f"early_stopping.then = {stop.then}: trains on validation rows, of which there are none; set "
            f"{'dataset.val_fraction=0.15, or ' if 'val' in s.dataset.cuts() else ''}early_stopping.then=none",
        )


def device(s: Settings, known: Known) -> Iterator[Conflict]:
    """The device has a valid torch name and supports float64; once torch is loaded, it must exist."""
    name = s.trainer.device
    spelled = re.fullmatch(r"cpu|cuda(:(0|[1-9]\d*))?", name)
    problem = ""
    if not spelled:
        problem = "no such device; allowed: cpu, cuda, cuda:0, cuda:1, ...; `runner doctor` shows what this machine has"
    elif known.cuda == 0 and name != "cpu":
        problem = "this machine has no CUDA device that torch can use; use trainer.device=cpu"
    elif known.cuda is not None and int(spelled[2] or 0) >= max(known.cuda, 1):
        problem = f"the last CUDA device here is cuda:{known.cuda - 1}"
    if problem:
        yield Conflict(("trainer.device",), f"trainer.device = {name}: {problem}")


def compiled_forms(s: Settings, known: Known) -> Iterator[Conflict]:
    """What is to be trained by compiled code has a compiled form."""
    found = lacking(s, task_of(s, known)[0]) if s.trainer.engine == NATIVE else []
    if found:
        keys = ("trainer.engine", *dict.fromkeys(each.partition("=")[0].partition(" ")[0] for each in found))
        yield Conflict(keys, f"trainer.engine = native: {no_form(found)}; set trainer.engine=auto")


def matrix_of_parameters(s: Settings, known: Known) -> Iterator[Conflict]:
    """A solver that holds a number a pair of parameters has room for them."""
    limit, n = getattr(s.optimizer, "max_parameters", None), known.parameters
    if limit and n and n > limit:
        name, gib = name_of(s.optimizer, "optimizer"), n * n * 8 / 2**30
        size = f"{gib:,.0f}" if gib >= 10 else f"{gib:.2g}"
        yield Conflict(
            ("optimizer.max_parameters", "optimizer", "model.hidden"),
            f"optimizer.max_parameters = {limit}: {name} with {n:,} parameters needs a {n:,} x {n:,} matrix of "
            f"{size} GiB; use optimizer=lbfgs, or raise optimizer.max_parameters",
        )


def averages_twice(s: Settings, known: Known) -> Iterator[Conflict]:
    """A rule that keeps an average of its own has no other."""
    if s.optimizer.apart and s.averaging.active:
        name, rule = name_of(s.averaging, "averaging"), name_of(s.optimizer, "optimizer")
        yield Conflict(
            ("averaging", "optimizer"),
            f"averaging = {name}: optimizer = {rule} keeps an average of its own; set averaging=none, or use "
            "optimizer=adamw",
        )


def percentiles(s: Settings, known: Known) -> Iterator[Conflict]:
    """Percentiles are those of hidden layers."""
    if s.trainer.percentiles and not s.model.hidden:
        yield Conflict(
            ("trainer.percentiles", "model.hidden"),
            "trainer.percentiles = true: is about hidden layers, but model.hidden = [] has none; set "
            "trainer.percentiles=false or model.hidden=[128]",
        )


def curriculum(s: Settings, known: Known) -> Iterator[Conflict]:
    """Something says which examples are easy."""
    how, problem = s.trainer.curriculum, ""
    task, why = task_of(s, known)
    if how == "length" and not getattr(s.dataset, "text", None):
        problem = "counts the words of texts, and these data have none; set dataset.text=[COLUMN]"
    if how == "confidence" and task == "regression":
        problem = f"is about the probabilities of classes, but {why} is regression"
    if how == "confidence" and task == MULTITASK:
        problem = "is about the probabilities of one target's classes, but there are several targets"
    if problem:
        yield Conflict(
            ("trainer.curriculum", "dataset.text", "loss", "dataset.task"),
            f"trainer.curriculum = {how}: {problem}; trainer.curriculum=loss needs nothing else",
        )


CHECKS = (
    warmup,
    monitor_direction,
    monitor_task,
    monitor_target,
    monitor_answers,
    recorded_task,
    seen_by_metrics,
    validation_data,
    second_phase,
    device,
    percentiles,
    curriculum,
    compiled_forms,
    matrix_of_parameters,
    averages_twice,
)
