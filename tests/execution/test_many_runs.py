"""Two thousand runs in one sweep, and many sweeps in one process: memory, files, threads and time a run stay the same.

The sweep is the real command line, looked at from outside in /proc while results.csv grows. Time is that of the
processor, so that a busy machine makes no difference. A run that has ended leaves its settings and its outcome in the
parent, five kilobytes; nothing else may grow from the hundredth run to the last.
"""

from __future__ import annotations

import gc
import itertools
import os
import statistics
import time
from dataclasses import dataclass, replace
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
    threads = max(state.threads for state in states)
    text = f"{runs} runs: {more / between:.2f} kB a run, open files {files}, threads {threads}"
    assert more <= kilobytes_a_run * between, text
    assert files[1] <= files[0], text
    assert threads == 1, text
    return text


def assert_as_fast(states: list[Held]) -> str:
    """The second half of the runs takes as much of the processor as the first; what was found, in words."""
    halves = itertools.pairwise((states[0], states[len(states) // 2], states[-1]))
    first, second = ((b.seconds - a.seconds) / (b.runs - a.runs) for a, b in halves)
    text = f"ms of the processor a run: {1000 * first:.2f}, then {1000 * second:.2f}"
    assert second <= 1.2 * first, text
    return text


@pytest.mark.soak
def test_two_thousand_runs_of_one_sweep(tmp_path, capsys):
    count = len(soak.seeds("RUNS", 2000))
    seen = watched(["-m", *TINY, f"seed=range({count})", "hydra.launcher.workers=2", "hydra.sweep.dir=sweep"], tmp_path)
    assert [row["status"] for row in results(tmp_path / "sweep")] == ["completed"] * count
    late = {who: [state for state in states if FROM <= state.runs < count] for who, states in seen.items()}
    said = [f"{who}: {assert_flat(states, kilobytes_a_run=10)}" for who, states in late.items()]
    both = [replace(a, seconds=a.seconds + b.seconds) for a, b in zip(*late.values(), strict=True)]
    with capsys.disabled():
        print("", *said, assert_as_fast(both), sep="\n")


@pytest.mark.soak
def test_many_sweeps_in_one_process(tmp_path, capsys):
    """Forty sweeps of 25 runs each, and as many calls of `runner.train`."""
    states = []
    for i in range(len(soak.seeds("SWEEPS", 40))):
        sweep(tmp_path / f"sweep-{i}", *TINY, f"seed=range({25 * i},{25 * i + 25})", "hydra.launcher.executor=serial")
        runner.train([{"dataset": "iris", "trainer.epochs": 2, "seed": i, "trainer.figures": False}], tmp_path)
        gc.collect()
        states.append(held([os.getpid()], 26 * (i + 1)))
    late = [state for state in states if state.runs >= FROM]
    said = [assert_flat(late, kilobytes_a_run=2), assert_as_fast(late)]
    with capsys.disabled():
        print("", *said, sep="\n")
