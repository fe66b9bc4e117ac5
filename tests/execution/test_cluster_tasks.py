"""Sweeps whose runs are handed to tasks of a cluster, a stand-in: what is handed out, lost, taken up and told."""

from __future__ import annotations

import json

import pytest
import stand_in_cluster
import sweep_folders

from runner.cli import main
from runner.execution.cluster import handed

LOCAL = "hydra/launcher=submitit_local"
WORDS = ["dataset=iris", "model.hidden=[4]", "trainer.epochs=3", "trainer.progress=false", "seed=range(6)"]
ON_TASKS = [*WORDS, LOCAL, "hydra.launcher.tasks=3"]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The sweep on this machine alone."""
    return sweep_folders.contents(sweep_folders.sweep(tmp_path_factory.mktemp("here") / "s", *WORDS))


def test_tasks_leave_the_same_sweep_as_workers_and_nothing_of_their_own(expected, monkeypatch, tmp_path):
    stand_in_cluster.use(monkeypatch)
    folder = sweep_folders.sweep(tmp_path / "s", *ON_TASKS)
    assert sweep_folders.contents(folder) == expected
    assert not (folder / ".tasks").exists()


def test_each_run_is_handed_to_one_task(monkeypatch, tmp_path):
    stand_in = stand_in_cluster.use(monkeypatch, lose=lambda *_: "PENDING")
    monkeypatch.setattr(stand_in, "states", lambda jobs: dict.fromkeys(jobs, "PENDING"))
    assert main(["-m", *ON_TASKS, f"hydra.sweep.dir={tmp_path}/s", "--detach"]) == 0
    parts = [json.loads(path.read_text()) for path in sorted((tmp_path / "s/.tasks/000").glob("[0-9]*.json"))]
    assert [len(part["runs"]) for part in parts] == [2, 2, 2]
    assert len({name for part in parts for name in part["runs"]}) == 6
    assert sorted(line for part in parts for line in part["lines"]) == list(range(6))


def test_a_lost_task_is_handed_out_again(expected, monkeypatch, tmp_path, capsys):
    lose = {(0, 1): "NODE_FAIL", (0, 2): "FAILED+"}
    stand_in_cluster.use(monkeypatch, lose=lambda *task: lose.get(task))
    folder = sweep_folders.sweep(tmp_path / "s", *ON_TASKS)
    assert sweep_folders.contents(folder) == expected
    assert "task 0_1 was lost (NODE_FAIL); its log: " in capsys.readouterr().err


def test_runs_with_which_three_tasks_are_lost_fail_and_name_the_log(monkeypatch, tmp_path):
    stand_in = stand_in_cluster.use(
        monkeypatch, lose=lambda submission, index: "OUT_OF_MEMORY+" if index == 0 else None
    )
    folder = sweep_folders.sweep(tmp_path / "s", *ON_TASKS, code=1)
    failed = [row for row in sweep_folders.results(folder) if row["status"] == "failed"]
    assert len(failed) == 2 and len(stand_in.tasks) == 3 + 1 + 1
    assert all("was lost (OUT_OF_MEMORY); its log: " in row["error"] for row in failed)


def test_tasks_of_which_none_begins_stop_the_sweep_and_name_the_folder(monkeypatch, tmp_path, capsys):
    stand_in = stand_in_cluster.use(monkeypatch, lose=lambda *_: "FAILED")
    sweep_folders.sweep(tmp_path / "s", *ON_TASKS, code=1)
    told = capsys.readouterr().err
    assert f"before it began to train, as did all others: does its node see {tmp_path}/s?" in told
    assert len(stand_in.tasks) == 3


def test_cancelled_tasks_are_not_handed_out_again_and_resuming_does_it(expected, monkeypatch, tmp_path, capsys):
    stand_in_cluster.use(monkeypatch, lose=lambda *task: "CANCELLED" if task == (0, 1) else None)
    folder = sweep_folders.sweep(tmp_path / "s", *ON_TASKS, code=1)
    assert "task 0_1 was cancelled. Everything is saved; continue with: runner resume" in capsys.readouterr().err
    assert len(sweep_folders.results(folder)) == 4
    stand_in_cluster.use(monkeypatch)
    assert main(["resume", str(folder)]) == 0
    assert sweep_folders.contents(folder) == expected


def test_a_cluster_that_does_not_answer_is_asked_again(expected, monkeypatch, tmp_path, capsys):
    stand_in_cluster.use(monkeypatch, silent=3)
    assert sweep_folders.contents(sweep_folders.sweep(tmp_path / "s", *ON_TASKS)) == expected
    assert capsys.readouterr().err.count("the cluster does not answer (no contact); asking again") == 1


def test_a_detached_sweep_is_collected_by_resuming_it(expected, monkeypatch, tmp_path, capsys):
    stand_in = stand_in_cluster.use(monkeypatch)
    assert main(["-m", *ON_TASKS, f"hydra.sweep.dir={tmp_path}/s", "--detach"]) == 0
    assert f"3 tasks at work on {tmp_path}/s" in capsys.readouterr().err
    answers = iter([dict.fromkeys(stand_in.tasks, "RUNNING")])
    states = stand_in.states
    monkeypatch.setattr(stand_in, "states", lambda jobs: next(answers, None) or states(jobs))
    assert main(["resume", f"{tmp_path}/s"]) == 0
    assert "3 tasks of job 0 at work on the sweep already: watching" in capsys.readouterr().err
    assert len(stand_in.tasks) == 3
    assert sweep_folders.contents(tmp_path / "s") == expected


def test_workers_of_this_machine_are_refused_while_tasks_are_at_work(monkeypatch, tmp_path, capsys):
    stand_in = stand_in_cluster.use(monkeypatch)
    assert main(["-m", *ON_TASKS, f"hydra.sweep.dir={tmp_path}/s", "--detach"]) == 0
    monkeypatch.setattr(stand_in, "states", lambda jobs: dict.fromkeys(jobs, "RUNNING"))
    assert main(["-m", *WORDS, "seed=9", f"hydra.sweep.dir={tmp_path}/s", "--extend"]) == 2
    assert "3 tasks of job 0 at work on this sweep; watch them with `runner resume" in capsys.readouterr().err


def test_a_task_whose_launcher_died_before_it_noted_it_leaves(expected, monkeypatch, tmp_path):
    stand_in = stand_in_cluster.use(monkeypatch)
    assert main(["-m", *ON_TASKS, f"hydra.sweep.dir={tmp_path}/s", "--detach"]) == 0
    (tmp_path / "s/.tasks/000/jobs.json").unlink()
    orphans = dict(stand_in.tasks)
    assert main(["resume", f"{tmp_path}/s"]) == 0
    assert sweep_folders.contents(tmp_path / "s") == expected
    assert {stand_in._carry_out(job) for job in orphans} == {"FAILED"}
    assert sweep_folders.contents(tmp_path / "s") == expected


def test_a_run_that_fails_in_a_task_fails_alone_and_its_task_says_so(monkeypatch, tmp_path):
    from runner.training.trial import Trial

    stand_in = stand_in_cluster.use(monkeypatch)
    record = Trial.record

    def broken(self, *words, **more):
        if self.settings.seed == 3:
            raise ArithmeticError("seed 3")
        return record(self, *words, **more)

    monkeypatch.setattr(Trial, "record", broken)
    folder = sweep_folders.sweep(tmp_path / "s", *ON_TASKS, code=1)
    statuses = {row["seed"]: row["status"] for row in sweep_folders.results(folder)}
    assert statuses.pop("3") == "failed" and set(statuses.values()) == {"completed"}
    assert sorted(stand_in.ended.values()) == ["COMPLETED", "COMPLETED", "FAILED"]


def test_ensembles_train_in_tasks_and_end_with_the_launcher(monkeypatch, tmp_path):
    words = [*WORDS[:-1], "seed=0,1", "ensemble=deep", "ensemble.size=2"]
    here = sweep_folders.sweep(tmp_path / "here", *words)
    stand_in_cluster.use(monkeypatch)
    there = sweep_folders.sweep(tmp_path / "there", *words, LOCAL, "hydra.launcher.tasks=2")
    assert sweep_folders.results(there) == sweep_folders.results(here)


def test_halving_pauses_runs_in_tasks_and_goes_on_with_the_best(monkeypatch, tmp_path):
    words = [*WORDS[:-1], "trainer.epochs=9", "early_stopping=none", "optimizer.lr=0.001,0.01,0.1", "seed=0,1"]
    search = ["hydra/sweeper=halving", "hydra.sweeper.eta=3", "hydra.sweeper.min_epochs=3"]
    here = sweep_folders.sweep(tmp_path / "here", *words, *search)
    stand_in_cluster.use(monkeypatch)
    there = sweep_folders.sweep(tmp_path / "there", *words, *search, LOCAL, "hydra.launcher.tasks=2")
    assert sweep_folders.results(there) == sweep_folders.results(here)
    assert {row["status"] for row in sweep_folders.results(there)} == {"pruned", "completed"}


def test_checkpoints_of_an_earlier_submission_are_no_others(tmp_path):
    for name in ("population-000-000-001", "population-004-001-007", "population-009"):
        (tmp_path / f"{name}.safetensors").touch()
    folder = handed.new_folder(tmp_path)
    assert folder == tmp_path / ".tasks/005"
    assert handed.new_folder(tmp_path).name == "006"
    assert handed.writes(handed.checkpoint_name(5, 1, 3), 5, 1) and not handed.writes("population-004-001-007", 5, 1)
    assert not handed.writes(handed.checkpoint_name(5, 11, 3), 5, 1)
