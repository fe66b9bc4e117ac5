"""Writes what some version of runner leaves behind: PYTHONPATH=CHECKOUT python make.py FOLDER

FOLDER/run, train, sweep and folds were stopped after their second epoch, FOLDER/finished is a sweep that has ended.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import runner
from runner.cli import main
from runner.errors import RunnerError
from runner.training.trial import Trial

SMALL = [
    "dataset=two_moons", "dataset.n=80", "model.hidden=[3]", "trainer.epochs=4", "trainer.checkpoint_seconds=0",
    "trainer.progress=false", "trainer.figures=false", "regularizer.dropout=0.1",
]  # fmt: skip
WHOLE = os.getpid()


def stopping(self, epoch, row, record=Trial.record):
    """As Trial.record; SIGTERM for this process, and for the one that it works for, at the second epoch of a run."""
    if epoch == 2 and not done:
        done.append(1)
        for pid in {os.getpid(), WHOLE}:
            os.kill(pid, signal.SIGTERM)
    return record(self, epoch, row)


done: list[int] = []


def stopped(start) -> None:
    """Let `start` start something that is stopped."""
    record, Trial.record = Trial.record, stopping
    done.clear()
    try:
        assert start() == 130
    except RunnerError as error:
        assert error.exit_code == 130
    finally:
        Trial.record = record


os.chdir(sys.argv[1])
LAUNCHER = "hydra.launcher.workers=1"
assert main(["-m", *SMALL, "seed=0,1", "optimizer=sgd,adam", LAUNCHER, "hydra.sweep.dir=finished"]) == 0
stopped(lambda: main([*SMALL, "hydra.run.dir=run"]))
stopped(lambda: main([*SMALL, "dataset.folds=3", "hydra.run.dir=folds"]))
stopped(lambda: main(["-m", *SMALL, "seed=0,1,2,3", LAUNCHER, "hydra.sweep.dir=sweep"]))
stopped(lambda: runner.train([[*SMALL, f"seed={seed}"] for seed in range(3)], "python"))
next(Path("python").glob("*/*")).rename("train")
