"""One work of runs of several structures: one population after the other, the numbers of runs alone, at any stop."""

from __future__ import annotations

import pytest
import sweep_folders
from stopping import at_epoch, stop
from sweep_folders import SMALL, contents, runs, sweep

from runner.cli import main
from runner.execution.carry_out import carry_out
from runner.execution.configurations import read
from runner.execution.events import Begun, Done, Ended, Progressed
from runner.execution.work import Run, Work
from runner.plan.populations import Population
from runner.plan.read_data import data_of
from runner.plan.shares import share_out
from runner.training import checkpoint

WORDS = [
    *SMALL[:1], *SMALL[2:], "model.hidden=[9],[5,4]", "trainer.batch_size=16,40", "optimizer=sgd,adamw", "seed=0,1",
    "trainer.epochs=3", "hydra.launcher.executor=serial", "hydra.launcher.max_members=3",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Sixteen runs of four structures."""
    return sweep(tmp_path_factory.mktemp("whole") / "sweep", *WORDS)


def given(folder) -> list[str]:
    """What the log of a sweep says of works that were handed out."""
    lines = (folder / "sweep.log").read_text().splitlines()
    return [line[21:] for line in lines if " trains " in line]


def test_runs_of_four_structures_are_one_work_and_each_is_the_run_alone(whole, tmp_path):
    assert given(whole) == ["worker 0 trains 16 runs: 0-15"]
    for number in (0, 6, 15):
        run = list(runs(whole).values())[number]
        assert sweep_folders.alone(run, tmp_path / f"alone-{number}") == sweep_folders.run_content(run)


@pytest.mark.parametrize("epoch", [2, 8, 17])
def test_stopped_in_any_of_its_populations_it_continues_where_it_was(whole, tmp_path, monkeypatch, epoch):
    folder = tmp_path / "sweep"
    with monkeypatch.context() as patch:
        at_epoch(patch, epoch, stop)
        sweep(folder, *WORDS, code=130)
    (path,) = folder.glob("population-*.safetensors")
    held = checkpoint.rows(path)
    assert 1 <= len(held) <= 3
    assert len({str(row["settings"]["model.hidden"]) for row in held}) == 1
    assert main(["resume", str(folder)]) == 0
    assert contents(folder) == contents(whole)
    assert len(given(folder)) == 3  # the work, what its checkpoint held, the rest


def test_only_runs_in_training_are_told_of(tmp_path):
    runs = [
        Run(tmp_path / f"{hidden}-{seed}", read({"model.hidden": [hidden], "seed": seed, "trainer.epochs": 2}))
        for hidden in (4, 6)
        for seed in range(3)
    ]
    for run in runs:
        run.folder.mkdir()
    data = data_of([run.settings for run in runs])
    (share,) = share_out(range(6), [run.settings for run in runs], data, 1, max_members=2)
    assert share.populations == (Population((3, 4, 5), 2), Population((0, 1, 2), 2))  # the longer ones first
    work, told = Work(share.populations, tmp_path / "checkpoint"), []
    assert carry_out(0, work, runs, data, tell=told.append, asked_to_stop=lambda: False) == Done(work)
    assert work.first == (3, 4)
    assert [event.parameters for event in told if isinstance(event, Begun)] == [64 * 6 + 6 + 70, 64 * 4 + 4 + 50]
    in_training = [set(event.rows) for event in told if isinstance(event, Progressed)]
    assert in_training == [{3, 4}, {3, 4}, {5}, {5}, {0, 1}, {0, 1}, {2}, {2}]
    assert sorted(event.run for event in told if isinstance(event, Ended)) == list(range(6))
