"""SIGKILL of the parent, a worker or both at random moments of a sweep that trains in rounds: resumed, it has the same
trials, each ended as in the sweep never killed.
"""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
import soak
import sweep_folders
from test_sweep_kills import killed_and_resumed, train

COMMON = [
    *sweep_folders.SMALL, "regularizer.dropout=0.2", "trainer.epochs=6", "early_stopping.patience=3",
    "trainer.checkpoint_seconds=0.1", "hydra.launcher.workers=2", "seed=0,1",
]  # fmt: skip
RATES, DRAWN = "optimizer.lr=0.001,0.003,0.01,0.03,0.1,0.3,1,1e30", "optimizer.lr=tag(log,interval(1e-3,10))"
SAMPLED = ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=8", "hydra.sweeper.batch=2", "hydra.sweeper.startup=2"]
SEARCHES = {
    "halving": ["hydra/sweeper=halving", "hydra.sweeper.eta=2", RATES],
    "hyperband": ["hydra/sweeper=hyperband", "hydra.sweeper.eta=2", "hydra.sweeper.n_trials=8", DRAWN],
    "median": ["hydra.sweeper.pruner=median", "hydra.sweeper.pruner_startup=3", RATES],
    "halving of Optuna's": [
        "hydra/sweeper=halving", "hydra.sweeper.candidates=optuna", "hydra.sweeper.n_trials=8", "hydra.sweeper.batch=4",
        "hydra.sweeper.eta=2", "hydra.sweeper.startup=4", DRAWN,
    ],
    "tpe": [*SAMPLED, "optimizer=sgd,adamw", "optimizer.momentum=interval(0,0.99)", DRAWN],
    "cmaes, one worker": [*SAMPLED, "hydra.sweeper.sampler=cmaes", "hydra.launcher.workers=1", DRAWN,
                          "regularizer.l2=tag(log,interval(1e-6,1e-1))"],
}  # fmt: skip
WITHOUT_LOSERS = ("tpe", "cmaes, one worker")
RUNS = 16


@pytest.mark.slow
def test_a_halving_killed_and_resumed(forks, tmp_path):
    words = [*COMMON, *SEARCHES["halving"]]
    (tmp_path / "whole").mkdir()
    whole = train(words, tmp_path / "whole", forks)
    killed_and_resumed(words, tmp_path / "killed", "halving", RUNS, forks.start)
    assert sweep_folders.contents(tmp_path / "killed" / "sweep") == sweep_folders.contents(whole)


@pytest.mark.soak
@pytest.mark.parametrize("search", SEARCHES)
def test_twenty_searches_of_each_kind_killed_at_random_moments(search, forks, tmp_path, capsys):
    words, seen, what = [*COMMON, *SEARCHES[search]], Counter(), soak.seeds("SEARCH_KILLS", 20)
    (tmp_path / "whole").mkdir()
    whole = sweep_folders.contents(train(words, tmp_path / "whole", forks))
    assert ("pruned" in {row["status"] for row in whole["results"]}) == (search not in WITHOUT_LOSERS)
    for seed in what:
        into, how = tmp_path / str(seed), soak.again("SEARCH_KILLS", seed, "test_search_kills.py")
        who = killed_and_resumed(words, into, f"{search} {seed}", RUNS, forks.start)
        assert sweep_folders.contents(into / "sweep") == whole, f"{who} killed; {how}"
        shutil.rmtree(into)
        seen[who] += 1
    with capsys.disabled():
        print(f"\n{len(what)} sweeps by {search}, by who was killed: {dict(seen)}")
