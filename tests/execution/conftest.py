"""One small run that ended undisturbed and one that was stopped, made once for all tests of this folder."""

from __future__ import annotations

import shutil

import crash_scenarios
import pytest
import run_folders
from fork_server import Forks
from interrupting import interrupted, words

from runner.cli import main


@pytest.fixture(scope="session")
def csv(tmp_path_factory):
    """The table they are trained on."""
    return crash_scenarios.table(tmp_path_factory.mktemp("table") / "table.csv")


@pytest.fixture(scope="session")
def whole(csv, tmp_path_factory):
    """What the undisturbed run left behind."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert main(words(csv, folder)) == 0
    return run_folders.contents(folder)


@pytest.fixture(scope="session")
def stopped(csv, tmp_path_factory):
    """The folder of a run stopped after three epochs."""
    return interrupted(csv, tmp_path_factory.mktemp("stopped") / "run")


@pytest.fixture
def resumable(stopped, tmp_path):
    """A copy of it that a test may spoil."""
    return shutil.copytree(stopped, tmp_path / "run")


@pytest.fixture(scope="session")
def forks():
    """Command lines in forks of a process that has everything imported."""
    server = Forks()
    yield server
    server.close()
