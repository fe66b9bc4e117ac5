"""Two thousand runs in one sweep, and many sweeps in one process: memory, files, threads and time a run stay the same.

The sweep is the real command line, looked at from outside in /proc while results.csv grows. Time is that of the
processor, so that a busy machine makes no difference. A run that has ended leaves its settings and its outcome in the
parent, some kilobytes; nothing else may grow from the hundredth run to the last.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import soak
from command_line import Command
from sweep_folders import results, sweep
from test_sweep_kills import children

import runner

TINY = ["dataset=iris", "model.hidden=[4]", "trainer.epochs=2", "trainer.progress=false"]
FROM = 100  # the first runs bring what is then used again: code, tables, caches
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Held:
    """What some processes hold and have used after so many runs."""

    runs: int
    kilobytes: int  # of the largest process
    files: int  # in the one with most
    threads: int  # in the one with most
    seconds: float  # of the processor, all of them together


def held(pids: list[int], runs: int) -> Held:
    """Of living processes; those that have just ended count as nothing."""
    found = [each for each in map(_of, pids) if each]
    kilobytes, files, threads, seconds = zip(*found, strict=True) if found else ([0], [0], [0], [0])
    return Held(runs, max(kilobytes), max(files), max(threads), sum(seconds))


def _of(pid: int) -> tuple[int, int, int, float] | None:
    process = Path(f"/proc/{pid}")
    try:
        said = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        used = (process / "stat").read_text().rpartition(")")[2].split()[11:15]  # of itself and of children that ended
        files = len(list((process / "fd").iterdir()))
        return int(said["VmRSS"].split()[0]), files, int(said["Threads"]), sum(map(int, used)) / TICK
    except (OSError, KeyError):
        return None


def watched(words: list[str], into: Path) -> dict[str, list[Held]]:
    """What parent and workers held while the command ran, looked at whenever results.csv had grown."""
    command, table, seen, rows = Command(words, into), into / "sweep" / "results.csv", {"parent": [], "workers": []}, 0
    while command.process.poll() is None:
        now = table.read_bytes().count(b"\n") - 1 if table.exists() else 0
        if now > rows:
            parent, rows = command.process.pid, now
            seen["parent"].append(held([parent], rows))
            seen["workers"].append(held(children(parent), rows))
        time.sleep(0.05)
    assert command.end() == 0, command.text()
    return seen


def assert_flat(states: list[Held], kilobytes_a_run: float) -> str:
    """Nothing grows from the first state to the last but so many kilobytes a run; what was found, in words."""
    part = max(1, len(states) // 4)
    first, last, runs = states[:part], states[-part:], states[-1].runs - states[0].runs
    more = statistics.median(s.kilobytes for s in last) - statistics.median(s.kilobytes for s in first)
    between = statistics.mean(s.runs for s in last) - statistics.mean(s.runs for s in first)
    files = [max(state.files for state in each) for each in (first, last)]
    middle = states[len(states) // 2]
    costs = [(b.seconds - a.seconds) / (b.runs - a.runs) for a, b in ((states[0], middle), (middle, states[-1]))]
    text = (
        f"{runs} runs: {more / between:.2f} kB a run, files {files}, threads {max(s.threads for s in states)}, "
        f"ms a run {1000 * costs[0]:.2f}, then {1000 * costs[1]:.2f}"
    )
    assert more <= kilobytes_a_run * between, text
    assert files[1] <= files[0], text
    assert max(state.threads for state in states) == 1, text
    assert costs[1] <= 1.25 * costs[0] + 1 / TICK, text
    return text


@pytest.mark.soak
def test_two_thousand_runs_of_one_sweep(tmp_path, capsys):
    count = len(soak.seeds("RUNS", 2000))
    seen = watched(["-m", *TINY, f"seed=range({count})", "hydra.launcher.workers=2", "hydra.sweep.dir=sweep"], tmp_path)
    assert [row["status"] for row in results(tmp_path / "sweep")] == ["completed"] * count
    for who, states in seen.items():
        said = assert_flat([state for state in states if FROM <= state.runs < count], kilobytes_a_run=10)
        with capsys.disabled():
            print(f"\n{who}: {said}")


@pytest.mark.soak
def test_many_sweeps_in_one_process(tmp_path, capsys):
    """Forty sweeps of 25 runs each, and as many calls of `runner.train`."""
    states = []
    for i in range(len(soak.seeds("SWEEPS", 40))):
        sweep(tmp_path / f"sweep-{i}", *TINY, f"seed=range({25 * i},{25 * i + 25})", "hydra.launcher.executor=serial")
        runner.train([{"dataset": "iris", "trainer.epochs": 2, "seed": i}], tmp_path)
        gc.collect()
        states.append(held([os.getpid()], 26 * (i + 1)))
    said = assert_flat([state for state in states if state.runs >= FROM], kilobytes_a_run=10)
    with capsys.disabled():
        print(f"\n{said}")
