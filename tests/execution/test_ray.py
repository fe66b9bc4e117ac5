"""Sweeps on real Ray: the same as in one process, whoever is killed."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import soak
import sweep_folders
from command_line import REPOSITORY, Command
from test_sweep_kills import alive, children, end, ended

from runner.errors import ConfigError
from runner.execution.executors import ray_cluster

pytestmark = pytest.mark.engines
RAY = ["hydra.launcher.executor=ray", "hydra.launcher.max_members=3"]
LONG = [
    *sweep_folders.SMALL, "optimizer=sgd,adam", "regularizer.dropout=0,0.2",
    "early_stopping=none", "trainer.checkpoint_seconds=0.1", "trainer.engine=stacked,native",
]  # fmt: skip
HUNDREDS, SEVERAL = [*LONG, "seed=range(25)", "trainer.epochs=8"], [*LONG, "seed=range(3)", "trainer.epochs=30"]
HEAD = """
import ray, sys
ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="CRITICAL")
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def without_token():
    """A cluster asks for none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("PYTHONPATH", str(REPOSITORY))
        yield


@pytest.fixture(scope="module")
def cluster(without_token):
    """The address of a cluster that another process has started."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    head = subprocess.Popen([sys.executable, "-c", HEAD], **pipes)
    yield head.stdout.readline().strip()
    head.communicate("")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What the sweep is in one process."""
    return in_one_process(SEVERAL, tmp_path_factory.mktemp("whole"))


def in_one_process(words: list[str], into: Path) -> dict:
    """What becomes of a sweep that nobody disturbs."""
    command = Command(["-m", *words, "hydra.launcher.executor=serial", "hydra.sweep.dir=sweep"], into)
    assert command.end() == 0, command.text()
    return sweep_folders.contents(into / "sweep")


def descendants(pid: int) -> list[int]:
    """A process, its children, theirs and so on."""
    return [pid, *(each for child in children(pid) for each in descendants(child))]


def actors(pids: list[int]) -> list[int]:
    """Those of some processes that are actors of ours."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::RayWorker"):
                found.append(pid)
    return found


def start(words: list[str], into: Path, runs: int) -> Command:
    """The sweep, started, when so many of its runs have ended."""
    command = Command(["-m", *words, *RAY, "hydra.sweep.dir=sweep"], into)
    begun = (into / "sweep" / "sweep.yaml").exists
    command.wait_for(lambda: begun() and ended(into / "sweep") >= runs)
    return command


@pytest.mark.slow
def test_an_actor_is_killed_and_the_sweep_is_the_same(whole, tmp_path):
    command = start([*SEVERAL, "hydra.launcher.workers=2"], tmp_path, 2)
    end(actors(descendants(command.process.pid))[0])
    assert command.end() == 0, command.text()
    assert sweep_folders.contents(tmp_path / "sweep") == whole
    log = (tmp_path / "sweep" / "sweep.log").read_text()
    assert "broke: the Ray actor died" in log and "24 runs in" in log
    assert command.text().startswith("runner: starting Ray, which takes a few seconds\n")
    assert "ray::" not in command.text() and "(raylet)" not in command.text()


@pytest.mark.slow
def test_an_interrupted_sweep_on_a_cluster_goes_on_there_and_is_the_same(whole, cluster, tmp_path):
    command = start([*SEVERAL, f"hydra.launcher.address={cluster}"], tmp_path, 2)
    command.process.send_signal(signal.SIGINT)
    assert command.end() == 130, command.text()
    assert "interrupted; everything is saved" in command.text() and ended(tmp_path / "sweep") < 24
    command = Command(["resume", "sweep"], tmp_path)
    assert command.end() == 0, command.text()
    assert sweep_folders.contents(tmp_path / "sweep") == whole


@pytest.mark.slow
def test_the_launcher_is_killed_its_actors_die_and_the_sweep_goes_on_without_ray(whole, cluster, tmp_path):
    command = start([*SEVERAL, f"hydra.launcher.address={cluster}"], tmp_path, 2)
    before = actors([int(path.name) for path in Path("/proc").glob("[0-9]*")])
    end(command.process.pid)
    until = time.monotonic() + 2
    while any(map(alive, before)) and time.monotonic() < until:
        time.sleep(0.01)
    assert before and not any(map(alive, before))
    command = Command(["resume", "sweep", "--executor", "processes"], tmp_path)
    assert command.end() == 0, command.text()
    assert sweep_folders.contents(tmp_path / "sweep") == whole


def test_a_port_that_is_not_rays_is_refused_within_seconds(monkeypatch):
    monkeypatch.setattr(ray_cluster, "CONNECT_SECONDS", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match="no Ray answers there within 2 s"):
            ray_cluster.connect(address, None, 2, lambda: False, on_gpu=False)
        with pytest.raises(KeyboardInterrupt):
            ray_cluster.connect(address, None, 2, lambda: True, on_gpu=False)


@pytest.mark.soak
def test_two_hundred_runs_killed_at_random_moments(tmp_path, capsys):
    """Actors, the launcher, or all processes at once as when a machine loses its power."""
    (tmp_path / "whole").mkdir()
    whole = in_one_process(HUNDREDS, tmp_path / "whole")
    what, seen = soak.seeds("RAY_KILLS", 50), Counter()
    for seed in what:
        chosen, into = random.Random(f"ray {seed}"), tmp_path / str(seed)
        into.mkdir()
        command = start([*HUNDREDS, "hydra.launcher.workers=2"], into, chosen.randint(0, 190))
        time.sleep(chosen.uniform(0, 0.2))
        who = chosen.choice(["actor", "launcher", "machine"])
        everybody = descendants(command.process.pid)
        killed = {"actor": actors(everybody)[:1], "launcher": everybody[:1], "machine": everybody}[who]
        for pid in killed:
            end(pid)
        code = command.end()
        assert code == (0 if who == "actor" else -signal.SIGKILL), command.text()
        command = Command(["resume", "sweep"], into)
        assert command.end() == 0, command.text()
        same = sweep_folders.contents(into / "sweep") == whole
        assert same, f"{who} killed; {soak.again('RAY_KILLS', seed, 'test_ray.py')}"
        shutil.rmtree(into)
        seen[who if killed else "nobody"] += 1
        with capsys.disabled():
            print(f"{seed}: {who}", flush=True)
