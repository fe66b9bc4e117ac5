"""What a check yields, what it may know, and what several checks ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.config.registry import Entry, Option, entries, name_of
from runner.config.settings import Settings, flat_key
from runner.config.tasks import MULTITASK, TASKS

TASK_OF = {"autoencoder": "regression"}  # dataset.task -> the task, where that has another name


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
    inputs: int | None = None  # numbers that enter the network
    answers: int | None = None  # different classes, or numbers, in the split that early stopping watches
    parameters: int | None = None  # numbers that the network learns
    targets: Mapping[str, str] | None = None  # several targets, as metrics call them -> task; of numbers alone ""

    def batch(self, s: Settings) -> int | None:
        """Examples a step."""
        return min(s.trainer.batch_size, self.train) if self.train else None

    def steps(self, s: Settings) -> int | None:
        """Steps an epoch."""
        batch = self.batch(s)
        if not self.train or not batch:
            return None
        return self.train // batch if s.trainer.drop_last else -(-self.train // batch)


def data_task(s: Settings, known: Known) -> tuple[str | None, str]:
    """(task of the data, what says so), from the data or from dataset.task."""
    if known.task:
        return known.task, "the data"
    declared = getattr(s.dataset, "task", None)
    task = TASK_OF.get(str(declared), declared)
    return (task, f"dataset.task={declared}") if task in TASKS else (None, "")


def task_of(s: Settings, known: Known) -> tuple[str | None, str]:
    """(task, what says so), from the loss if nothing is known of the data."""
    task, why = data_task(s, known)
    if not task and getattr(s.loss, "task", None):
        return s.loss.task, f"loss={name_of(s.loss, 'loss')}"
    return task, why


def tasks_of(s: Settings, known: Known) -> tuple[tuple[str, ...], str]:
    """`task_of`, of several targets in one network the tasks of them all; none if that is not known."""
    task, why = task_of(s, known)
    found = dict.fromkeys((known.targets or {}).values()) if task == MULTITASK else [task]
    return tuple(each for each in found if each), why


def active(s: Settings, group: str = "regularizer") -> Iterator[tuple[Entry, Option, str, str]]:
    """(entry, option, dotted key, value) of every strength of a flat group that is not neutral."""
    for name, entry in entries(group).items():
        for key, option in entry.options.items():
            value = getattr(getattr(s, group)[name], key)
            if option.active(value):
                yield entry, option, flat_key(entry, key), f"{value:g}" if isinstance(value, float) else value
