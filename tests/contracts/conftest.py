"""Both engines, for promises that both keep."""

import pytest

from runner.config.engines import NATIVE, STACKED


@pytest.fixture(params=[STACKED, NATIVE])
def engine(request):
    """What trains."""
    return request.param


@pytest.fixture
def way(engine):
    """The key that chooses it."""
    return {"trainer.engine": engine}
