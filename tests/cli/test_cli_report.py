"""The commands about results on the real command line: a sweep from its start to its page, in pipes, quickly."""

import os
import shlex
import subprocess
import sys
import time

import pytest
from command_line import REPOSITORY

from runner.commands import COMMANDS

SWEEP = [
    "-m",
    "optimizer.lr=1e-3,1e-2",
    "seed=0,1,2",
    "model.hidden=[8]",
    "trainer.epochs=3",
    "regularizer.l2=0.1",
]


@pytest.fixture(scope="module")
def here(tmp_path_factory, forks):
    folder = tmp_path_factory.mktemp("here")
    assert forks.run(*SWEEP, "hydra.launcher.workers=1", cwd=folder).returncode == 0
    return folder


def real(command, folder, **environment):
    """What a line of a shell prints in a folder."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment
    return subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_both_are_commands():
    assert {"report", "best"} <= set(COMMANDS)


def test_report_of_the_last_sweep(here, forks):
    found = forks.run("report", "last", "--html", "page.html", "--csv", "table.csv", cwd=here)
    assert found.returncode == 0 and found.stderr == ""
    assert "2 settings, 6 runs: 6 finished" in found.stdout
    assert "all: model.hidden=8  trainer.epochs=3  regularizer.l2=0.1" in found.stdout
    assert "over 3 seeds, on this split" in found.stdout and "runner-up (lr=0.001)" in found.stdout
    curves, over_rate = 2 * 2 * 2, 2 * 3  # settings, charts, splits; charts, splits
    assert (here / "page.html").read_text().count("<polyline") == curves + over_rate
    assert len((here / "table.csv").read_text().splitlines()) == 3


def test_the_suggested_command_adds_seeds_to_the_sweep(tmp_path, forks):
    words = [word for word in SWEEP if not word.startswith("seed=")]
    assert forks.run(*words, "seed=1", "hydra.launcher.workers=1", cwd=tmp_path).returncode == 0
    found = forks.run("report", "last", cwd=tmp_path).stdout
    assert "One seed cannot tell" in found
    (suggested,) = [line.strip() for line in found.splitlines() if line.startswith("  runner -m")]
    assert forks.run(*shlex.split(suggested)[1:], cwd=tmp_path).returncode == 0
    assert "2 settings, 10 runs: 10 finished" in forks.run("report", "last", cwd=tmp_path).stdout


def test_best_of_the_last_sweep(here, forks):
    found = forks.run("best", "last", cwd=here)
    assert found.returncode == 0 and "best of 2 settings by val/loss" in found.stdout
    assert "  runner optimizer.lr=0.01 seed=" in found.stdout


def test_a_pipe_that_closes_and_an_encoding_without_signs(here):
    found = real(f"{sys.executable} -m runner report last | head -n 1", here)
    assert found.stdout.startswith("2 settings") and "Traceback" not in found.stderr
    found = real(f"{sys.executable} -m runner report last", here, PYTHONIOENCODING="ascii")
    assert found.returncode == 0 and "? 0." in found.stdout


@pytest.mark.parametrize(
    "words", [["report"], ["report", "last", "--top", "-1"], ["report", "last", "--heat", "a,b"], ["best"]]
)
def test_wrong_usage_is_exit_code_2(words, here, forks):
    found = forks.run(*words, cwd=here)
    assert found.returncode == 2 and "usage: runner" in found.stderr


def test_neither_torch_nor_pandas_is_imported(here):
    code = (
        "import sys; from runner.cli import main\n"
        "def heavy(): return [m for m in ('torch', 'pandas', 'sklearn', 'matplotlib', 'hydra') if m in sys.modules]\n"
        "main(['report', 'last', '--html', 'p.html']); found = heavy()\n"
        "main(['best', 'last']); print(found, heavy())"  # which composes the words that it prints
    )
    found = real(shlex.join([sys.executable, "-c", code]), here)
    assert found.stdout.splitlines()[-1] == "[] ['hydra']"


def test_a_thousand_runs_are_reported_in_seconds(tmp_path, forks):
    header = (
        "run,status,optimizer.lr,seed,best_epoch,epochs,val/loss,val/accuracy,test/loss,test/accuracy,seconds,error"
    )
    rows = [f"{i:04d}_r,completed,{1 + i // 4},{i % 4},3,5,{i % 7 / 7 + i},0.5,0.25,0.125,1.0," for i in range(1024)]
    (tmp_path / "results.csv").write_text("\n".join([header, *rows]) + "\n")
    started = time.perf_counter()
    found = forks.run("report", ".", "--html", cwd=tmp_path)
    assert found.returncode == 0 and "256 settings, 1,024 runs" in found.stdout
    assert time.perf_counter() - started < 10  # measured: 1.5 s on a busy machine
