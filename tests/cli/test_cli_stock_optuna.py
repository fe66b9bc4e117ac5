"""Hydra's own Optuna plug-in, whose name ours has: without our Optuna it trains as before, beside it it is refused."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engines

STOCK = ["hydra-optuna-sweeper==1.3.0"]
OLD = [
    "optuna==2.10.1", "sqlalchemy==1.4.54", "alembic==1.13.3", "cliff==4.17.0", "stevedore==5.10.0",
    "autopage==0.6.0", "cmd2==4.3.1",
]  # fmt: skip
SEARCH = [
    "-m", "hydra/sweeper=optuna", "optimizer.lr=tag(log,interval(1e-3,1))", "dataset.train_size=60", "model.hidden=[4]",
    "trainer.epochs=2",
]  # fmt: skip


def with_packages(packages: list[str], into: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line where these packages come before those of this environment."""
    place = into / "packages"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), *packages]
    subprocess.run(install, check=True, timeout=300)
    path = os.pathsep.join([str(place), str(Path(__file__).parents[2])])
    return subprocess.run(
        [sys.executable, "-m", "runner", *words],
        cwd=into, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_each_batch_of_the_stock_plug_in_trains_as_a_sweep(tmp_path):
    options = ["hydra.sweeper.n_trials=8", "hydra.sweeper.n_jobs=4", "hydra.sweep.dir=sweep"]
    done = with_packages(STOCK + OLD, tmp_path, *SEARCH, *options)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "sweep" / "results.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 8


def test_the_stock_plug_in_beside_our_optuna_is_refused(tmp_path):
    done = with_packages(STOCK, tmp_path, *SEARCH)
    assert done.returncode == 2
    assert "uninstall it: pip uninstall hydra-optuna-sweeper" in done.stderr
    assert not (tmp_path / "outputs").exists()
