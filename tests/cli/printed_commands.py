"""Varied runs and sweeps in a working folder of their own, and the commands that are printed about them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import runner
from runner.cli import main

TINY = ["trainer.epochs=1", "trainer.figures=false", "trainer.histograms=0", "trainer.progress=false"]
IRIS = ["dataset=iris", "model.hidden=[4]", *TINY]
CSV = ["dataset=csv", "dataset.path=my table.csv", "dataset.target='the answer, y'", "model.hidden=[4]", *TINY]
SERIAL = "hydra.launcher.executor=serial"
LAB = """\
defaults:
  - {dataset: iris}
  - {model: mlp}
  - {loss: auto}
  - {optimizer: adamw}
  - {scheduler: constant}
  - {early_stopping: default}
  - {trainer: default}
  - {averaging: none}
  - neutral_regularizer
  - neutral_augmentation
  - _self_
optimizer: {lr: 0.02}
trainer: {epochs: 1, figures: false, histograms: 0, progress: false}
model: {hidden: [5]}
dataset: {val_fraction: 0.2}
seed: 0
"""
ON_OURS = """\
defaults: [config, _self_]
hydra: {launcher: {executor: serial}}
trainer: {epochs: 1, figures: false, histograms: 0, progress: false}
optimizer: {lr: 0.02}
dataset: {name: digits, train_size: 50}
"""
RECIPE = """\
# @package _global_
defaults:
  - override /dataset: iris
  - override /optimizer: momentum
hydra:
  mode: MULTIRUN
  sweeper: {params: {optimizer.lr: "0.01,0.1", regularizer.dropout: "0.1,0.2", seeds: 2}}
trainer: {epochs: 1, figures: false, histograms: 0, progress: false}
model: {hidden: [4]}
"""

# name -> the words it is started with; a name that begins with "sweep" is written to hydra.sweep.dir.
_STARTED = {
    "run of a table": "CSV",
    "run by presets": "IRIS optimizer=nesterov regularizer=[dropout,l2,batch_norm] scheduler=cosine ++seed=3",
    "run of another primary configuration": "--config-path mine --config-name=lab seed=2",
    "run of a primary configuration on ours": "--config-dir mine --config-name on_ours seed=1",
    "run with a folder of choices": "-cd mine IRIS optimizer=slow",
    "run of a recipe": "--config-dir mine experiment=rates hydra.mode=RUN optimizer.lr=0.3",
    "run with weights": "CSV dataset.class_weights={no:2,yes:0.5} \"name='a, \\\\'b\\\\' x'\"",
    "run of one fold": "IRIS dataset.folds=3 dataset.fold=1",
    "run of folds": "CSV dataset.folds=3",
    "sweep of a grid": "-m IRIS optimizer.lr=0.01,0.1 model.hidden=[4],[3,3] seeds=2 SERIAL",
    "sweep of a table": "-m CSV dataset.scaling=none,minmax SERIAL",
    "sweep at random": "-m IRIS hydra/sweeper=random hydra.sweeper.n_trials=3 SERIAL optimizer=sgd,adam "
    "optimizer.lr=tag(log,interval(1e-3,1e-1)) regularizer.dropout=interval(0,0.5)",
    "sweep with a zip": "-m IRIS optimizer=sgd,adam optimizer.lr=0.1,0.01 seed=4,5 SERIAL "
    "hydra.sweeper.zip=[[optimizer,optimizer.lr]] hydra.sweeper.max_jobs=50",
    "sweep of another primary configuration": "-m --config-path mine --config-name lab seeds=2 SERIAL",
    "sweep of a primary configuration on ours": "-m -cd mine -cn on_ours optimizer=sgd,adam",
    "sweep of a recipe": "--config-dir mine experiment=rates SERIAL",
    "sweep of folds": "-m IRIS dataset.folds=2 optimizer.lr=0.01,0.1 SERIAL",
    "sweep of splits": "-m IRIS dataset.split_seed=0,1 optimizer.momentum=0,0.5 optimizer=sgd SERIAL",
    "sweep of draws": "-m TINY model.hidden=[4] dataset=two_moons dataset.n=60 dataset.data_seed=3,4 SERIAL",
    "sweep of problems": "-m TINY model.hidden=[4] dataset=wine,iris optimizer=sgd,adam SERIAL",
    "sweep by the basic launcher": "-m IRIS hydra/launcher=basic optimizer.lr=0.01,0.1",
}
SHORT = {"TINY": TINY, "IRIS": IRIS, "CSV": CSV, "SERIAL": [SERIAL]}
STARTED = {
    name: [word for short in shlex.split(line) for word in SHORT.get(short, [short])] for name, line in _STARTED.items()
}
FAST = ("run of a table", "sweep at random", "sweep of another primary configuration")


class Lab:
    """A working folder `home` in which things are started, and `other`, from which they are looked at as well."""

    def __init__(self, root: Path):
        self.home, self.other = root / "home", root / "other folder"
        for folder in (self.home, self.other, self.home / "mine" / "experiment", self.home / "mine" / "optimizer"):
            folder.mkdir(parents=True)
        rows = [f"{i * 7 % 11}.5,{i % 5},{'yes' if i * 7 % 11 > 5 else 'no'}" for i in range(60)]
        (self.home / "my table.csv").write_text('a,b,"the answer, y"\n' + "\n".join(rows) + "\n")
        (self.home / "mine" / "lab.yaml").write_text(LAB)
        (self.home / "mine" / "on_ours.yaml").write_text(ON_OURS)
        (self.home / "mine" / "experiment" / "rates.yaml").write_text(RECIPE)
        (self.home / "mine" / "optimizer" / "slow.yaml").write_text("defaults: [sgd]\nlr: 0.003\n")

    def start(self, name: str) -> tuple[Path, list[str]]:
        """(where it was written, the commands printed at its end); each in a folder named after it."""
        place = self.home / "done" / name
        kind = "sweep" if name.startswith("sweep") else "run"
        printed = commands(self.runner(self.home, *STARTED[name], f"hydra.{kind}.dir='done/{name}'"))
        return place, printed

    def from_python(self) -> Path:
        """The folder of two runs that no words started."""
        shared = {"trainer": {"epochs": 1, "figures": False, "histograms": 0}, "model": {"hidden": [4]}}
        table = {"name": "csv", "path": str(self.home / "my table.csv"), "target": "the answer, y"}
        configs = [{**shared, "dataset": table, "optimizer": {"name": "sgd", "lr": lr}} for lr in (0.1, 0.123456789)]
        return runner.train(configs, self.home / "python")[0].folder.parent

    def runner(self, folder: Path, *words: str) -> str:
        """What a command prints that is run in a working folder, and ends well."""
        out, err = io.StringIO(), io.StringIO()
        with working_in(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(words))
        assert code == 0, f"runner {shlex.join(words)}\n{out.getvalue()}\n{err.getvalue()}"
        return out.getvalue()


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def commands(printed: str) -> list[str]:
    """The lines that are commands, but for those that wait for something (a file, a browser)."""
    found = [line.strip() for line in printed.splitlines() if line.startswith("  runner ")]
    return [line for line in found if "INPUT" not in line and not line.startswith("runner dashboard")]


def models(folder: Path) -> dict[str, bytes]:
    """Settings (as text, but for the name) -> the weights' file, of every run at or below a folder."""
    from runner.execution.stored import read_config

    found = {}
    for path in folder.rglob("model.safetensors"):
        tree = read_config(path.parent).tree()
        found[json.dumps(tree | {"name": None}, sort_keys=True)] = path.read_bytes()
    return found
