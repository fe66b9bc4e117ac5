"""What a launcher of a cluster can be asked for, what it is refused, and how a sweep is dealt to tasks."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest
import stand_in_cluster
import sweep_folders

from hydra_plugins.runner_submitit import LocalLauncherConf, SlurmLauncherConf
from runner.cli import main
from runner.config import launchers
from runner.errors import ConfigError
from runner.execution.cluster import dealing, engines
from runner.execution.cluster.engines import Slurm, Unanswered
from runner.execution.cluster.queue import Queue
from runner.execution.options import Options
from runner.execution.work import Work
from runner.plan.populations import Population

STOCK = {
    "timeout_min",
    "cpus_per_task",
    "gpus_per_node",
    "tasks_per_node",
    "mem_gb",
    "nodes",
    "name",
    "stderr_to_stdout",
    "submitit_folder",
}
STOCK_SLURM = STOCK | {
    "partition",
    "qos",
    "account",
    "comment",
    "constraint",
    "exclude",
    "gres",
    "cpus_per_gpu",
    "gpus_per_task",
    "mem_per_gpu",
    "mem_per_cpu",
    "signal_delay_s",
    "max_num_timeout",
    "additional_parameters",
    "array_parallelism",
    "setup",
}
OURS = {"_target_", "tasks", "workers", "max_members", "keep_going", "detach"}
SWEEP = ["-m", "dataset=iris", "model.hidden=[4]", "trainer.epochs=1", "trainer.progress=false", "seed=0,1"]
ON_SLURM = [*SWEEP, "hydra/launcher=submitit_slurm"]


def names(kind: type) -> set[str]:
    return {each.name for each in dataclasses.fields(kind)}


def test_the_keys_are_those_of_hydra_submitit_launcher_and_ours():
    assert names(SlurmLauncherConf) == STOCK_SLURM | OURS
    assert names(LocalLauncherConf) == STOCK | OURS
    Options.checked(vars(SlurmLauncherConf()))
    Options.checked(vars(LocalLauncherConf()))


@pytest.mark.parametrize(
    ("cluster", "key", "value", "problem"),
    [
        ("slurm", "tasks", 201, "must be a whole number from 1 to 200; each task trains many runs"),
        ("slurm", "tasks", 0, "must be a whole number >= 1"),
        ("slurm", "timeout_min", "60", "must be a whole number >= 1"),
        ("slurm", "max_num_timeout", -1, "must be a whole number >= 0"),
        ("slurm", "detach", "yes", "must be true or false"),
        ("slurm", "partion", "main", "unknown key; did you mean partition?"),
        ("local", "partition", "main", "unknown key"),
        ("local", "nodes", 2, "this machine is one node"),
    ],
)
def test_bad_values_are_refused_by_key(cluster, key, value, problem):
    with pytest.raises(ConfigError) as told:
        Queue.checked(cluster, {key: value})
    assert f"hydra.launcher.{key} = {value!r}: {problem}" in str(told.value)


@pytest.mark.parametrize(
    ("absent", "there", "problem"),
    [
        ("submitit", "", 'needs submitit, which is not installed; `pip install "runner[slurm]"`'),
        ("", launchers.STOCK, "`pip uninstall hydra-submitit-launcher` leaves runner's own"),
    ],
)
def test_packages_that_lack_or_clash_are_named_before_anything_is_written(
    absent, there, problem, monkeypatch, tmp_path, capsys
):
    found = launchers._found
    monkeypatch.setattr(launchers, "_found", lambda name: name == there or (name != absent and found(name)))
    for more in ([], ["--dry-run"]):
        assert main([*ON_SLURM, f"hydra.sweep.dir={tmp_path}/s", *more]) == 2
        assert problem in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_a_machine_without_slurm_is_told_of(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([*ON_SLURM, f"hydra.sweep.dir={tmp_path}/s"]) == 2
    assert "there is no sbatch on PATH" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("words", [SWEEP, SWEEP[1:-1]])
def test_only_what_goes_on_by_itself_is_detached(words, tmp_path, capsys):
    assert main([*words, "--detach"]) == 2
    assert "--detach: only tasks of a cluster go on by themselves" in capsys.readouterr().err


def test_the_yaml_of_a_site_works_unchanged(monkeypatch, tmp_path):
    (tmp_path / "hydra/launcher").mkdir(parents=True)
    (tmp_path / "hydra/launcher/ours.yaml").write_text(
        f"_target_: {launchers.STOCK}.submitit_launcher.SlurmLauncher\n"
        "submitit_folder: ${hydra.sweep.dir}/.submitit/%j\n"
        "timeout_min: 30\npartition: main\nname: ${hydra.job.name}\nadditional_parameters: {nice: 5}\n"
    )
    stand_in = stand_in_cluster.use(monkeypatch)
    monkeypatch.setattr(engines, "check", lambda *_: None)
    sweep_folders.sweep(tmp_path / "s", "--config-dir", str(tmp_path), *SWEEP[1:], "hydra/launcher=ours")
    assert len(stand_in.tasks) == 1
    stored = Options.stored(tmp_path / "s", {})
    assert stored.queue and stored.queue.value("partition") == "main"
    assert Options.stored(tmp_path / "s", {"executor": "processes"}) == Options()


def test_tasks_have_a_minute_of_work_or_more_and_are_at_most_two_hundred():
    slurm = Queue("slurm")
    assert [slurm.places(10_000, seconds, 1) for seconds in (1.0, 120.0, 10_000.0, 1e6)] == [1, 2, 167, 200]
    assert slurm.places(10_000, 10_000.0, 4) == 42
    assert Queue("slurm", {"array_parallelism": 8}).places(10_000, 1e6, 1) == 8
    assert Queue("slurm", {"tasks_per_node": 4}, tasks=5).places(10_000, 1.0, 1) == 20
    assert Queue("slurm", tasks=200).places(7, 1e6, 1) == 7


def test_every_place_is_dealt_about_the_same_time(monkeypatch):
    seconds = [1.0 + number % 7 * 5 for number in range(60)]
    monkeypatch.setattr(dealing, "share_seconds", lambda share, *_: sum(seconds[i] for i in share.members))
    dealt = dealing.deal([Work((Population((i,), 1),), Path()) for i in range(60)], [], [], 8)
    assert sorted(i for work, _ in dealt for i in work.members) == list(range(60))
    busy = [sum(seconds[i] for i in work.members) for work, _ in dealt]
    assert len(busy) == 8 and max(busy) - min(busy) <= max(seconds) / 2


@pytest.mark.parametrize(
    ("code", "output", "error", "expected"),
    [
        (
            0,
            "7 0 RUNNING\n7 1 PENDING\n7 2 FAILED\n8 N/A COMPLETED\n",
            "",
            {"7_0": "RUNNING", "7_1": "PENDING", "8": "COMPLETED"},
        ),
        (1, "", "slurm_load_jobs error: Invalid job id specified", {}),
        (1, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)", Unanswered),
    ],
)
def test_what_squeue_answers(code, output, error, expected, monkeypatch):
    done = subprocess.CompletedProcess([], code, output, error)
    monkeypatch.setattr(engines.subprocess, "run", lambda *_, **__: done)
    if expected is Unanswered:
        with pytest.raises(Unanswered, match="Unable to contact slurm controller"):
            Slurm().states(["7_0"])
    else:
        assert Slurm().states(["7_0", "7_1", "8"]) == expected
