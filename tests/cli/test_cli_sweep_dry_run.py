"""`--dry-run`: what would be trained is shown as it would be trained, and nothing is trained, written or imported."""

import os
import re
import subprocess
import sys

import pytest

from runner.cli import main
from runner.config.location import PACKAGE


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dry(capsys, *words: str, code: int = 0) -> str:
    assert main(["--dry-run", *words]) == code
    out, err = capsys.readouterr()
    return err if code else out


def rows(out: str, header: str) -> list[list[str]]:
    """The rows of the table under a header, cut where two spaces are."""
    lines = out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(header))
    table = []
    for line in lines[start + 1 :]:
        if not line or not line[0].isdigit():
            break
        table.append(re.split(r"\s{2,}", line))
    return table


def test_every_job_its_share_and_its_overrides(here, capsys):
    words = ["seeds=3", "optimizer=sgd,adam", "model.hidden=[64],[32,32]", "hydra.launcher.workers=2"]
    out = dry(capsys, "-m", *words, "trainer.engine=stacked")
    jobs = rows(out, "job")
    assert out.startswith("12 jobs\n")
    assert [int(job) for job, *_ in jobs] == list(range(12))
    assert jobs[5][2] == "seed=1 optimizer=sgd model.hidden=[32,32] trainer.engine=stacked"
    shares = rows(out, "share")
    assert [(p[0], p[1], p[2]) for p in shares] == [("1", "6", "6"), ("2", "6", "6")]
    assert "digits 64-64-10 relu, 4,810 parameters, batch 32, float32" in shares[0][3]
    for job, at, overrides in jobs:
        assert ("64-64-10" if "[64]" in overrides else "64-32-32-10") in shares[int(at) - 1][3], job
    assert re.search(r"estimate: 12 runs on 2 workers, [\d.]+ s if each takes all its epochs \(they stop early\)", out)
    assert "nothing was trained or written" in out
    assert not list(here.iterdir())


def test_a_share_of_several_structures_says_how_many_and_how_large(here, capsys):
    words = ["seeds=3", "model.hidden=[8],[8,8]", "trainer.batch_size=32,64", "trainer.epochs=1"]
    out = dry(capsys, "-m", *words, "hydra.launcher.workers=1")
    assert rows(out, "share")[0][1:4] == ["12", "3", "4 structures, 610 to 682 parameters"]
    assert {at for _, at, _ in rows(out, "job")} == {"1"}
    out = dry(capsys, "-m", "trainer.batch_size=32,64", "trainer.epochs=1", "hydra.launcher.workers=1")
    assert rows(out, "share")[0][1:4] == ["2", "1", "2 structures, 9,610 parameters"]


def test_duplicates_are_said_and_train_once(here, capsys):
    out = dry(capsys, "-m", "regularizer.elastic_net.l1_ratio=0.1,0.5,0.9", "optimizer=nesterov,sgd", "name=a,b")
    assert out.startswith("12 jobs, 10 of them repeat others (")
    assert "regularizer.elastic_net.l1_ratio" in out.splitlines()[0]
    assert out.splitlines()[0].endswith("): 2 different, 4 with a copy of another's result (same_as in results.csv)")
    assert [at for _, at, _ in rows(out, "job")].count("repeats 0") == 5
    assert sum(int(p[1]) for p in rows(out, "share")) == 2


def test_a_single_run(here, capsys):
    out = dry(capsys, "optimizer=sgd", "trainer.epochs=3")
    assert out.startswith("1 run: optimizer=sgd trainer.epochs=3\ndigits: 1,797 rows")
    assert len(rows(out, "share")) == 1
    assert "estimate: 1 run, " in out
    assert not list(here.iterdir())


def test_a_job_that_is_cross_validated_is_several_runs(here, capsys):
    out = dry(capsys, "-m", "dataset.folds=5", "seeds=2", "hydra.launcher.workers=1")
    assert len(rows(out, "job")) == 2
    assert sum(int(p[1]) for p in rows(out, "share")) == 10
    assert "estimate: 10 runs" in out


