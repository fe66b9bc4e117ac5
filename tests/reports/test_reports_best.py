"""`runner best`: the winner's settings, its spread, its best run and the words that repeat it."""

import shlex
from pathlib import Path

import pytest
from made_sweeps import grid, make_sweep

from runner.cli import main
from runner.config.compact import compact
from runner.execution.configurations import read
from runner.execution.stored import write_config
from runner.reports.best import repeat
from runner.reports.runs import read_sources
from runner.screen import conclusion
from runner.training.outcome import Outcome


@pytest.fixture
def best(capsys):
    def run(*words):
        code = main(["best", *map(str, words)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_the_winner_with_what_is_not_default_and_its_best_run(tmp_path, best):
    runs = grid({0.1: [0.3, 0.2, 0.25], 0.2: [0.6, 0.5, 0.7]})
    runs = [({**given, "model.hidden": [8, 8], "trainer.epochs": 7}, end) for given, end in runs]
    code, out, _ = best(make_sweep(tmp_path / "s", runs))
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["best", "of", "2", "settings", "by", "val/loss"]
    assert ["optimizer.lr", "0.1", "(default", "0.001)"] in lines
    assert ["model.hidden", "8-8", "(default", "128)"] in lines
    assert ["trainer.epochs", "7", "(default", "100)"] in lines
    assert ["val/loss", "0.25", "±", "0.12", "(95%)", "sd", "0.05"] in lines
    folder = f"{tmp_path}/s/001_lr=0.1_seed=1_hidden=_8,_8_epochs=7"
    assert "best run (val/loss 0.20):" in out and f"  {shlex.quote(folder)}" in out.splitlines()
    assert f"  runner predict {shlex.quote(folder)} INPUT --out FILE" in out.splitlines()


def test_the_command_is_one_of_the_shell_and_means_the_run(tmp_path, best):
    name = "it's; rm *"
    folder = make_sweep(tmp_path / "s", [({"dataset.folds": 3, "dataset.fold": 0, "seed": 4, "name": name}, 0.1)])
    _, out, _ = best(folder)
    command = out[out.index("to repeat its best run:\n") :].splitlines()[1].strip()
    assert shlex.split(command) == ["runner", "dataset.folds=3", "dataset.fold=0", "seed=4", "name='it\\'s; rm *'"]


def test_a_fold_that_the_words_leave_open_is_added(tmp_path, best):
    runs = [({"dataset.folds": 3, "dataset.fold": f}, 0.3 - f / 10) for f in range(3)]
    folder = make_sweep(tmp_path / "s", runs)
    row = read_sources(folder)[0].rows[2]
    row.overrides = ("dataset.folds=3",)
    assert repeat(row) == "runner dataset.folds=3 dataset.fold=2"


def test_runs_started_from_python_are_repeated_by_their_settings(tmp_path, best):
    given = {"model.hidden": [8, 8], "optimizer": "sgd", "optimizer.lr": 0.3, "seed": 2, "name": "a, b"}
    (tmp_path / "run").mkdir()
    write_config(read(given), tmp_path / "run")
    row = read_sources(tmp_path)[0].rows[0]
    words = shlex.split(repeat(row))
    assert words[0] == "runner"
    assert compact(read(words[1:])) == compact(read(given))


def test_the_repeated_run_is_the_same_run(tmp_path, best):
    """The words that `best` prints train a run with the numbers of the one that won."""
    words = ["-m", "optimizer.lr=1e-3,1e-2", "seed=0,1", "model.hidden=[8]", "trainer.epochs=2"]
    assert main([*words, f"hydra.sweep.dir={tmp_path}/s", "hydra.launcher.workers=1"]) == 0
    _, out, _ = best(tmp_path / "s")
    lines = out.splitlines()
    winner = Path(lines[[line.startswith("best run") for line in lines].index(True) + 1].strip()).name
    command = lines[lines.index("to repeat its best run:") + 1]
    assert main([*shlex.split(command)[1:], f"hydra.run.dir={tmp_path}/again"]) == 0
    again, first = (
        (tmp_path / name / "metrics.csv").read_text() for name in ("again", f"s/{winner.rpartition('/')[2]}")
    )
    strip = [[cell for i, cell in enumerate(line.split(",")) if i != 2] for line in again.splitlines()]
    assert strip == [[cell for i, cell in enumerate(line.split(",")) if i != 2] for line in first.splitlines()]


def test_nothing_finished_has_no_best(tmp_path, best):
    code, _, err = best(make_sweep(tmp_path / "s", grid({0.1: [None, "diverged"]})))
    assert code == 1 and "no run in it has finished yet (1 diverged, 1 not ended); `runner report" in err


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (["diverged"] * 4, "s: all 4 runs diverged: try a lower optimizer.lr"),
        (["diverged"], "s: its only run diverged: try a lower optimizer.lr"),
        (["failed", "failed"], "s: all 2 runs failed: `runner report"),
        (["failed", "diverged", "diverged"], "s: no run in it has finished (2 diverged, 1 failed); `runner report"),
    ],
)
def test_where_none_finished_it_is_said_what_became_of_the_runs(tmp_path, best, ends, said):
    code, _, err = best(
        make_sweep(tmp_path / "s", grid({0.1: ends}, **{"dataset.val_fraction": 0, "early_stopping.patience": None}))
    )
    assert code == 1 and said in err


