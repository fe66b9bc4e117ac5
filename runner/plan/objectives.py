"""What a search goes by: columns of metrics.csv or numbers of a summary, and whether more of them is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.config.registry import entries
from runner.config.settings import Settings
from runner.config.suggest import closest
from runner.errors import ConfigError, shortened

COUNTED = ("parameters", "epochs")  # numbers of a summary that a search can keep small
WAYS = {"minimize": False, "maximize": True}


@dataclass(frozen=True)
class Objectives:
    """hydra.sweeper.objective and direction. No names: the metric that the runs watch (early_stopping.monitor)."""

    names: tuple[str, ...] = ()

    @staticmethod
    def of(sweeper: Mapping[str, Any]) -> Objectives:
        """Those of the node hydra.sweeper. Raises ConfigError."""
        names, ways = _listed(sweeper, "objective"), _listed(sweeper, "direction")
        problems = [problem for name in names if (problem := _wrong_name(name))]
        if len(set(names)) < len(names):
            problems.append(f"hydra.sweeper.objective = {_shown(names)}: one stands there twice; leave it out")
        problems += [
            f"hydra.sweeper.direction = {way}: must be one of {', '.join(WAYS)}, or null to follow the metric"
            for way in ways
            if way not in WAYS
        ]
        if problems:
            raise ConfigError(problems)
        if ways and len(ways) != max(len(names), 1):
            raise ConfigError(
                f"hydra.sweeper.direction = {_shown(ways)}: one for each of {max(len(names), 1)} objectives; or leave "
                "it out, as each metric says which way is better"
            )
        for name, way in zip(names, ways, strict=False):
            _check_way(name, larger_is_better(name), way)
        return Objectives(names)

    def named(self, run: Settings, sweeper: Mapping[str, Any]) -> dict[str, bool]:
        """Objective -> whether larger is better, of runs such as this one. Raises ConfigError for a contradiction."""
        if self.names:
            return {name: larger_is_better(name) for name in self.names}
        stop = run.early_stopping
        for way in _listed(sweeper, "direction"):
            _check_way(stop.monitor, stop.maximize, way)
        return {stop.monitor: stop.maximize}


def larger_is_better(name: str) -> bool:
    """Of a metric, as it says itself; a count is to be small."""
    return name not in COUNTED and bool(entries("metric")[name.rpartition("/")[2]].cls.maximize)


def _check_way(name: str, larger: bool, way: str) -> None:
    if WAYS[way] != larger:
        right = next(each for each, maximize in WAYS.items() if maximize == larger)
        raise ConfigError(
            f"hydra.sweeper.direction = {way}: would look for the worst, as {name} is better the "
            f"{'larger' if larger else 'smaller'} it is; leave it out, or write hydra.sweeper.direction={right}"
        )


def _listed(sweeper: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = sweeper.get(key)
    found = [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(each, str) for each in found):
        raise ConfigError(
            f"hydra.sweeper.{key} = {shortened(value)}: must be a name, or a list of names; for example "
            f"hydra.sweeper.{key}={'val/loss' if key == 'objective' else 'minimize'}"
        )
    return tuple(found)


def _wrong_name(name: str) -> str | None:
    """Why nothing can be searched by a name; None if something may be."""
    split, _, metric = name.partition("/")
    known = entries("metric")
    said = f"hydra.sweeper.objective = {name}"
    if name in COUNTED or (split in ("train", "val") and metric.rpartition("/")[2] in known):
        return None
    if name == "seconds":
        return f"{said}: differs from one time to the next, so that no search could be repeated; {_ways()}"
    if split == "test":
        return (
            f"{said}: the test rows are for the end; what is chosen by them looks better than it is; use val/{metric}"
        )
    near = closest(name, [*COUNTED, *(f"{each}/{which}" for each in ("val", "train") for which in known)])
    return f"{said}: no run records it; {f'did you mean {near}? ' if near else ''}{_ways()}"


def _ways() -> str:
    return f"val/METRIC or train/METRIC (`runner list metric`), {' or '.join(COUNTED)}"


def _shown(names: Sequence[str]) -> str:
    return f"[{','.join(names)}]"
