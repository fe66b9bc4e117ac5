"""Configurations made by chance from the registry: every group, every key over its whole range, edges included.

`configuration(seed, folder)` is a pure function of the seed (and writes the table it is about into the folder). What
contradicts itself is left in: whether it is refused, and well, is part of what is tested.
"""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

from random_tables import MAKERS

from runner.config.registry import Entry, Option, entries
from runner.config.settings import CHOICE_GROUPS, FLAT_GROUPS, SINGLE_GROUPS, flat_key
from runner.config.validate import show

Random = random.Random
ELSEWHERE = {"mnist", "fashion_mnist", "openml"}  # sources whose files are not on every machine
LABELS = {"iris": "setosa", "wine": "class_1", "two_moons": "upper", "circles": "inner", "digits": "3"}
NAMES = [None, None, "mine", "größe = 1,5", "a/b", "007", "x" * 90]
GIVEN: dict[str, list[Any]] = {  # keys whose values are not drawn from their range, so that training takes no time
    "model.hidden": [[], [1], [3], [7, 5], [1, 1], [8, 8, 8], [33], [16, 2, 16], [64], [5, 5]],
    "trainer.device": ["cpu"],
    "trainer.epochs": [0, 1, 2, 3, 4],
    "trainer.threads": [1, 1, 1, 2],
    "trainer.batch_size": [1, 2, 7, 16, 32, 64, 1000],
    "dataset.n": [8, 20, 41, 50, 100, 140],
    "dataset.arms": [2, 3, 5],
    "dataset.train_size": [None, 0.3, 0.9, 9, 25, 60],
    "dataset.folds": [None, None, None, 2, 3],
    "ensemble.size": [2, 3],
    "ensemble.folds": [2, 3],
}
RARE = {"trainer.figures": 0.03, "trainer.histograms": 0.05, "dataset.folds": 0.1, "dataset.fold": 0.05}
FILE = ("dataset.path", "dataset.test_path", "dataset.target")  # what a made table has said already


def configuration(seed: int | str, folder: Path) -> dict[str, Any]:
    """Dotted key -> value; a bare group chooses an entry."""
    chosen = Random(f"configuration {seed}")
    config: dict[str, Any] = {"trainer.epochs": chosen.randint(0, 4), "trainer.figures": False}
    config |= {"seed": chosen.choice([0, 1, chosen.randrange(2**64), 2**64 - 1]), "name": chosen.choice(NAMES)}
    for group in CHOICE_GROUPS:
        config |= _choice(chosen, group, folder)
    for group in SINGLE_GROUPS:
        config |= moved(chosen, entries(group)["default"], 0.2)
    for group in FLAT_GROUPS:
        for entry in entries(group).values():
            config |= moved(chosen, entry, 0.9) if chosen.random() < 0.12 else {}
    return _fitting(chosen, config)


def _choice(chosen: Random, group: str, folder: Path) -> dict[str, Any]:
    """An entry of a group and values for some of its keys."""
    name = chosen.choice(sorted(set(entries(group)) - ELSEWHERE))
    if group == "dataset":
        made = MAKERS[name](chosen, folder) if name in MAKERS else {group: name}
        return moved(chosen, entries(group)[name], 0.15) | made
    if group == "ensemble" and chosen.random() < 0.6:  # others train several networks
        name = "none"
    if group == "loss" and chosen.random() < 0.5:  # most losses are for one of the two tasks
        name = "auto"
    return moved(chosen, entries(group)[name], 0.3) | {group: name}


def moved(chosen: Random, entry: Entry, share: float) -> dict[str, Any]:
    """Values for a share of the keys of an entry, by dotted key."""
    found = {}
    for key, option in entry.options.items():
        path = flat_key(entry, key) if entry.group in FLAT_GROUPS else f"{entry.group}.{key}"
        if path not in FILE and chosen.random() < RARE.get(path, share):
            found[path] = value(chosen, path, option, entry.defaults[key])
    return found


def value(chosen: Random, path: str, option: Option, default: Any) -> Any:
    """Some allowed value of a key."""
    if path in GIVEN:
        return chosen.choice([x for x in GIVEN[path] if option.check(x)[1] is None])
    if option.optional and chosen.random() < 0.2:
        return None
    if option.per_layer and chosen.random() < 0.3:  # how many layers there are is drawn elsewhere
        return [_number(chosen, option, default) for _ in range(chosen.randint(1, 4))]
    kinds = {
        "switch": lambda: chosen.random() < 0.5,
        "choice": lambda: chosen.choice(option.names()),
        "choices": lambda: chosen.sample(option.names(), chosen.randint(0, 3)),
        "number": lambda: _number(chosen, option, default),
        "integer": lambda: _integer(chosen, option, default),
        "integers": lambda: sorted(chosen.sample(range(1, 9), chosen.randint(1, 3))),
    }
    return kinds[option.type]() if option.type in kinds else default


def _number(chosen: Random, option: Option, default: Any) -> float:
    """Around the usual value over four decades, the neutral one, the preset, the edges of the range; rarely extreme."""
    usual = next((x for x in (option.preset, default) if isinstance(x, (int, float)) and 0 < x < math.inf), 1.0)
    bounds = [b for b in (option.ge, option.le, option.above, option.lt) if b is not None]
    edges = [float(bound) for bound in bounds]
    edges += [math.nextafter(bound, way) for bound in edges for way in (math.inf, -math.inf)]
    around = [usual * 10 ** chosen.uniform(-2, 2) for _ in range(3)] + [usual * chosen.uniform(0.5, 1.5)] * 3
    tried = [*around, default, option.neutral, option.preset, chosen.choice([*edges, usual])]
    if chosen.random() < 0.03:
        tried = [1e30, 1e-30, 1e300, 5e-324]
    good = [x for x in tried if isinstance(x, (int, float)) and option.check(x)[1] is None]
    return chosen.choice(good or [usual])


def _integer(chosen: Random, option: Option, default: Any) -> int:
    tried = [chosen.randint(0, 9), chosen.randint(0, 9), default, option.ge, (option.ge or 0) + 1, 10**6]
    tried += [option.lt - 1] if option.lt else []
    return chosen.choice([x for x in tried if isinstance(x, int) and option.check(x)[1] is None])


def _fitting(chosen: Random, config: dict[str, Any]) -> dict[str, Any]:
    """Few examples of what is large; weights of classes that the data set has."""
    if config["dataset"] in ("digits", "breast_cancer") and config.get("dataset.train_size") is None:
        config["dataset.train_size"] = chosen.choice([30, 77, 150])
    if config["dataset"] == "mnist1d":
        config["dataset.n"] = chosen.choice([50, 120, 200])
    if "dataset.class_weights" in config:
        label = LABELS.get(config["dataset"], "yes")
        config["dataset.class_weights"] = chosen.choice([None, "balanced", "balanced", {label: 2.0}, {label: 0}])
    return config


def typed(config: dict[str, Any]) -> list[str]:
    """The configuration as words of a command line; choices come first, since they bring their keys."""
    return [f"{key}={_typed(v)}" for key, v in sorted(config.items(), key=lambda item: "." in item[0])]


def _typed(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list):
        return f"[{','.join(map(_typed, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_typed(v)}" for key, v in value.items()) + "}"
    return repr(value) if isinstance(value, float) else show(value)