@pytest.mark.parametrize("flags", [["-m"], ["-m", "hydra/launcher=basic"], ["-m", "hydra/sweeper=basic"]])
def test_every_problem_of_every_job(flags, here, capsys):
    message = dry(capsys, *flags, "optimizer.lr=0.1,-1", "seed=0,-2", "model.hiden=3", code=2)
    assert "jobs 2, 3 (optimizer.lr=-1): optimizer.lr = -1" in message
    assert "jobs 1, 3 (seed=-2): seed = -2" in message
    assert "model.hiden = 3: " in message
    assert "Traceback" not in message
    assert not list(here.iterdir())


def test_what_is_wrong_beside_the_data_names_the_job(here, capsys):
    message = dry(capsys, "-m", "loss=cross_entropy,mse", "dataset=diabetes", "early_stopping.monitor=val/loss", code=2)
    assert "job 0 (loss=cross_entropy): loss" in message
    message = dry(capsys, "-m", "dataset.train_size=100,100000", code=2)
    assert "100000" in message


def test_another_launcher_trains_one_after_the_other(here, capsys):
    out = dry(capsys, "-m", "hydra/launcher=basic", "seeds=3")
    assert {p[2] for p in rows(out, "share")} == {"1"}
    assert "on 1 worker" in out
    out = dry(capsys, "-m", "hydra/sweeper=random", "hydra.sweeper.n_trials=7", "optimizer.lr=interval(0.1,0.2)")
    assert len(rows(out, "job")) == 7


def test_keys_that_only_some_trials_have_are_said_before_the_jobs(here, capsys):
    words = [
        "hydra/sweeper=random",
        "hydra.sweeper.n_trials=6",
        "optimizer=sgd,adam",
        "optimizer.momentum=interval(0,1)",
    ]
    out = dry(capsys, "-m", *words)
    jobs = [overrides for *_, overrides in rows(out, "job")]
    count = sum("momentum" in job for job in jobs)
    first, second, *_ = out.splitlines()
    assert first == f"optimizer.momentum: searched with optimizer=sgd ({count} of 6 trials), absent elsewhere"
    assert second.startswith("6 jobs") and all(("momentum" in job) == ("sgd" in job) for job in jobs) and 0 < count < 6


@pytest.mark.parametrize("word", ["workers=0", "max_members=0", "executor=cloud"])
def test_a_launcher_that_cannot_work(word, here, capsys):
    said = dry(capsys, "-m", "seeds=2", f"hydra.launcher.{word}", code=2)
    assert f"hydra.launcher.{word.replace('=', ' = ')}" in said


def test_members_side_by_side_are_what_the_launcher_says(here, capsys):
    out = dry(capsys, "-m", "seeds=10", "hydra.launcher.max_members=3", "hydra.launcher.workers=1")
    shares = [(int(runs), int(width)) for _, runs, width, *_ in rows(out, "share")]
    assert sum(runs for runs, _ in shares) == 10
    assert all(width == min(runs, 3) for runs, width in shares) and shares[0][0] >= 3


def test_a_terminal_shows_the_first_jobs_and_all_if_asked(here, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    out = dry(capsys, "-m", "seeds=50")
    assert "seed=19" in out
    assert "seed=20" not in out
    assert "30 more: --all shows them" in out
    assert "seed=49" in dry(capsys, "-m", "seeds=50", "--all")
    monkeypatch.undo()
    assert len(rows(dry(capsys, "-m", "seeds=50"), "job")) == 50


def test_neither_torch_nor_scikit_learn_is_imported(tmp_path):
    code = (
        "import sys; from runner.cli import main; code = main(sys.argv[1:]); "
        "heavy = {'torch', 'numba', 'optuna', 'sklearn', 'pandas', 'tensorboard', 'matplotlib'}; "
        "print(sorted(heavy & set(sys.modules))); sys.exit(code)"
    )
    rules = "optimizer=glob(*,exclude=[bfgs,newton])"  # which hold a number a pair of parameters
    done = subprocess.run(
        [sys.executable, "-c", code, "-m", "--dry-run", "seeds=2", rules, "dataset=digits,two_moons"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"
    assert not list(tmp_path.iterdir())
