"""The commands about results on the real command line: a sweep from its start to its page, in pipes, quickly."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.commands import COMMANDS

ROOT = Path(__file__).parents[2]
SWEEP = [
    "-m",
    "optimizer.lr=1e-3,1e-2",
    "seed=0,1,2",
    "model.hidden=[8]",
    "trainer.epochs=3",
    "regularizer.l2=0.1",
]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("here")
    assert command(folder, *SWEEP, "hydra.launcher.workers=1").returncode == 0
    return folder


def command(folder, *words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "runner", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_both_are_commands():
    assert {"report", "best"} <= set(COMMANDS)


def test_report_of_the_last_sweep(here):
    found = command(here, "report", "last", "--html", "page.html", "--csv", "table.csv")
    assert found.returncode == 0 and found.stderr == ""
    assert "2 settings, 6 runs: 6 finished" in found.stdout
    assert "all: model.hidden=8  trainer.epochs=3  regularizer.l2=0.1" in found.stdout
    assert "over 3 seeds, on this split" in found.stdout and "runner-up (lr=0.001)" in found.stdout
    assert (here / "page.html").read_text().count("<polyline") == 2 * 2 * 2  # settings, charts, splits
    assert len((here / "table.csv").read_text().splitlines()) == 3


def test_the_suggested_command_adds_seeds_to_the_sweep(tmp_path):
    words = [word for word in SWEEP if not word.startswith("seed=")]
    assert command(tmp_path, *words, "seed=1", "hydra.launcher.workers=1").returncode == 0
    found = command(tmp_path, "report", "last").stdout
    assert "One seed cannot tell" in found
    (suggested,) = [line.strip() for line in found.splitlines() if line.startswith("  runner -m")]
    assert command(tmp_path, *shlex.split(suggested)[1:]).returncode == 0
    assert "2 settings, 10 runs: 10 finished" in command(tmp_path, "report", "last").stdout


def test_best_of_the_last_sweep(here):
    found = command(here, "best", "last")
    assert found.returncode == 0 and "best of 2 settings by val/loss" in found.stdout
    assert "  runner optimizer.lr=0.01 seed=" in found.stdout


def test_a_pipe_that_closes_and_an_encoding_without_signs(here):
    line = f"{sys.executable} -m runner report last | head -n 1"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    found = subprocess.run(line, shell=True, cwd=here, env=environment, capture_output=True, text=True, check=False)
    assert found.stdout.startswith("2 settings") and "Traceback" not in found.stderr
    found = command(here, "report", "last", PYTHONIOENCODING="ascii")
    assert found.returncode == 0 and "? 0." in found.stdout


@pytest.mark.parametrize(
    "words", [["report"], ["report", "last", "--top", "-1"], ["report", "last", "--heat", "a,b"], ["best"]]
)
def test_wrong_usage_is_exit_code_2(words, here):
    found = command(here, *words)
    assert found.returncode == 2 and "usage: runner" in found.stderr


def test_neither_torch_nor_pandas_is_imported(here):
    code = (
        "import sys; from runner.cli import main\n"
        "def heavy(): return [m for m in ('torch', 'pandas', 'sklearn', 'matplotlib', 'hydra') if m in sys.modules]\n"
        "main(['report', 'last', '--html', 'p.html']); found = heavy()\n"
        "main(['best', 'last']); print(found, heavy())"  # which composes the words that it prints
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=here, env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines()[-1] == "[] ['hydra']"


def test_a_thousand_runs_are_reported_in_seconds(tmp_path):
    header = (
        "run,status,optimizer.lr,seed,best_epoch,epochs,val/loss,val/accuracy,test/loss,test/accuracy,seconds,error"
    )
    rows = [f"{i:04d}_r,completed,{1 + i // 4},{i % 4},3,5,{i % 7 / 7 + i},0.5,0.25,0.125,1.0," for i in range(1024)]
    (tmp_path / "results.csv").write_text("\n".join([header, *rows]) + "\n")
    started = time.perf_counter()
    found = command(tmp_path, "report", ".", "--html")
    assert found.returncode == 0 and "256 settings, 1024 runs" in found.stdout
    assert time.perf_counter() - started < 10  # measured: 1.5 s on a busy machine
