"""Conflicts within the data set, and between it and the loss or the augmentation."""

from __future__ import annotations

from collections.abc import Iterator

from runner.config.conflicts.base import Conflict, Known, active, data_task, task_of, tasks_of
from runner.config.engines import LOSS_OF
from runner.config.registry import name_of
from runner.config.settings import Settings
from runner.config.tasks import MULTITASK


def fractions(s: Settings, known: Known) -> Iterator[Conflict]:
    """The training split keeps something. A table that may mark its own splits is judged where it is cut."""
    problem = s.dataset.overdrawn(s.dataset.cuts())
    if problem:
        yield Conflict(("dataset.val_fraction", "dataset.test_fraction"), problem)


def dataset_keys(s: Settings, known: Known) -> Iterator[Conflict]:
    """The keys of the data set agree with each other, and the rest of the run with the data once they are read."""
    with_the_rest = () if known.train is None else s.dataset.conflicts_with(s)
    for keys, text in (*s.dataset.contradictions(), *with_the_rest):
        yield Conflict(keys, text)


def loss_task(s: Settings, known: Known) -> Iterator[Conflict]:
    """The loss is for the task of the data."""
    task, why = data_task(s, known)
    wanted, name = getattr(s.loss, "task", None), name_of(s.loss, "loss")
    if task == MULTITASK and wanted:
        others = [target for target, own in (known.targets or {}).items() if own != wanted]
        if others:
            holds = "numbers" if wanted == "classification" else "classes"
            yield Conflict(
                ("loss", "dataset.task", "dataset.target"),
                f"loss = {name}: is for {wanted}, but the target {others[0]!r} is {holds}; use loss=auto, a "
                "loss for each target by its kind",
            )
    elif task and wanted and wanted != task:
        yield Conflict(
            ("loss", "dataset.task"),
            f"loss = {name}: is for {wanted}, but {why} is {task}; use loss=auto",
        )


def targets(s: Settings, known: Known) -> Iterator[Conflict]:
    """What smooths labels needs labels, what adds noise to numbers needs numbers."""
    tasks, why = tasks_of(s, known)
    for entry, option, key, value in active(s):
        if tasks and entry.cls.role == "targets" and entry.cls.task not in tasks:
            task = tasks[0]
            yield Conflict(
                (key, "loss", "dataset.task"),
                f"{key} = {value}: is for {entry.cls.task}, but {why} is {task}; set {key}={option.neutral:g}"
                + (f" or loss={LOSS_OF[entry.cls.task]}" if why.startswith("loss") else "")
                + (f"; for {task} there is {entry.cls.instead}" if entry.cls.instead else ""),
            )


def augmented_data(s: Settings, known: Known) -> Iterator[Conflict]:
    """Images are changed as images, tables as tables, signals as signals, colours where there are colours."""
    shape = s.dataset.image_shape if known.image_shape is None else known.image_shape
    for entry, option, key, value in active(s, "augmentation"):
        cls = entry.cls
        off = f"set {key}={'null' if option.optional else format(option.neutral, 'g')}"
        problem = ""
        if wrong := _another_kind(s, shape, cls.inputs):
            problem = f"{wrong} {off}"
        elif shape and cls.channels not in (None, shape[0]):
            have = "are grey" if shape[0] == 1 else f"have {shape[0]} channels"
            problem = f"changes colours, but the images of {_named(s)} {have}; {off}"
        elif s.dataset.scaling == "quantile" and cls.on_pixels and (shape or "table" not in cls.inputs):
            what = "pixels" if "image" in cls.inputs else "signals"
            problem = f"changes {what}, which dataset.scaling = quantile does not keep; set dataset.scaling=standardize"
        elif shape and (wrong := s.augmentation[entry.name].unfit(shape)):
            problem = wrong
        elif getattr(cls, "order_only", False) and s.dataset.ngrams == 1:
            problem = (
                f"changes the order of words, which dataset.ngrams = 1 does not see; set dataset.ngrams=2, or {off}"
            )
        else:
            problem = s.augmentation[entry.name].missing()
        if problem:
            yield Conflict((key, "dataset", "dataset.scaling", "dataset.ngrams"), f"{key} = {value}: {problem}")


