"""Searches beside plain Optuna: both find the bottom of one bowl, and the stored figures hold what is promised."""

import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import search_tpe as bench


def test_both_find_the_bottom_of_the_bowl_with_the_same_budget(monkeypatch):
    monkeypatch.setattr(bench, "TRIALS", 24)
    drawn = statistics.median(bench.bowl([bench.suggested(each) for each in some_trials()]))
    for found in (bench.ours_on_the_bowl(0), bench.plain(bench.bowl, 0)):
        assert 0 <= found < drawn / 4


def some_trials():
    study = bench.optuna.create_study(sampler=bench.optuna.samplers.RandomSampler(seed=0))
    return [study.ask() for _ in range(50)]


def test_worse_is_more_than_two_standard_errors():
    assert not bench.compared([1.0, 1.2, 0.8], [1.0, 1.1, 0.9])["worse"]
    assert bench.compared([2.0, 2.2, 1.8], [1.0, 1.1, 0.9])["worse"]
    assert not bench.compared([1.0, 1.1, 0.9], [2.0, 2.2, 1.8])["worse"]


def test_the_stored_figures_hold_what_is_promised():
    stored = json.loads(bench.RESULTS.read_text())
    assert stored["tpe"]["repeats"] == 20
    assert not stored["tpe"]["bowl"]["worse"] and not stored["tpe"]["digits"]["worse"]
    mean = stored["sklearn"]["mean"]
    assert mean["ours"]["loss"] < mean["sklearn"]["loss"]
    assert mean["ours"]["accuracy"] >= mean["sklearn"]["accuracy"]
