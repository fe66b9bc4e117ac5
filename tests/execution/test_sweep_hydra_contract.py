"""What users of Hydra rely on: .hydra/ of every job, names of folders, callbacks, returns; as hydra/launcher=basic."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import Any

import pytest
import sweep_folders
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import OmegaConf

from runner.cli import main

JOBS = [
    "optimizer=sgd,momentum,lion", "seed=1", "name=x_${seed}", "regularizer=[dropout,l2]", "model.hidden=[5]",
    "optimizer.lr=0.02", "trainer=debug", "trainer.epochs=1", "dataset.train_size=60",
]  # fmt: skip
ELSEWHERE = {"dir", "output_dir", "launcher", "hydra/launcher"}
HEARD: list[tuple[str, Any, Any]] = []


class Listener(Callback):
    """Remembers what a callback of the user's hears."""

    def on_multirun_start(self, config: Any, **_: Any) -> None:
        HEARD.append(("multirun", config, None))

    def on_job_start(self, config: Any, **_: Any) -> None:
        HEARD.append(("start", config, HydraConfig.get().runtime.output_dir))

    def on_job_end(self, config: Any, job_return: JobReturn, **_: Any) -> None:
        HEARD.append(("end", config, job_return))


def hydra_files(folder: Path) -> dict[str, Any]:
    """The parsed content of .hydra/, without where and by which launcher the job was run."""
    return {path.name: _placeless(yaml.safe_load(path.read_text())) for path in (folder / ".hydra").iterdir()}


def _placeless(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _placeless(value) for key, value in node.items() if key not in ELSEWHERE}
    if isinstance(node, list):
        return [word for word in node if not str(word).startswith(("hydra.sweep.dir", "hydra/launcher"))]
    return node


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same sweep by Hydra's own launcher and by ours, with a callback listening."""
    root = tmp_path_factory.mktemp("both")
    listener = f"+hydra.callbacks.listener._target_={__name__}.Listener"
    HEARD.clear()
    for launcher in ("basic", "population"):
        sweep_folders.sweep(root / launcher, *JOBS, listener, f"hydra/launcher={launcher}")
    half = len(HEARD) // 2
    return root / "basic", root / "population", HEARD[:half], HEARD[half:]


def test_every_job_has_the_files_that_hydra_writes(both):
    theirs, ours, *_ = both
    runs = sorted(path for path in ours.iterdir() if path.name[0].isdigit())
    assert len(runs) == 3
    for number, run in enumerate(runs):
        assert hydra_files(run) == hydra_files(theirs / str(number))


def test_callbacks_hear_of_every_job_in_pairs(both):
    *_, theirs, ours = both
    assert [kind for kind, *_ in ours] == [kind for kind, *_ in theirs] == ["multirun", *["start", "end"] * 3]
    for (_, _, folder), (_, config, _) in zip(ours[1::2], ours[2::2], strict=True):
        assert (Path(folder) / "summary.json").is_file()
        assert config.hydra.runtime.output_dir == folder


def test_returns_hold_what_hydra_says_they_hold(both):
    _, ours_in, theirs, ours = both
    with (ours_in / "results.csv").open(newline="") as file:
        best = [float(row["val/loss"]) for row in csv.DictReader(file)]
    for (_, _, one), (_, _, other), value in zip(theirs[2::2], ours[2::2], best, strict=True):
        assert other.status == one.status == JobStatus.COMPLETED
        assert other.return_value == value
        assert other.overrides == one.overrides
        assert (other.task_name, other.working_dir) == (one.task_name, one.working_dir)
        assert other.cfg == one.cfg
        plain = [_placeless(OmegaConf.to_container(each.hydra_cfg, resolve=False)) for each in (one, other)]
        assert plain[0] == plain[1]


def test_the_basic_launcher_trains_the_same_runs(both):
    theirs, ours, *_ = both
    for number, run in enumerate(sweep_folders.runs(ours).values()):
        assert sweep_folders.run_content(theirs / str(number)) == sweep_folders.run_content(run)


def test_folders_can_be_named(tmp_path):
    name = "hydra.sweep.subdir='${hydra.job.num}/${hydra.job.override_dirname}'"
    folder = sweep_folders.sweep(tmp_path / "sweep", "seed=0,1", "trainer.epochs=1", *sweep_folders.SMALL, name)
    found = list(sweep_folders.runs(folder))
    words = "dataset.train_size=120,model.hidden=[6],seed={},trainer.epochs=1,trainer.progress=false"
    assert found == [f"{seed}/{words.format(seed)}" for seed in (0, 1)]
    whole = sweep_folders.contents(folder)
    (folder / found[1] / "summary.json").unlink()
    assert main(["resume", str(folder)]) == 0
    assert sweep_folders.contents(folder) == whole


@pytest.mark.parametrize(("subdir", "says"), [("same", "two runs"), ("../${hydra.job.num}", "not below")])
def test_folders_that_runs_cannot_have(tmp_path, capsys, subdir, says):
    sweep_folders.sweep(tmp_path / "sweep", "seed=0,1", f"hydra.sweep.subdir='{subdir}'", code=2)
    error = capsys.readouterr().err
    assert "hydra.sweep.subdir" in error
    assert says in error
    assert list(tmp_path.iterdir()) == []


def test_folds_of_a_named_folder_lie_beside_one_another(tmp_path):
    words = ["dataset.folds=2", "trainer.epochs=1", *sweep_folders.SMALL, "hydra.sweep.subdir='x${hydra.job.num}'"]
    folder = sweep_folders.sweep(tmp_path / "sweep", "seed=3,4", *words)
    assert [name.partition("_")[2] for name in sweep_folders.runs(folder)] == ["fold=0", "fold=1"] * 2


class Noon(datetime.datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime.datetime:
        return cls(2026, 1, 2, 12, 0, 0)


def test_two_sweeps_of_the_same_second_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hydra.core.utils.datetime", Noon)
    for _ in range(2):
        assert main(["-m", "seed=0,1", "trainer.epochs=1", *sweep_folders.SMALL]) == 0
    found = sorted(Path("outputs/sweeps").glob("*/*/results.csv"))
    assert [path.parent.as_posix() for path in found] == [f"outputs/sweeps/2026-01-02/12-00-00-{n}" for n in (1, 2)]
