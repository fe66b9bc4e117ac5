"""A sweep whose parent or worker is killed at any change it makes on the disk is the sweep never killed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sweep_folders
from sweep_crash_driver import ROLES

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent


def crash(folder: Path, jobs: Any) -> dict[str, Any]:
    """Let the driver do the jobs; what it says, after a check of every folder it left."""
    done = subprocess.run(
        [sys.executable, str(HERE / "sweep_crash_driver.py")],
        input=json.dumps({"folder": str(folder), "jobs": jobs}),
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{HERE}"},
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((folder / "result.json").read_text())
    assert result["code"] == 0
    expected = sweep_folders.contents(folder / "whole")
    for i, job in enumerate(result["jobs"]):
        where = f"{job} {(folder / f'{i}.log').read_text()[-2000:]}"
        assert job["killed"], where
        assert job["codes"] == ([-9, 0] if job["role"] == "parent" else [0]), where
        assert sweep_folders.contents(folder / str(i)) == expected, where
    return result


@pytest.mark.slow
def test_killed_at_some_points_and_resumed(tmp_path):
    chosen = random.Random(4)
    jobs = [[role, share] for role in ROLES for share in (chosen.random(), 1.0)]
    result = crash(tmp_path, jobs)
    assert len(result["jobs"]) == 4
    assert min(result["points"].values()) > 40


@pytest.mark.soak
def test_killed_at_every_point_and_resumed(tmp_path, capsys):
    result = crash(tmp_path, "every")
    with capsys.disabled():
        print(f"\nkilled at each of {result['points']} points")
    assert len(result["jobs"]) == sum(result["points"].values())