def test_each_problem_has_its_winner(tmp_path, best):
    runs = [
        ({"dataset": d, "seed": s, "optimizer.lr": lr}, lr) for d in ("iris", "wine") for s in (0, 1) for lr in (1, 2)
    ]
    code, out, _ = best(make_sweep(tmp_path / "s", runs), "--metric", "val/accuracy")
    assert code == 0
    assert "dataset=iris: best of 2 settings by val/accuracy" in out and "dataset=wine: best of 2" in out


@pytest.mark.parametrize(
    ("key", "more"), [("dataset.fold", {"dataset.folds": 3}), ("dataset.split_seed", {}), ("dataset.data_seed", {})]
)
def test_runs_validated_on_different_rows_have_no_best_and_are_trained_on_all_rows(tmp_path, best, key, more):
    more = {"dataset": "two_moons", "optimizer.lr": 0.5, "seed": 4, **more}
    ends = [
        {"val": {"loss": 0.1 + luck}, "best_epoch": epoch} for luck, epoch in enumerate((3, 8, 12))
    ]  # 23 / 3 = 7.67
    folder = make_sweep(tmp_path / "s", [({**more, key: luck}, end) for luck, end in enumerate(ends)])
    _, out, _ = best(folder)
    assert "validated on 3 different sets of rows" in out and "best run (" not in out
    assert "on all rows but the test's, for 8 epochs (the mean of their best epochs)" in out
    command = next(line for line in out.splitlines() if line.startswith("  runner dataset"))
    refitted = read(shlex.split(command)[1:])
    assert (refitted.dataset.folds, refitted.dataset.fold, refitted.dataset.val_fraction) == (None, None, 0)
    assert (refitted.trainer.epochs, refitted.early_stopping.patience) == (8, None)
    assert (refitted.optimizer.lr, refitted.seed) == (0.5, 4)


@pytest.mark.parametrize("splits, more", [(("val", "test"), ""), (("train", "test"), " --metric test/loss")])
def test_the_command_for_the_best_names_a_metric_where_no_rows_validated(tmp_path, capsys, splits, more):
    """The words are tried as they are printed."""
    root = make_sweep(tmp_path / "s", grid({0.1: [{split: {"loss": 0.2} for split in splits}]}))
    conclusion.conclude_sweep([Outcome(root / "000_lr=0.1_seed=0", "completed", "", {})], root)
    (line,) = [line.strip() for line in capsys.readouterr().out.splitlines() if "runner best" in line]
    assert line == f"runner best {root}{more}"
    assert main(line.split()[1:]) == 0
