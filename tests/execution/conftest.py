"""A small run and a small sweep that ended undisturbed and ones that were stopped, made once for this folder."""

from __future__ import annotations

import shutil

import crash_scenarios
import pytest
import run_folders
import sweep_folders
from interrupting import interrupted, words
from stopping import at_record

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
def whole_sweep(tmp_path_factory):
    """A sweep that has ended."""
    return sweep_folders.sweep(tmp_path_factory.mktemp("whole") / "sweep", *sweep_folders.STOPPED_WORDS)


@pytest.fixture(scope="session")
def stopped_sweep(tmp_path_factory):
    """A sweep stopped after its second epoch, with a checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        at_record(patch, 0, 2)
        folder = sweep_folders.sweep(
            tmp_path_factory.mktemp("stopped") / "sweep", *sweep_folders.STOPPED_WORDS, code=130
        )
    assert len(list(folder.glob("population-*.safetensors"))) == 1
    assert sweep_folders.results(folder) == []
    return folder


@pytest.fixture
def ended(whole_sweep, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(whole_sweep, tmp_path / "sweep")


@pytest.fixture
def half(stopped_sweep, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(stopped_sweep, tmp_path / "sweep")
