"""The benchmark of a step still drives the product and its rivals."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from contestants import Examples, Shape, data_loader, ours, scikit_learn, tight_loop


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_every_contestant_trains(dropout):
    data = Examples(Shape((8, 6, 3), 16), steps=2)
    field = [tight_loop(data, dropout), data_loader(data, dropout), scikit_learn(data, dropout), ours(data, dropout, 3)]
    present = [contestant for contestant in field if contestant]
    assert len(present) == (4 if dropout == 0 else 3)  # scikit-learn has no dropout
    for contestant in present:
        contestant.train()
    engine = ours(data, dropout, 3)
    trained = engine.train()
    assert trained["objectives"].shape == (2, 3)
