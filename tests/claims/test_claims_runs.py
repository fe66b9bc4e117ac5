"""Runs as an answer asks for them: by what was typed, by seed, pair by pair."""

from pathlib import Path

import pytest

from runner.claims.runs import Run, Runs, at_epoch
from runner.config.words import plain
from runner.errors import RunError
from runner.reports.run_row import RunRow


def run(rate: str, seed: int, value: float | None, typed: str = "adam", status: str = "completed") -> Run:
    metrics = {} if value is None else {"test/loss": value}
    row = RunRow(Path(f"{rate}-{seed}"), status, {"optimizer": "adam", "seed": str(seed)}, metrics)
    row.overrides = (f"optimizer={typed}", f"optimizer.lr={rate}", f"seed={seed}")
    return Run(row)


RUNS = Runs([run(rate, seed, float(rate) + seed) for rate in ("1e-1", "0.01", "10") for seed in (0, 1, 2)], "made")


def test_runs_are_found_by_what_was_typed_however_it_is_written():
    assert [each.folder.name for each in RUNS.where("optimizer.lr=0.1", "seed=1")] == ["1e-1-1"]
    assert len(Runs([run("1", 0, 1.0, typed="nesterov")]).where("optimizer=nesterov")) == 1
    assert RUNS[0].value("trainer.batch_size") == "32"  # a default


def test_values_of_a_key_come_in_the_order_of_numbers():
    assert list(RUNS.by("optimizer.lr")) == ["0.01", "0.1", "10"]


@pytest.mark.parametrize(("value", "same"), [("1e-3", "0.001"), ("[64, 64]", "[64,64]"), ("True", "true"), (0.5, ".5")])
def test_equal_values_are_equal_however_they_are_written(value, same):
    assert plain(value) == plain(same)


def test_a_difference_is_taken_seed_by_seed():
    found = RUNS.where("optimizer.lr=10").minus(RUNS.where("optimizer.lr=0.1"), "test/loss")
    assert found.value == pytest.approx(9.9)
    assert found.over == "3 seeds, on this split"


def test_a_series_has_the_seeds_that_finished_everywhere():
    broken = Runs([*RUNS, run("100", 0, 1.0), run("100", 1, None, status="diverged"), run("100", 2, 5.0)])
    places, table, over, shared = broken.series("optimizer.lr", "test/loss")
    assert places == ["0.01", "0.1", "10", "100"] and table[3] == [1.0, 5.0]
    assert (over, shared) == ("2 seeds, on this split", 0)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda runs: runs.where("seed=7").mean("test/loss"), "made seed=7: the sweep has no such run"),
        (lambda runs: runs.mean("test/loss"), "of several settings"),
        (lambda runs: runs.where("optimizer.lr=10").mean("test/r2"), "no run that finished has a finite test/r2"),
    ],
)
def test_what_runs_do_not_say_is_said(ask, says):
    with pytest.raises(RunError, match=says):
        ask(RUNS)


def test_an_epoch_that_a_run_did_not_reach_is_said(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,train/loss\n0,3\n1,2\n2,1\n")
    short = Run(RunRow(tmp_path, "completed", {}, {}))
    assert at_epoch(2, "train/loss")(short) == 1
    with pytest.raises(RunError, match=r"ended after 2 epochs, but .* its train/loss after 3; raise trainer.epochs"):
        at_epoch(3, "train/loss")(short)
