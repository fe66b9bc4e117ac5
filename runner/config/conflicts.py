"""Values that are fine alone and wrong together: one function a rule, asked twice.

Before the data are read, with what the configuration alone tells (`Known()`), so that every problem is reported at
once; and again beside the data (`runner.plan.checks`). A rule is silent about what it cannot know yet.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runner.config.registry import Entry, Option, entries, name_of
from runner.config.settings import Settings, flat_key

TASKS = ("classification", "regression")


@dataclass(frozen=True)
class Conflict:
    """A sentence for the user, and the keys involved (the check is void while one of them is itself wrong)."""

    keys: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Known:
    """What is known of the data and the machine; None = not yet."""

    task: str | None = None
    train: int | None = None  # examples of the training split
    val: int | None = None  # of the validation split
    cuda: int | None = None  # CUDA devices that torch can use
    image_shape: tuple[int, ...] | None = None  # (channels, height, width); () if the examples are no images

    def batch(self, s: Settings) -> int | None:
        """Examples a step."""
        return min(s.trainer.batch_size, self.train) if self.train else None

    def steps(self, s: Settings) -> int | None:
        """Steps an epoch."""
        batch = self.batch(s)
        if not self.train or not batch:
            return None
        return self.train // batch if s.trainer.drop_last else -(-self.train // batch)


def conflicts(settings: Settings, known: Known | None = None) -> list[Conflict]:
    """Everything in `settings` that contradicts something else in it, or what is known."""
    return [conflict for rule in RULES for conflict in rule(settings, known or Known())]


def fractions(s: Settings, known: Known) -> Iterator[Conflict]:
    """The training split keeps something. A table that may mark its own splits is judged where it is cut."""
    problem = s.dataset.overdrawn(s.dataset.cuts())
    if problem:
        yield Conflict(("dataset.val_fraction", "dataset.test_fraction"), problem)


def dataset_keys(s: Settings, known: Known) -> Iterator[Conflict]:
    """The keys of the data set agree with each other."""
    for keys, text in s.dataset.contradictions():
        yield Conflict(keys, text)


def loss_task(s: Settings, known: Known) -> Iterator[Conflict]:
    """The loss is for the task of the data."""
    task, why = _data_task(s, known)
    wanted = getattr(s.loss, "task", None)
    if task and wanted and wanted != task:
        yield Conflict(
            ("loss", "dataset.task"),
            f"loss = {name_of(s.loss, 'loss')}: is for {wanted}, but {why} is {task}; use loss=auto",
        )


def targets(s: Settings, known: Known) -> Iterator[Conflict]:
    """What smooths labels needs labels."""
    from runner.regularizers.base import Targets

    task, why = _task(s, known)
    for entry, option, key, value in _active(s):
        if task and issubclass(entry.cls, Targets) and entry.cls.task != task:
            yield Conflict(
                (key, "loss", "dataset.task"),
                f"{key} = {value}: is for {entry.cls.task}, but {why} is {task}; set {key}={option.neutral:g}"
                + (" or loss=cross_entropy" if why.startswith("loss") else ""),
            )


def one_proximal(s: Settings, known: Known) -> Iterator[Conflict]:
    """The proximal operator of a sum of penalties is not one after the other."""
    from runner.regularizers.base import Penalty

    found = {entry.name: key for entry, _, key, _ in _active(s) if issubclass(entry.cls, Penalty) and entry.cls.prox}
    if s.optimizer.proximal and len(found) > 1:
        yield Conflict(
            ("optimizer.proximal", *found.values()),
            f"optimizer.proximal = true: takes one penalty, not {' and '.join(found)}; L1 and L2 together are "
            "regularizer.elastic_net, or set optimizer.proximal=false",
        )


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
    task, why = _task(s, known)
    stop, names = s.early_stopping, _metrics(task)
    if task and stop.metric not in names:
        allowed = ", ".join(f"{split}/{name}" for split in ("val", "train") for name in names)
        yield Conflict(
            ("early_stopping.monitor", "loss", "dataset.task"),
            f"early_stopping.monitor = {stop.monitor}: {why} is {task}, which has no {stop.metric}; allowed: {allowed}",
        )


def recorded_task(s: Settings, known: Known) -> Iterator[Conflict]:
    """The metrics that are asked for exist for the task."""
    task, why = _task(s, known)
    names = _metrics(task)
    wrong = [name for name in s.trainer.metrics if name not in names]
    if task and wrong:
        yield Conflict(
            ("trainer.metrics", "loss", "dataset.task"),
            f"trainer.metrics = [{', '.join(s.trainer.metrics)}]: {why} is {task}, which has no "
            f"{' and no '.join(wrong)}; allowed: a list of {', '.join(names)}",
        )


def validation_data(s: Settings, known: Known) -> Iterator[Conflict]:
    """Whoever watches val/* needs validation data."""
    watched = s.early_stopping.monitor
    empty = known.val == 0 if known.val is not None else s.dataset.val_fraction == 0 and "val" in s.dataset.cuts()
    if not empty or not watched.startswith("val/"):
        return
    users = []
    if s.early_stopping.patience is not None:
        users.append(("early_stopping.patience", f"{s.early_stopping.patience}", "early_stopping=none"))
    if s.scheduler.reactive:
        users.append(("scheduler", name_of(s.scheduler, "scheduler"), "scheduler=constant"))
    for key, value, off in users:
        yield Conflict(
            (key, "dataset.val_fraction", "early_stopping.monitor"),
            f"{key} = {value}: watches {watched}, but dataset.val_fraction = 0 leaves no validation data; set "
            f"dataset.val_fraction=0.15, or {off}, or early_stopping.monitor={watched.replace('val/', 'train/')}",
        )


def layers(s: Settings, known: Known) -> Iterator[Conflict]:
    """A list of strengths has one value a layer: hidden layers for noise, all for penalties and constraints."""
    from runner.regularizers.base import Noise

    hidden = len(s.model.hidden)
    for name, entry in entries("regularizer").items():
        noise = issubclass(entry.cls, Noise)
        expected, what = (hidden, "hidden layers") if noise else (hidden + 1, "layers with the output")
        for key, option in entry.options.items():
            path, value = flat_key(entry, key), getattr(s.regularizer[name], key)
            without = noise and not hidden and option.active(value)  # what `hidden_noise` reports
            if isinstance(value, list) and len(value) != expected and not without:
                yield Conflict(
                    (path, "model.hidden"),
                    f"{path} = {value}: {len(value)} values, but model.hidden = {s.model.hidden} "
                    f"has {expected} {what}; give {expected} values or one number for all",
                )


def hidden_noise(s: Settings, known: Known) -> Iterator[Conflict]:
    """Noise on hidden layers needs one."""
    from runner.regularizers.base import Noise

    for entry, option, key, value in _active(s):
        if not s.model.hidden and issubclass(entry.cls, Noise) and entry.cls.site == "hidden":
            yield Conflict(
                (key, "model.hidden"),
                f"{key} = {value}: acts on hidden layers, but model.hidden = [] has none; set {key}="
                f"{option.neutral:g} or model.hidden=[128]",
            )


def augmented_data(s: Settings, known: Known) -> Iterator[Conflict]:
    """Images are changed as images, tables as tables, colours where there are colours."""
    from runner.data.augmentation.base import Augmentation

    shape = s.dataset.image_shape if known.image_shape is None else known.image_shape
    data = f"dataset={name_of(s.dataset, 'dataset')}"
    for entry, option, key, value in _active(s, "augmentation"):
        cls: type[Augmentation] = entry.cls
        problem = ""
        if shape is not None and ("image" if shape else "table") not in cls.inputs:
            holds = f"images ({'x'.join(map(str, shape))})" if shape else "a table"
            problem = f"is for {cls.inputs[0]}s, but {data} is {holds}; set {key}={option.neutral:g}"
        elif shape and cls.channels not in (None, shape[0]):
            have = "are grey" if shape[0] == 1 else f"have {shape[0]} channels"
            problem = f"changes colours, but the images of {data} {have}; set {key}={option.neutral:g}"
        elif s.dataset.scaling == "quantile" and cls.on_pixels and (shape or "table" not in cls.inputs):
            problem = "changes pixels, which dataset.scaling = quantile does not keep; set dataset.scaling=standardize"
        if problem:
            yield Conflict((key, "dataset", "dataset.scaling"), f"{key} = {value}: {problem}")


def residual(s: Settings, known: Known) -> Iterator[Conflict]:
    """Residual sums need two hidden layers of one width, one after the other."""
    hidden = s.model.hidden
    if s.model.residual and not any(a == b for a, b in itertools.pairwise(hidden)):
        wide = max(hidden, default=128)
        yield Conflict(
            ("model.residual", "model.hidden"),
            f"model.residual = true: a hidden layer adds its input if the hidden layer before it is as wide, and in "
            f"model.hidden = {hidden} none is; set model.hidden=[{wide},{wide}] or model.residual=false",
        )


def last_batch(s: Settings, known: Known) -> Iterator[Conflict]:
    """A norm over the batch needs two examples in each."""
    norm = entries("norm").get(s.model.norm)
    if norm is None or not getattr(norm.cls, "needs_batch", False):
        return
    batch, n = known.batch(s) or s.trainer.batch_size, known.train
    problem = ""
    if batch == 1:
        problem = f"model.norm={s.model.norm} needs at least two examples a batch; use more, or model.norm=none"
    elif n and n % batch == 1 and not s.trainer.drop_last:
        problem = (
            f"with {n} training examples the last batch holds one, and model.norm={s.model.norm} has no variance "
            "there; set trainer.drop_last=true or another batch size"
        )
    if problem:
        keys = ("trainer.batch_size", "trainer.drop_last", "model.norm")
        yield Conflict(keys, f"trainer.batch_size = {s.trainer.batch_size}: {problem}")


def device(s: Settings, known: Known) -> Iterator[Conflict]:
    """The device is one that torch spells so and that computes in float64 as well; beside torch: one that is there."""
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


RULES: tuple[Callable[[Settings, Known], Iterator[Conflict]], ...] = (
    fractions,
    dataset_keys,
    loss_task,
    targets,
    one_proximal,
    warmup,
    monitor_direction,
    monitor_task,
    recorded_task,
    validation_data,
    layers,
    hidden_noise,
    augmented_data,
    residual,
    last_batch,
    device,
)


def _data_task(s: Settings, known: Known) -> tuple[str | None, str]:
    """(task of the data, what says so), from the data or from dataset.task."""
    if known.task:
        return known.task, "the data"
    declared = getattr(s.dataset, "task", None)
    return (declared, f"dataset.task={declared}") if declared in TASKS else (None, "")


def _task(s: Settings, known: Known) -> tuple[str | None, str]:
    """(task, what says so), from the loss if nothing is known of the data."""
    task, why = _data_task(s, known)
    if not task and getattr(s.loss, "task", None):
        return s.loss.task, f"loss={name_of(s.loss, 'loss')}"
    return task, why


def _metrics(task: str | None) -> tuple[str, ...]:
    """The names of a task's metrics."""
    from runner.training.metrics.base import metrics_of

    return metrics_of(task) if task else ()


def _active(s: Settings, group: str = "regularizer") -> Iterator[tuple[Entry, Option, str, str]]:
    """(entry, option, dotted key, value) of every strength of a flat group that is not neutral."""
    for name, entry in entries(group).items():
        for key, option in entry.options.items():
            value = getattr(getattr(s, group)[name], key)
            if option.active(value):
                yield entry, option, flat_key(entry, key), f"{value:g}" if isinstance(value, float) else value
