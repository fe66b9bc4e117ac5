"""The folder of a run, of runs that were started together and of a sweep: what the files in it are called.

A run lies in a folder of its own. Runs that were started together lie below one, whose list says which they are; the
folds of a run lie below its own folder. What a kill leaves beside them is named here, too.
"""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY = ".tmp"  # at the end of the name of a file that is being written, to take the place of another

CONFIG = Path(".hydra") / "config.yaml"  # of a run, or of one that stands for its folds
HYDRA = tuple(f".hydra/{name}.yaml" for name in ("config", "overrides", "hydra"))
METRICS, EVENTS, LOG = "metrics.csv", "events.out.tfevents.0.runner", "train.log"  # while a run trains
STEPS = "steps.csv"  # the same, of a run that logs steps
MODEL, SUMMARY = "model.safetensors", "summary.json"  # when it has ended; the summary is written last
CHECKPOINT = "checkpoint.safetensors"  # of a run that trains alone
LAST = "last.safetensors"  # of a run that pauses or has ended, from which it can continue

LIST = "sweep.yaml"  # of the runs of a sweep and of `runner.train`
OLD_LIST = "unfinished.json"  # of the runs of `runner.train` and of folds, by earlier versions
MULTIRUN = "multirun.yaml"  # that Hydra has started the sweep
RESULTS = "results.csv"  # of runs that were started together: a row a run
POPULATION = "population-{:03d}.safetensors"  # the checkpoint of some of them
TASKS = ".tasks"  # what a sweep has handed to tasks of a cluster, until its runs have ended
FOLD = "fold="  # how the folder of a fold begins
MEMBERS = "members"  # in the folder of an ensemble: a folder a member
SIZES = "sizes.csv"  # of an ensemble: what the first, the first two, ... members reach
COMBINATION = "combination.safetensors"  # of an ensemble: the numbers by which the members are combined, if there are
ANSWERS = "answers.safetensors"  # of a member: what it says about each split

TRAINED = (METRICS, SUMMARY, CHECKPOINT, LIST, OLD_LIST)  # what a new start in the same folder would overwrite
STARTED = (".hydra", LIST, OLD_LIST, MULTIRUN)  # what is written first
WRITTEN_WHOLE = (CHECKPOINT, MODEL, ANSWERS, COMBINATION, SUMMARY, str(CONFIG))  # of a run, by way of TEMPORARY
LEFT_OVER = (CHECKPOINT, *(f"{name}{TEMPORARY}" for name in WRITTEN_WHOLE))  # by a kill, when a run has ended


def is_run(folder: Path) -> bool:
    """Whether a run, runs together or a sweep have been started in `folder`."""
    return any((folder / name).is_file() for name in (CONFIG, LIST, OLD_LIST, MULTIRUN))


def is_sweep(folder: Path) -> bool:
    """Whether the runs of a sweep, or of `runner.train`, lie below `folder`."""
    return (folder / LIST).is_file() or (folder / MULTIRUN).is_file()


def is_ensemble(folder: Path) -> bool:
    """Whether the run in `folder` is made of members, which have begun to train below it."""
    return (folder / MEMBERS).is_dir() and (folder / CONFIG).is_file()


def is_listed(folder: Path) -> bool:
    """Whether a list in `folder` says which runs lie below it, so that they resume together."""
    return (folder / LIST).is_file() or ((folder / OLD_LIST).is_file() and not (folder / CONFIG).is_file())


def checkpoints(root: Path) -> list[Path]:
    """The checkpoints of the run in `root`, or of the runs below it."""
    alone = root / CHECKPOINT
    return sorted(root.glob(POPULATION.replace("{:03d}", "*"))) + ([alone] if alone.exists() else [])


def left_over(folder: Path) -> list[Path]:
    """What a kill leaves beside the files of a run that has ended: its checkpoint, and halves of files."""
    return [folder / name for name in LEFT_OVER if os.path.exists(f"{folder}/{name}")]
