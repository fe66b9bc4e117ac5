"""Runs killed at any change they make on the disk, and resumed, are those never killed: alone, in folds, together."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import crash_scenarios
import pytest
import run_folders
import ways
from crash_driver import ROLES
from fork_server import Forks

DRIVER = Path(__file__).parent / "crash_driver.py"
ALONE = ("every epoch", "every few epochs", "no checkpoint")
IN_ONE_PROCESS = (*ALONE, "folds", "together")
SCENARIOS = (*IN_ONE_PROCESS, "workers", *crash_scenarios.SWEEPS)


class Crashes:
    """What the driver did for one request."""

    def __init__(self, request: dict[str, Any], result: dict[str, Any]):
        self.scenario, self.folder, self.points = request["scenario"], Path(request["folder"]), result["points"]
        self.jobs = result["jobs"]
        assert result["code"] == 0, (self.folder / "whole.log").read_text()[-3000:]
        self.expected = ways.contents(self.folder / "whole")

    def check(self) -> int:
        """Every job must have ended in the files of the runs that were never killed; returns the number of kills."""
        for i, job in enumerate(self.jobs):
            log = (self.folder / f"{i}.log").read_text()
            where = f"{self.scenario!r} killed at {job['kills']} of {self.points}\n{log[-2000:]}"
            assert job["killed"][0], where
            dead = -9 if job["kills"][0] == "parent" else 0  # a worker that dies is replaced
            assert job["codes"] == [dead if killed else 0 for killed in job["killed"]] + [0], where
            found = ways.contents(self.folder / str(i))
            assert not run_folders.differences(found, self.expected), where
        return sum(sum(job["killed"]) for job in self.jobs)


def crash(forks: Forks, folder: Path, jobs: dict[str, Any]) -> dict[str, Crashes]:
    """Let the driver do the jobs of each scenario."""
    csv, files = crash_scenarios.table(folder / "table.csv"), [folder / f"{name}.json" for name in ("asked", "results")]
    requests = [
        {"scenario": scenario, "csv": str(csv), "folder": str(folder / scenario), "jobs": asked}
        for scenario, asked in jobs.items()
    ]
    files[0].write_text(json.dumps(requests))
    done = forks.python([str(DRIVER), *map(str, files)], folder, seconds=3600)
    assert done.returncode == 0, done.stderr
    results = json.loads(files[1].read_text())
    return {request["scenario"]: Crashes(request, result) for request, result in zip(requests, results, strict=True)}


def some(scenario: str, single: int, double: int, again: int = 1) -> list[list[Any]]:
    """Seeded jobs: killed once, and killed again (and again) while resuming; the last point is always among them.

    With two workers their points are not the same in every run, so that the last may not be reached.
    """
    chosen, last = random.Random(f"{scenario} {again}"), 0.9 if scenario == "workers" else 1.0
    roles = ROLES[:1] if scenario in (*IN_ONE_PROCESS, "figures") else ROLES
    once = [[role, share * last] for role in roles for share in [chosen.random() for _ in range(single - 1)] + [1.0]]
    return once + [
        [chosen.choice(roles), chosen.random() * last, *(chosen.randint(1, 40) for _ in range(again))]
        for _ in range(double)
    ]


@pytest.fixture(scope="module")
def sample(forks, tmp_path_factory):
    """A few crashes of each scenario."""
    asked = {
        scenario: some(scenario, 2 if scenario in ("workers", *crash_scenarios.SWEEPS) else 3, 1)
        for scenario in SCENARIOS
    }
    return crash(forks, tmp_path_factory.mktemp("crashes"), asked)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_at_some_points_and_resumed(sample, scenario):
    assert sample[scenario].check() >= 4


@pytest.mark.slow
def test_the_scenarios_hold_what_they_promise(sample):
    """Early stopping, a reduced rate, histograms, steps; in company, ends at different epochs."""
    run = sample["every epoch"].expected["."]
    header, *rows = run["metrics"]
    tags = {tag for _, tag, _ in run["events"]}
    assert run["summary"]["status"] == "stopped_early"
    assert len({row[header.index("lr")] for row in rows[1:]}) > 1
    assert {"objective/step", "weights/layer0", "loss/val", "best/test/loss"} <= tags
    assert sample["every epoch"].points["parent"] > 100
    together = [run for name, run in sample["together"].expected.items() if name != "results"]
    assert len({run["summary"]["epochs"] for run in together}) > 2
    assert min(sample["sweep"].points.values()) > 40


@pytest.mark.soak
@pytest.mark.parametrize("scenario", [scenario for scenario in SCENARIOS if scenario != "workers"])
def test_killed_at_every_point_and_resumed(scenario, forks, tmp_path, capsys):
    crashes = crash(forks, tmp_path, {scenario: "every"})[scenario]
    assert crashes.check() == sum(crashes.points.values())
    with capsys.disabled():
        print(f"\n{scenario}: killed at each of {crashes.points} points")


@pytest.mark.soak
@pytest.mark.parametrize("scenario", (*SCENARIOS, "figures"))
def test_killed_again_while_resuming(scenario, forks, tmp_path, capsys):
    crashes = crash(forks, tmp_path, {scenario: some(scenario, 1, 40, again=3)})[scenario]
    kills = crashes.check()
    with capsys.disabled():
        print(f"\n{scenario}: {kills} kills in {len(crashes.jobs)} runs")
    assert kills > len(crashes.jobs)
