"""A run killed at any write, fsync, rename, truncation, creation or deletion, and resumed, is the run never killed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import crash_scenarios
import pytest
import run_folders

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
SCENARIOS = ("every epoch", "every few epochs", "no checkpoint", "together")


class Crashes:
    """What the driver did for one request."""

    def __init__(self, request: dict[str, Any], result: dict[str, Any]):
        self.scenario, self.folder, self.points = request["scenario"], Path(request["folder"]), result["points"]
        self.names = list(crash_scenarios.runs(self.scenario, Path(request["csv"])))
        self.jobs = result["jobs"]
        assert result["error"] is None, result["error"]
        self.expected = run_folders.all_contents(self.folder / "whole", self.names)

    def check(self) -> int:
        """Every job must have ended in the files of the run that was never killed; returns the number of kills."""
        for i, job in enumerate(self.jobs):
            where = f"{self.scenario!r} killed at {job['kills']} of {self.points}"
            assert job["error"] is None, f"{where}\n{job['error']}"
            assert job["killed"][0], where
            found = run_folders.all_contents(self.folder / str(i), self.names)
            assert not run_folders.differences(found, self.expected), where
        return sum(sum(job["killed"]) for job in self.jobs)


def crash(folder: Path, jobs: dict[str, Any]) -> dict[str, Crashes]:
    """Let the driver do the jobs of each scenario."""
    csv = crash_scenarios.table(folder / "table.csv")
    requests = [
        {"scenario": scenario, "csv": str(csv), "folder": str(folder / scenario), "jobs": asked}
        for scenario, asked in jobs.items()
    ]
    done = subprocess.run(
        [sys.executable, str(HERE / "crash_driver.py")],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{HERE}"},
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    return {request["scenario"]: Crashes(request, result) for request, result in zip(requests, results, strict=True)}


def some(scenario: str, single: int, double: int, again: int = 1) -> list[list[float]]:
    """Seeded jobs: killed once, and killed again (and again) while resuming; the last point is always among them."""
    chosen = random.Random(scenario)
    once = [[chosen.random()] for _ in range(single - 1)] + [[1.0]]
    return once + [[chosen.random(), *(chosen.randint(1, 40) for _ in range(again))] for _ in range(double)]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A few crashes of each scenario."""
    return crash(tmp_path_factory.mktemp("crashes"), {scenario: some(scenario, 4, 1) for scenario in SCENARIOS})


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_at_some_points_and_resumed(sample, scenario):
    assert sample[scenario].check() >= 5


@pytest.mark.slow
def test_the_scenarios_hold_what_they_promise(sample):
    """Early stopping, a reduced rate, histograms, steps; in company, ends at different epochs."""
    run = sample["every epoch"].expected["."]
    header, *rows = run["metrics"]
    tags = {tag for _, tag, _ in run["events"]}
    assert run["summary"]["status"] == "stopped_early"
    assert len({row[header.index("lr")] for row in rows[1:]}) > 1
    assert {"objective/step", "weights/layer0", "loss/val", "best/test/loss"} <= tags
    assert sample["every epoch"].points > 100
    assert len({other["summary"]["epochs"] for other in sample["together"].expected.values()}) > 2


@pytest.mark.soak
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_at_every_point_and_resumed(scenario, tmp_path, capsys):
    crashes = crash(tmp_path, {scenario: "every"})[scenario]
    assert crashes.check() == crashes.points
    with capsys.disabled():
        print(f"\n{scenario}: killed at each of {crashes.points} points")


@pytest.mark.soak
@pytest.mark.parametrize("scenario", (*SCENARIOS, "figures"))
def test_killed_again_while_resuming(scenario, tmp_path, capsys):
    crashes = crash(tmp_path, {scenario: some(f"again {scenario}", 1, 40, again=3)})[scenario]
    kills = crashes.check()
    with capsys.disabled():
        print(f"\n{scenario}: {kills} kills in {len(crashes.jobs)} runs")
    assert kills > len(crashes.jobs)
