"""Stochastic depth and structural dropout: the numbers of their papers' definitions, worked out by hand."""

import numpy as np
import pytest
import torch

from runner.execution.configurations import read
from runner.population.layout import Layout
from runner.population.members import Columns
from runner.population.pieces.mlp import MLP
from runner.training.noise import NoiseSource

STEPS, BATCH = 400, 64


def factors(change: dict) -> list:
    """What each hidden layer is multiplied by, [steps, examples, units], or None."""
    run = read({"dataset": "two_moons", "trainer.dtype": "float64"} | change)
    layout = Layout([2, *run.model.hidden, 2], MLP(run.model.hidden, "relu").layers())
    drawn = NoiseSource(Columns([run], torch.float64), layout, BATCH).draw(np.arange(STEPS)[:, None], BATCH)
    hidden = [[step[place] for step in drawn] for place in range(1, layout.layers)]
    return [None if steps[0] is None else torch.stack([f[0] for f, _ in steps])[..., :4].numpy() for steps in hidden]


def test_the_share_of_residual_layers_that_is_kept_falls_in_a_line():
    """L = 4, p = 1/2: 0.875, 0.75, 0.625 and 0.5 are kept, so 2.75 layers are expected (Huang et al. 2016)."""
    first, *adding = factors(
        {"model.hidden": [4] * 5, "model.residual": True, "regularizer.stochastic_depth": 0.5, "seed": 3}
    )
    assert first is None  # the first hidden layer adds nothing to its output, and without it nothing would be left
    expected = [0.875, 0.75, 0.625, 0.5]
    for found, keep in zip(adding, expected, strict=True):
        assert found.shape == (STEPS, BATCH, 1)  # one number for all units of an example
        np.testing.assert_allclose(np.unique(found), [0, 1 / keep], rtol=1e-15)
        assert abs((found > 0).mean() - keep) < 4.5 * (keep * (1 - keep) / found.size) ** 0.5
    depth = np.array([(found > 0).mean() for found in adding]).sum()
    assert depth == pytest.approx(2.75, abs=0.03)


def test_each_unit_is_kept_as_often_as_the_first_k_of_n_hold_it():
    """n = 4: kept in 1, 3/4, 1/2 and 1/4 of the examples, with mean factors 25/12, 13/12, 7/12 and 1/4; any four equal
    units keep their sum.
    """
    [found] = factors({"model.hidden": [4], "regularizer.structural_dropout": 1, "seed": 1})
    lines = found.reshape(-1, 4)
    expected = {k: [4 / k] * k + [0] * (4 - k) for k in (1, 2, 3, 4)}
    assert {tuple(line) for line in lines} == {tuple(line) for line in expected.values()}
    np.testing.assert_array_equal(lines.sum(1), np.full(len(lines), 4.0))
    kept, n = (lines > 0).mean(0), len(lines)
    np.testing.assert_allclose(kept, [1, 0.75, 0.5, 0.25], atol=4.5 * 0.5 / n**0.5)
    exact = np.mean([expected[k] for k in expected], axis=0)
    np.testing.assert_allclose(exact, [2.0833, 1.0833, 0.5833, 0.25], atol=5e-5)
    np.testing.assert_allclose(lines.mean(0), exact, atol=4.5 * 1.2 / n**0.5)


def test_a_share_of_the_examples_keeps_all_units():
    [found] = factors({"model.hidden": [4], "regularizer.structural_dropout": 0.25})
    whole = (found == 1).all(-1).mean()  # those that are not cut, and those that are cut after the last unit
    assert whole == pytest.approx(0.75 + 0.25 / 4, abs=0.015)


def test_layers_are_cut_independently():
    first, second = factors({"model.hidden": [4, 4], "regularizer.structural_dropout": 1})
    a, b = ((each > 0).sum(-1).ravel() for each in (first, second))
    assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / len(a) ** 0.5
