"""Conditions every test runs under: one thread (set before torch is imported; subprocesses inherit it), no display."""

import gc
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["MPLBACKEND"] = "Agg"

import disks
import pytest
from fork_server import Forks
from hypothesis import settings

from runner.config import choices
from runner.config.engines import NATIVE, STACKED

disks.do_not_wait()

# Two busy cores make deadlines a coin toss. The examples are the same everywhere, so that a test which passed for one
# passes for all; `make soak` searches for others.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("same")


def pytest_collection_finish() -> None:
    """What importing and collecting have made stays to the end: the garbage collector need not go through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def forks():
    """Command lines in forks of a process that has everything imported."""
    server = Forks()
    yield server
    server.close()


@pytest.fixture(scope="session", params=[STACKED, NATIVE])
def engine(request):
    """What trains, for promises that both engines keep."""
    return request.param


@pytest.fixture(scope="session")
def way(engine):
    """The key that chooses it."""
    return {"trainer.engine": engine}


@pytest.fixture
def more():
    """What a test registers is taken back."""
    choices.load()
    before = {group: dict(found) for group, found in choices._ENTRIES.items()}
    yield
    choices.restore(before)
