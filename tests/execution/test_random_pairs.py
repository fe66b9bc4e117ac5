"""Two hundred pairs of random configurations that can share a population: trained together they have the bytes alone.

What may differ within a population (rules, rates, strengths, schedules, seeds, splits, lengths) is drawn anew for the
second; what may not (shapes, batches) stays. Weights, curves and summaries are compared byte for byte.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import soak
from judged import accepted, problems_of
from random_configurations import Random, configuration, moved
from sweep_folders import run_content

import runner
from runner.config.engines import STACKED, engine
from runner.config.registry import Entry, entries
from runner.config.settings import DEFAULT_CHOICE, FLAT_GROUPS
from runner.plan.populations import structure

COLUMNS = ("optimizer", "scheduler", "averaging")  # groups whose choice may differ between rows
COUNTS = ("dataset.n", "dataset.train_size", "dataset.val_fraction", "dataset.test_fraction")
ALONE = {
    "dataset.folds": None,
    "ensemble": "none",
    "trainer.figures": False,
    "trainer.threads": 1,
}  # one run, on one thread


def pair(seed: int, folder: Path) -> list[dict[str, Any]]:
    """Two configurations with one structure; fewer if a table will not do."""
    chosen = Random(f"pair {seed}")
    first = accepted(configuration(f"pair {seed}", folder) | ALONE)[0]
    second = first and accepted(other(chosen, first))[0]
    return by_one_engine([config for config in (first, second) if config is not None])


def by_one_engine(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same, by the engine that can train both: what has no compiled form makes the other's engine stacked."""
    engines = {engine(run, data.task) for config in configs for run, data in problems_of(config)[0]}
    return [config | {"trainer.engine": STACKED} for config in configs] if len(engines) > 1 else configs


def other(chosen: random.Random, config: dict[str, Any]) -> dict[str, Any]:
    """Some of what may differ drawn anew."""
    found = config | {"seed": chosen.randrange(2**64), "dataset.split_seed": chosen.choice([0, 0, 1])}
    for group in COLUMNS:
        if chosen.random() < 0.5:
            found = {key: value for key, value in found.items() if not key.startswith(f"{group}.")}
            found[group] = chosen.choice(sorted(entries(group)))
    for group, default in DEFAULT_CHOICE.items():
        found |= _columns(chosen, entries(group)[found.get(group, default)])
    for entry in (entry for group in FLAT_GROUPS for entry in entries(group).values()):
        found |= moved(chosen, entry, 0.9) if chosen.random() < 0.08 else {}
    return found | ALONE


def _columns(chosen: random.Random, entry: Entry) -> dict[str, Any]:
    """Values for some keys of an entry that may differ, except for those that say how many examples there are."""
    drawn = moved(chosen, entry, 0.2)
    kind = {f"{entry.group}.{key}": option.kind for key, option in entry.options.items()}
    return {path: drawn[path] for path in drawn if kind[path] != "structural" and path not in COUNTS}


def tried(seed: int, folder: Path, seen: Counter) -> list[str]:
    """What differs between the runs of a pair alone and together."""
    configs = pair(seed, folder)
    runs = [run for config in configs for run in problems_of(config)[0]]
    shared = len({structure(run, data) for run, data in runs}) == 1
    seen.update({"pairs": len(configs) == 2, "in one population": len(configs) == 2 and shared})
    alone = [run_content(runner.train([config], folder)[0].folder) for config in configs]
    outcomes = runner.train(configs, folder)
    seen.update(outcome.status for outcome in outcomes)
    wrong = []
    for i, (one, outcome) in enumerate(zip(alone, outcomes, strict=True)):
        together = run_content(outcome.folder)
        wrong += [f"run {i}: {part} differs: {configs}" for part in one if one[part] != together[part]]
    return wrong


def search(what: range, folder: Path) -> Counter:
    """Try all; AssertionError with every pair that differs, and how to see it again."""
    seen, found = Counter(), []
    for seed in what:
        wrong = tried(seed, folder, seen)
        found += [f"pair {seed}; {soak.again('PAIRS', seed, 'test_random_pairs.py')}", *wrong] if wrong else []
    assert not found, "\n".join(found)
    return seen


def test_eight_random_pairs(tmp_path):
    assert search(soak.seeds("SOME_PAIRS", 8), tmp_path)["in one population"] >= 3


@pytest.mark.soak
def test_two_hundred_random_pairs(tmp_path, capsys):
    what = soak.seeds("PAIRS", 200)
    seen = search(what, tmp_path)
    with capsys.disabled():
        print(f"\n{len(what)} pairs: {dict(seen)}")
    assert len(what) < 200 or seen["in one population"] >= 0.7 * len(what)
