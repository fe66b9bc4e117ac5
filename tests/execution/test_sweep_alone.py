"""A run of a sweep is the run alone, bit for bit: whatever its company, the workers, and the kills in between."""

from __future__ import annotations

import random

import pytest
import sweep_folders
from sweep_folders import SMALL, alone, contents, runs, sweep

from runner.cli import main

MIXED = [
    *SMALL[:1], *SMALL[2:], "model.hidden=[6],[5,4]", "optimizer=sgd,adam,adamw", "regularizer.dropout=0,0.3",
    "early_stopping.patience=1", "early_stopping.min_delta=0.02", "trainer.epochs=8", "optimizer.lr=0.03",
]  # fmt: skip
FEW = [*MIXED, "seed=0", "hydra.launcher.max_members=4"]
MANY = [*MIXED, "seed=0,1,2,3,4", "hydra.launcher.max_members=7"]


def words(of: list[str], **instead: object) -> list[str]:
    """The sweep with other options of its launcher."""
    kept = [word for word in of if not any(word.startswith(f"hydra.launcher.{key}=") for key in instead)]
    return kept + [f"hydra.launcher.{key}={value}" for key, value in instead.items()]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Twelve runs of two shapes; rows leave at different epochs and others take their places."""
    return sweep(tmp_path_factory.mktemp("few") / "sweep", *words(FEW, workers=2))


def test_rows_leave_at_different_epochs(few):
    rows = sweep_folders.results(few)
    assert len(rows) == 12
    assert len({row["epochs"] for row in rows}) > 3
    assert {row["status"] for row in rows} == {"completed", "stopped_early"}


@pytest.mark.parametrize("number", [1, 4, 9])
def test_a_run_repeated_alone(few, tmp_path, number):
    run = list(runs(few).values())[number]
    assert alone(run, tmp_path / "alone") == sweep_folders.run_content(run)


@pytest.mark.parametrize("options", [{"workers": 1, "max_members": 3}, {"executor": "serial", "max_members": 5}])
def test_other_company_and_workers(few, tmp_path, options):
    assert contents(sweep(tmp_path / "sweep", *words(FEW, **options))) == contents(few)


@pytest.mark.soak
def test_sixty_mixed_runs(tmp_path):
    whole = sweep(tmp_path / "sweep", *words(MANY, workers=2))
    expected = contents(whole)
    assert len(runs(whole)) == 60
    chosen = random.Random(0).sample(sorted(runs(whole).items()), 20)
    for name, run in chosen:
        assert alone(run, tmp_path / f"alone-{run.name[:3]}") == expected[name]
    for options in ({"workers": 1}, {"max_members": 64}, {"max_members": 1, "workers": 2}, {"executor": "serial"}):
        other = sweep(tmp_path / "-".join(map(str, options)), *words(MANY, **options))
        assert contents(other) == expected


@pytest.mark.soak
def test_sixty_mixed_runs_resumed_by_halves(tmp_path):
    """What had ended stays, what had not begins again, in other company."""
    whole = contents(sweep(tmp_path / "sweep", *words(MANY, workers=2)))
    for name, run in sorted(runs(tmp_path / "sweep").items())[::2]:
        assert name in whole
        (run / "summary.json").unlink()
    assert main(["resume", str(tmp_path / "sweep"), "--max-members", "5"]) == 0
    assert contents(tmp_path / "sweep") == whole
