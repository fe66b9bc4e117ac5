"""The benchmark of whole sweeps still drives the product and its peers, and its arithmetic is right."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import sweep
from process_tree import tree, watched
from sweep import OURS, Contestant, Timing, judge, seconds_for, table, timed


@pytest.fixture(scope="module")
def rows():
    """The file of rows that peers train on; removed afterwards."""
    yield sweep.data()
    sweep.DATA.unlink()


@pytest.fixture
def forked(forks, monkeypatch):
    """Commands need not import anything first."""

    def run(command, cwd, env, **_):
        return forks.python(command[1:], cwd, **env)

    monkeypatch.setattr(sweep, "subprocess", SimpleNamespace(run=run))


@pytest.mark.parametrize("name", sweep.contestants())
def test_every_contestant_that_is_installed_trains(name, rows, forked):
    timing = timed(sweep.contestants(epochs=2)[name], 2)
    assert timing.runs == 2
    assert 0.3 < timing.accuracy <= 1


def test_peers_that_are_not_installed_are_left_out_by_name(monkeypatch):
    monkeypatch.setattr(sweep, "find_spec", lambda package: None if package == "lightning" else package)
    assert sweep.missing_packages() == ["lightning"]
    assert "lightning" not in sweep.contestants()
    assert {OURS, "tight loop", "skorch", "Hydra's basic launcher"} <= set(sweep.contestants())


def test_processor_time_is_that_of_all_processes():
    inner = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    timing = timed(Contestant(lambda runs, folder: [sys.executable, "-c", outer], lambda folder: [0.5, 0.7]), 2)
    assert 0.3 <= timing.cpu < 2
    assert timing.accuracy == pytest.approx(0.6)


def test_a_command_that_fails_or_loses_runs_gives_no_figure():
    failing = Contestant(lambda runs, folder: [sys.executable, "-c", "raise SystemExit('gone')"], lambda folder: [])
    with pytest.raises(RuntimeError, match=r"exit code 1\ngone"):
        timed(failing, 2)
    losing = Contestant(lambda runs, folder: [sys.executable, "-c", ""], lambda folder: [0.5])
    with pytest.raises(RuntimeError, match="1 of 2 runs"):
        timed(losing, 2)


def test_what_is_not_measured_lies_on_the_line():
    timings = [Timing(4, 10.0, 0.9), Timing(16, 34.0, 0.9)]
    assert [seconds_for(timings, runs) for runs in (4, 16, 64, 1024)] == [10.0, 34.0, 130.0, 2050.0]


def test_ratios_are_taken_within_a_round():
    found = {
        OURS: [[Timing(16, s, 0.9), Timing(64, 2 * s, 0.9)] for s in (1.0, 2.0, 4.0)],
        "lightning": [[Timing(4, s, 0.9, 2 * s), Timing(16, 4 * s, 0.9, 8 * s)] for s in (1.0, 6.0, 4.0)],
        "JAX": [[Timing(16, 3.0, 0.9), Timing(64, 6.0, 0.9)] for _ in range(3)],
        "JAX, vmap": [[Timing(16, 3.0, 0.9), Timing(64, 3.0, 0.9)] for _ in range(3)],
    }
    report = table(found, [16, 64])
    assert report["lightning"]["runs"][16] == {
        "seconds": 16.0,
        "cpu": 32.0,
        "measured": True,
        "ratio": 4.0,
        "ratios": [4.0, 12.0, 4.0],
    }
    assert report["lightning"]["runs"][64]["measured"] is False
    assert report["lightning"]["runs"][64]["ratios"] == [8.0, 24.0, 8.0]
    verdict = judge(report, {name: {"value": limit} for name, limit in sweep.LIMITS.items()}, 64)
    assert verdict["lightning, times"] == {"target": 60.0, "value": 8.0, "reached": False}
    assert verdict["JAX's best, times"] == {"target": 1.0, "value": 0.75, "reached": False}
    assert all(verdict[name]["reached"] for name in sweep.LIMITS)
    json.dumps(report)


def test_a_tree_of_processes_is_seen_whole():
    nested = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(30)'])"
    with subprocess.Popen([sys.executable, "-c", nested]) as process:
        until = time.monotonic() + 10
        while len(tree(process.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        found = tree(process.pid)
        for pid in reversed(found):
            os.kill(pid, 9)
    assert len(found) == 2


def test_memory_threads_and_files_are_measured():
    holding = "import time; x = bytearray(64 << 20); x[::4096] = bytes(len(x[::4096])).replace(b'\\0', b'1'); "
    holding += "files = [open('/dev/null') for _ in range(20)]; time.sleep(0.5)"
    peak = watched([sys.executable, "-c", holding], every=0.02)
    assert 64 < peak.memory < 128
    assert peak.processes == 1
    assert peak.threads == 1
    assert 20 <= peak.files < 40
    with pytest.raises(subprocess.CalledProcessError):
        watched([sys.executable, "-c", "raise SystemExit(3)"])
