"""The cost model beside what was measured, and how it grows."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from runner.config.engines import engine
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.plan import estimate
from runner.plan.populations import Population, Share

STEP = json.loads((Path(__file__).parents[2] / "benchmarks" / "results" / "step.json").read_text())


def table(features: int, outputs: int, train: int = 1000, val: int = 0):
    x = np.zeros((train + val, features), np.float32)
    return SimpleNamespace(
        x=x,
        outputs=outputs,
        train=np.arange(train),
        val=np.arange(val),
        test=[],
        task="classification",
        image_shape=None,
    )


def measured(way: str):
    """(settings, data, members, measured microseconds a run and step) of what was timed with and without dropout."""
    key = {"compiled": "native", "stacked": "stacked"}[way]
    for result in STEP["results"]:
        dropout = {"plain": 0.0, "dropout 0.5": 0.5}.get(result["recipe"])
        if dropout is None:
            continue
        widths = [int(width) for width in result["shape"].split("-")]
        run = read({"model.hidden": widths[1:-1], "trainer.batch_size": result["batch"],
                    "regularizer.dropout": dropout, "trainer.engine": key})  # fmt: skip
        for name, figures in result["contestants"].items():
            if name.startswith(way):
                yield run, table(widths[0], widths[-1]), int(name.split("= ")[1]), figures["microseconds"]


@pytest.mark.parametrize(("way", "least"), [("compiled", 12), ("stacked", 20)])
def test_a_steps_time_is_what_the_benchmark_measured_within_a_third(way, least):
    ratios = []
    for run, data, members, microseconds in measured(way):
        model = estimate._step(run, data, run.trainer.batch_size, members) * 1e6
        ratios.append(model / microseconds)
    assert len(ratios) >= least
    assert all(2 / 3 < ratio < 1.5 for ratio in ratios), ratios
    assert np.median(ratios) == pytest.approx(1, abs=0.1)


def test_more_of_anything_costs_more():
    run, data = read({}), table(64, 10)
    base = estimate.run_seconds(run, data, 8)
    for change in ({"trainer.epochs": 200}, {"model.hidden": [256]}, {"regularizer.dropout": 0.5},
                   {"trainer.batch_size": 8}):  # fmt: skip
        assert estimate.run_seconds(read(change), data, 8) > base, change
    settled = {"model.norm": "batch", "model.norm_statistics": "all"}  # a pass more each epoch, two of averaged weights
    norms = ({"model.norm": "batch"}, settled, settled | {"averaging": "ema"})
    running, once, twice = (estimate.run_seconds(read(change), data, 8) for change in norms)
    assert running < once < twice
    stacked = read({"trainer.engine": "stacked"})
    few, some, many = (estimate.run_seconds(stacked, data, members) for members in (1, 8, 64))
    assert few > some > many > base == estimate.run_seconds(run, data, 1)  # a compiled row needs no company
    records = estimate.FILES + run.trainer.epochs * estimate.EPOCH
    assert estimate.run_seconds(run, table(64, 10, 5000), 8) - records > 4 * (base - records)
    doubled = estimate.run_seconds(read({"trainer.epochs": 200}), data, 8) - base
    assert doubled == pytest.approx(base - estimate.FILES)


def share(*populations):
    return Share(tuple(Population(tuple(members), width) for members, width in populations))


def test_memory_counts_what_lies_side_by_side():
    data = [table(64, 10)] * 16
    runs = [read({"seed": i}) for i in range(16)]
    one, eight = (estimate.share_bytes(share((range(16), width)), runs, data) for width in (1, 8))
    assert eight == 8 * one
    parameters = 64 * 128 + 128 + 128 * 10 + 10
    assert one == 4 * (parameters * (4 + 2) + 4 * 32 * (64 + 128 + 10))
    assert {name: estimate._slots(read({"optimizer": name})) for name in ("sgd", "adam", "rmsprop")} == {
        "sgd": 0, "adam": 2, "rmsprop": 1,
    }  # fmt: skip
    double = [read({"trainer.dtype": "float64"})] * 16
    assert estimate.share_bytes(share(([0], 1)), double, data) == 2 * one
    mixed = [*runs[:8], *double[8:]]  # one population after the other
    assert estimate.share_bytes(share((range(8), 3), (range(8, 16), 2)), mixed, data) == 4 * one


def test_workers_share_the_time():
    runs = [read({"seed": i}) for i in range(64)]
    data = [prepare(runs[0], {})] * 64
    shares = [share((range(a, a + 4), 4)) for a in range(0, 64, 4)]
    alone, four = (estimate.sweep(shares, runs, data, workers) for workers in (1, 4))
    start = estimate.COSTS[engine(runs[0], "classification")].start
    assert alone.seconds - start == pytest.approx(4 * (four.seconds - start))
    assert four.bytes - alone.bytes == pytest.approx(
        3 * (estimate.WORKER + estimate.share_bytes(shares[0], runs, data))
    )
