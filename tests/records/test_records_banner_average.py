"""What the first lines of a run say about averages of the weights."""

import pytest

from runner.execution.configurations import read
from runner.records.console import _optimizer


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "adamw lr=0.001, constant"),
        ({"averaging": "ema"}, "adamw lr=0.001, constant, averaging ema"),
        ({"averaging": "swa", "averaging.start": 0.5}, "adamw lr=0.001, constant, averaging swa start=0.5"),
    ],
)
def test_averages_are_said_where_there_are_some(change, expected):
    assert _optimizer(read(change)) == expected