def _another_kind(s: Settings, shape: tuple[int, ...] | None, inputs: tuple[str, ...]) -> str:
    """Why the data are none of the `inputs`, up to the key that is to be set; "" if they are, or may be."""
    kinds = {"image"} if shape else {"table"}
    kinds |= {"image"} if shape is None and not s.dataset.holds_signals() else set()
    kinds |= {"text"} if getattr(s.dataset, "text", None) else set()
    kinds |= {"signal"} if not shape and s.dataset.holds_signals() else set()
    if kinds & set(inputs):
        return ""
    holds = f"images ({'x'.join(map(str, shape))})" if shape else "a table"
    holds = f"is {holds};" if shape is not None else "holds none;"
    ways = {"signal": (" set dataset.signals=true if each row is one, or", hasattr(s.dataset, "signals") and not shape)}
    ways["text"] = (" set dataset.text=[COLUMN], or", hasattr(s.dataset, "text"))
    say = next((way for kind, (way, possible) in ways.items() if possible and kind in inputs), "")
    return f"is for {' and '.join(f'{each}s' for each in inputs)}, but {_named(s)} {holds}{say}"


def _named(s: Settings) -> str:
    return f"dataset={name_of(s.dataset, 'dataset')}"


def piecewise_numbers(s: Settings, known: Known) -> Iterator[Conflict]:
    """Bins are those of the columns of a table, and of numbers as they stand in it."""
    shape = s.dataset.image_shape if known.image_shape is None else known.image_shape
    if s.dataset.numbers != "piecewise":
        return
    if shape:
        why = f"is for tables, but {_named(s)} is images; set dataset.numbers=linear"
        yield Conflict(("dataset.numbers", "dataset"), f"dataset.numbers = piecewise: {why}")
    for entry, option, key, value in active(s, "augmentation"):
        if entry.cls.changes_numbers and not shape:
            why = f"changes numbers, but not their bins (dataset.numbers = piecewise); set {key}={option.neutral:g}"
            yield Conflict((key, "dataset.numbers"), f"{key} = {value}: {why} or dataset.numbers=linear")


def made_features(s: Settings, known: Known) -> Iterator[Conflict]:
    """Powers and products are those of the columns of a table, as they stand in it."""
    shape = s.dataset.image_shape if known.image_shape is None else known.image_shape
    keys = {"polynomial": (s.dataset.polynomial > 1, "1"), "crosses": (bool(s.dataset.crosses), "false")}
    for key, off in ((f"dataset.{key}", off) for key, (used, off) in keys.items() if used):
        if shape:
            why = f"is for tables, but dataset={name_of(s.dataset, 'dataset')} is images; set {key}={off}"
            yield Conflict((key, "dataset"), f"{key}: {why}")
        for entry, option, other, value in active(s, "augmentation"):
            if entry.cls.changes_numbers and not shape:
                why = f"changes numbers, but not what {key} makes of them"
                yield Conflict((other, key), f"{other} = {value}: {why}; set {other}={option.neutral:g} or {key}={off}")


def randomized(s: Settings, known: Known) -> Iterator[Conflict]:
    """Labels are those of classes; what is done to pixels needs images."""
    task, why = task_of(s, known)
    labels, inputs = s.dataset.labels, s.dataset.inputs
    shape = s.dataset.image_shape if known.image_shape is None else known.image_shape
    if labels != "given" and task in ("regression", MULTITASK):
        lacks = "has several targets" if task == MULTITASK else "is regression, which has no labels"
        text = f"dataset.labels = {labels}: {why} {lacks}; set dataset.labels=given"
        yield Conflict(("dataset.labels", "loss", "dataset.task"), text)
    if inputs != "given" and shape == ():
        data = f"dataset={name_of(s.dataset, 'dataset')}"
        text = f"dataset.inputs = {inputs}: is for images, but {data} is a table; set dataset.inputs=given"
        yield Conflict(("dataset.inputs", "dataset"), text)


CHECKS = (fractions, dataset_keys, loss_task, targets, augmented_data, piecewise_numbers, made_features, randomized)
