"""Monte Carlo dropout against what is known exactly: moments of one hidden layer, Gal's tau, entropies."""

import numpy as np
import pytest

import runner
from runner.execution.configurations import read
from runner.population.architecture import Architecture
from runner.reports.monte_carlo import entropy, of_classes, precision, precision_of, spread
from runner.training.noisy_passes import NoisyPasses


def network(change=None) -> NoisyPasses:
    """h = (1, 0.5, 2, 0) of x = 1, w = (1, -1, 0.5, 3), b = 0.1, dropout 0.2 before the linear output."""
    run = read({"dataset": "sine", "model.hidden": [4], "regularizer.dropout": 0.2} | (change or {}))
    architecture = Architecture(run.model, 1, 1, aligned=False)
    theta = np.zeros(architecture.layout.size)
    values = {"0.weight": [1, 0.5, 2, -1], "0.bias": [0] * 4, "1.weight": [1, -1, 0.5, 3], "1.bias": [0.1]}
    for name, numbers in values.items():
        slot = architecture.layout.slots[name]
        slot.true(theta[None])[0] = np.reshape(numbers, slot.shape)
    return NoisyPasses(run, architecture, "float64", theta, np.zeros(architecture.layout.buffer_size))


@pytest.mark.parametrize("change", [{}, {"regularizer.dropout": 0.0, "regularizer.direct_dropout": 0.2}])
def test_mean_and_variance_are_those_of_the_masks(change):
    """Mean w h + b = 1.6, variance p/(1-p) sum (w_j h_j)^2 = 0.5625, w the weights that evaluation uses."""
    n = 200_000
    answers = network(change).outputs(np.ones((n // 100, 1)), 100)[..., 0]
    mean, variance = spread(answers.reshape(-1, 1))
    assert abs(mean[0] - 1.6) < 4.5 * (0.5625 / n) ** 0.5
    assert variance[0] == pytest.approx(0.5625, abs=0.01)
    masks = np.array(np.meshgrid(*[[0, 1]] * 4)).reshape(4, -1).T
    weights = np.prod(np.where(masks, 0.8, 0.2), axis=1)
    exact = masks / 0.8 @ np.array([1, -0.5, 1, 0]) + 0.1
    assert weights @ exact == pytest.approx(1.6, rel=1e-12)
    assert weights @ np.square(exact - 1.6) == pytest.approx(0.5625, rel=1e-12)
    assert set(np.round(answers, 9).ravel()) <= set(np.round(exact, 9))


def test_every_pass_and_every_example_has_its_own_noise_and_a_seed_the_same():
    x = np.ones((600, 1))
    once, again, other = network().outputs(x, 3), network().outputs(x, 3), network().outputs(x, 3, seed=1)
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)
    flat = once[..., 0].reshape(3, -1)
    assert np.abs(np.corrcoef(flat) - np.eye(3)).max() < 4.5 / 600**0.5
    assert abs(np.corrcoef(flat[0, :256], flat[0, 256:512])[0, 1]) < 4.5 / 256**0.5


def test_gals_precision():
    """p 0.1, l 1, N 1000, lambda 1e-4: 4.5; and a run's lambda is a quarter of its L2 strength."""
    assert precision(0.1, 1, 1000, 1e-4) == pytest.approx(4.5, rel=1e-12)
    run = read({"dataset": "sine", "optimizer": "sgd", "regularizer.dropout": 0.1, "regularizer.l2": 4e-4})
    assert precision_of(run, 1000, 1.0)[0] == pytest.approx(4.5, rel=1e-12)
    assert precision_of(run, 1000, 2.0)[0] == pytest.approx(18, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "scale", "why"),
    [
        ({}, None, "--length-scale"),
        ({"regularizer.l2": 0.0}, 1.0, "no regularizer.l2"),
        ({"regularizer.dropout": [0.1]}, 1.0, "one regularizer.dropout"),
        ({"loss": "mae"}, 1.0, "loss=mse"),
    ],
)
def test_a_run_without_a_precision_says_why(change, scale, why):
    common = {"dataset": "sine", "optimizer": "sgd", "regularizer.dropout": 0.1, "regularizer.l2": 1e-3}
    found, reason = precision_of(read(common | change), 100, scale)
    assert found is None and why in reason


def test_the_noise_of_the_data_is_part_of_the_variance():
    mean, variance = spread(np.array([[1.0], [3.0]]), 4.0)
    assert (mean[0], variance[0]) == (2.0, 1.25)


def test_entropy_and_what_the_weights_do_not_agree_on():
    """Passes that are certain of different classes: all of ln 2 is disagreement. Passes that all say 1/2: none is."""
    split = of_classes(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]))
    same = of_classes(np.full((2, 1, 2), 0.5))
    for found, mutual in ((split, np.log(2)), (same, 0.0)):
        assert found.entropy[0] == pytest.approx(np.log(2), rel=1e-12)
        assert found.mutual_information[0] == pytest.approx(mutual, abs=1e-12)
        np.testing.assert_allclose(found.probabilities, [[0.5, 0.5]])
    assert split.sd[0] == 0.5 and same.sd[0] == 0
    assert entropy(np.array([1.0, 0.0])) == 0


def test_a_band_widens_away_from_the_data(tmp_path):
    """A sine, dropout 0.1: the standard deviation beyond the data is more than between them."""
    keys = {"dataset": "sine", "model.hidden": [64, 64], "regularizer.dropout": 0.1, "optimizer.lr": 0.01}
    [outcome] = runner.train([keys | {"trainer.epochs": 60, "trainer.progress": False}], outputs=tmp_path)
    run = runner.load(outcome.folder)
    rows, low, high = (run.encoding.offset[0], *(run.encoding.offset[0] + s * run.encoding.scale[0] for s in (-6, 6)))
    found = run.mc(np.array([[rows], [low], [high]]), 200)
    assert found.tau is None
    assert found.sd[1:].min() > 1.5 * found.sd[0]
