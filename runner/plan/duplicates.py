"""Runs that are the same run: equal in every value that a number depends on.

A key that does nothing, given the others (`regularizer.elastic_net.l1_ratio` while alpha is 0) makes no second run, nor
does a choice that comes to the same as another (adamw without decay, a step that comes after the last epoch): one is
trained, the others copy its result, and they are no two samples. A rule stands here or at a piece (`plain`) only if
what it leaves out changes no bit of a run's weights and metrics; where that is not certain, runs count as different.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runner.config.compact import compact, told, values
from runner.config.registry import entries, name_of
from runner.config.settings import CHOICE_GROUPS, FLAT_GROUPS, Settings, distinct
from runner.regularizers.base import Penalty

LABELS = ("name", "trainer.progress", "trainer.checkpoint_seconds")  # what is no part of what was asked for
FLAT = tuple(f"{group}." for group in FLAT_GROUPS)

# Key -> when it does nothing. Keys of regularizers and augmentations whose strength is neutral are found by themselves.
INERT: dict[str, Callable[[Settings], bool]] = {
    **dict.fromkeys(LABELS, lambda s: True),
    **dict.fromkeys(("dataset.ngrams", "dataset.text_features"), lambda s: not getattr(s.dataset, "text", None)),
    "dataset.bins": lambda s: s.dataset.numbers != "piecewise",
    "model.norm_position": lambda s: s.model.norm == "none",
    "optimizer.proximal": lambda s: not _penalized(s),
}


def plain(settings: Settings) -> Settings:
    """The simplest settings that make the same run: each piece says what it comes to (`plain`).

    cross_entropy is refused for numbers, and for classes it is what `auto` comes to. (So is mse for numbers; but that
    would make two losses one that no data admits both.)
    """
    epochs = settings.trainer.epochs
    return dataclasses.replace(
        settings,
        loss=entries("loss")["auto"].cls() if name_of(settings.loss, "loss") == "cross_entropy" else settings.loss,
        optimizer=settings.optimizer.plain(),
        scheduler=settings.scheduler.plain(epochs),
        averaging=settings.averaging.plain(epochs),
        early_stopping=settings.early_stopping.plain(epochs),
    )


def canonical(settings: Settings) -> dict[str, Any]:
    """{"optimizer": "sgd", "seed": 3, ...}: choices and values that are not at their defaults and do something.

    Equal for runs that are the same run.
    """
    simple = plain(settings)
    found = {key: value for key, value in compact(simple).items() if not _inert(key, simple)}
    return {key: _one(value) if key.startswith(FLAT) else value for key, value in found.items()}


def request(settings: Settings, given: Mapping[str, Any] | None = None) -> str:
    """What was asked for, as text, whether or not it does anything: each has a folder and a row. `given`: what `told`
    says of the settings, if that is known.
    """
    given = told(settings) if given is None else given
    return json.dumps({key: value for key, value in given.items() if key not in LABELS}, sort_keys=True)


def identity(settings: Settings) -> str:
    """`canonical` as text, to look runs up by."""
    return json.dumps(canonical(settings), sort_keys=True)


def _but_for_seed(settings: Settings) -> str:
    """The `identity` of what the seed is not part of; the name is a label, and part of none."""
    return json.dumps({key: value for key, value in canonical(settings).items() if key != "seed"}, sort_keys=True)


def repeated(settings: Sequence[Settings]) -> dict[int, int]:
    """Position of each repeated run -> position of the run that it repeats."""
    first: dict[tuple[str, int], int] = {}
    found = {}
    known = {parts: _but_for_seed(each) for parts, each in distinct(settings).items()}
    for i, each in enumerate(settings):
        if each.ensemble.active:  # whose members are trained: nothing is copied
            continue
        earlier = first.setdefault((known[each.parts()], each.seed), i)
        if earlier != i:
            found[i] = earlier
    return found


def describe(settings: Sequence[Settings], repeats: dict[int, int], shown: int = 5) -> str | None:
    """One line about the jobs that will not train a second time, and why; None if there are none."""
    if not repeats:
        return None
    pairs: dict[str, list[str]] = {}
    for i, j in repeats.items():
        pairs.setdefault(_why(settings[j], settings[i]), []).append(f"{i} = {j}")
    reasons = [why + ", ".join(each[:shown]) + (", ..." if each[shown:] else "") for why, each in pairs.items()]
    verb = "repeats another" if len(repeats) == 1 else "repeat others"
    left = len(settings) - len(repeats)
    copies = len({request(each) for each in settings}) - left
    said = f", {copies} with a copy of another's result (same_as in results.csv)" if copies else ""
    return f"{len(settings)} jobs, {len(repeats)} of them {verb} ({'; '.join(reasons)}): {left} different{said}"


def _why(one: Settings, other: Settings) -> str:
    """What the command line says differently in two jobs although it makes no difference."""
    a, b = values(one), values(other)
    choices = [f"{key}={b[key]} comes to {key}={a[key]}" for key in CHOICE_GROUPS if a[key] != b[key]]
    chosen = tuple(choice.partition("=")[0] + "." for choice in choices)
    keys = [k for k in dict.fromkeys([*a, *b]) if a.get(k) != b.get(k) and "." in k and not k.startswith(chosen)]
    keys += [key for key in ("seed", "name") if a[key] != b[key]]
    nothing = [f"{' and '.join(keys)} do{'es' if len(keys) == 1 else ''} nothing"] if keys else []
    return f"{', '.join(choices + nothing)}: " if choices or nothing else ""


def _inert(key: str, settings: Settings) -> bool:
    group, _, rest = key.partition(".")
    if group in FLAT_GROUPS:
        return not _in_use(group, rest.partition(".")[0], settings)
    return key in INERT and INERT[key](settings)


def _in_use(group: str, name: str, settings: Settings) -> bool:
    """Whether some strength of a regularizer or an augmentation is not neutral."""
    node = getattr(settings, group)[name]
    return any(option.active(getattr(node, key)) for key, option in entries(group)[name].options.items())


def _penalized(settings: Settings) -> bool:
    penalties = [n for n, entry in entries("regularizer").items() if issubclass(entry.cls, Penalty)]
    return any(_in_use("regularizer", name, settings) for name in penalties)


def _one(value: Any) -> Any:
    """A list of equal strengths, one a layer, as the strength that all layers have."""
    return value[0] if isinstance(value, (list, tuple)) and value and all(v == value[0] for v in value) else value
