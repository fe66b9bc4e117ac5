"""Every registered metric against scikit-learn or a few lines of numpy, and a row alone against the row in company."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from runner.config.registry import entries
from runner.data.target_scaling import TargetScale
from runner.training.evaluation import CHUNK, Passes, evaluate
from runner.training.metrics.base import Chunk, Whole, always, metric, metrics_of

torch.set_num_threads(1)
N = 2 * CHUNK + 452


class Examples:
    """Data whose features are the network's outputs [M, n, C] and the losses [M, n] of its examples.

    What it hands out is as rows hold theirs: tensors where they are stacked, else arrays.
    """

    held = staticmethod(torch.from_numpy)

    def __init__(self, outputs, answers, losses=None, scale=1.0, weights=None):
        self.z, self.y, self.weights = outputs, answers, weights
        self.losses = np.abs(outputs).sum(-1) if losses is None else losses
        encoding = SimpleNamespace(heads=[], questions={}, scale_of_target=TargetScale(scale=scale))
        self.data = [SimpleNamespace(target=None, encoding=encoding)] * len(outputs)

    def scores(self, index):
        outputs = self.held(np.take_along_axis(self.z, index[..., None], 1))
        return outputs, self._held(self.losses, index), outputs.argmax(-1)

    def answers(self, index):
        return self._held(self.y, index)

    def weights_of(self, index):
        return None if self.weights is None else self._held(self.weights, index)

    def _held(self, array, index):
        return self.held(np.take_along_axis(array, index, 1))

    def measure(self, names, rows=slice(None), link="softmax"):
        weights = None if self.weights is None else self.weights[rows]
        alone = Examples(self.z[rows], self.y[rows], self.losses[rows], weights=weights)
        alone.data = self.data[rows]
        index = np.repeat(np.arange(self.y.shape[1])[None], len(alone.y), 0)
        return evaluate(Passes(alone.scores, alone.hidden, alone.noisy), link, alone, index, names)

    def hidden(self, index):
        return [self.held(layer) for layer in hidden(np.take_along_axis(self.z, index[..., None], 1))]

    def noisy(self, index, passes):
        return noisy(np.take_along_axis(self.z, index[..., None], 1), passes)


def hidden(z):
    """Activations of two layers, the first unit of which is dead."""
    first = np.maximum(z, 0)
    first[..., 0] = 0
    return [first, np.tanh(z)]


def noisy(z, passes):
    """Outputs of passes that differ."""
    return np.stack([z * (1 + np.sin(t)) for t in range(passes)]).astype(np.float64)


@pytest.fixture(autouse=True, params=[torch.from_numpy, np.asarray], ids=["tensors", "arrays"])
def held(request, monkeypatch):
    monkeypatch.setattr(Examples, "held", staticmethod(request.param))


def classified(classes, rows=4, n=N, seed=0, distinct=None):
    """Logits that know something of the labels, which are not equally many; `distinct` examples are repeated."""
    draw = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, classes + 1)
    y = draw.choice(classes, size=(rows, n), p=share / share.sum())
    z = draw.standard_normal((rows, n, classes)) * 1.5 + 2 * np.eye(classes)[y]
    if distinct:
        z = z[:, draw.integers(distinct, size=n)]
    return Examples(z.astype(np.float32), y)


def measured(rows=4, n=N, seed=0):
    draw = np.random.default_rng(seed)
    y = draw.standard_normal((rows, n))
    return Examples((y[..., None] + 0.5 * draw.standard_normal((rows, n, 1))).astype(np.float32), y, scale=7.5)


def probabilities(z):
    p = np.exp(z.astype(np.float64) - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def roc_auc(z, y):
    p = probabilities(z)
    return sk.roc_auc_score(y, p[:, 1]) if p.shape[1] == 2 else sk.roc_auc_score(y, p, multi_class="ovr")


def ece(z, y, bins=15):
    """Guo et al. 2017, equation 3."""
    p, total = probabilities(z), 0.0
    confidence, right = p.max(1), p.argmax(1) == y
    for low, high in zip(np.arange(bins) / bins, np.arange(1, bins + 1) / bins, strict=True):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def mean_probabilities(z):
    """Over 30 passes, as Monte Carlo dropout takes them."""
    return np.mean([probabilities(each) for each in noisy(z, 30)], axis=0)


HIDDEN = {
    "hidden_sparsity": lambda z, y: np.mean([layer == 0 for layer in hidden(z)]),
    "dead_units": lambda z, y: sum(int((layer == 0).all(0).sum()) for layer in hidden(z)),
}
CLASSES = HIDDEN | {
    "mc_accuracy": lambda z, y: sk.accuracy_score(y, mean_probabilities(z).argmax(1)),
    "mc_nll": lambda z, y: sk.log_loss(y, mean_probabilities(z), labels=range(z.shape[1])),
    "loss": lambda z, y: np.abs(z).sum(1).mean(),
    "weighted_loss": lambda z, y: np.abs(z).sum(1).mean(),
    "accuracy": lambda z, y: sk.accuracy_score(y, z.argmax(1)),
    "balanced_accuracy": lambda z, y: sk.balanced_accuracy_score(y, z.argmax(1)),
    "f1": lambda z, y: sk.f1_score(y, z.argmax(1), average="macro"),
    "roc_auc": roc_auc,
    "ece": ece,
}
NUMBERS = HIDDEN | {
    "loss": lambda z, y: np.abs(z).mean(),
    "weighted_loss": lambda z, y: np.abs(z).mean(),
    "rmse": lambda z, y: 7.5 * sk.root_mean_squared_error(y, z[:, 0]),
    "r2": lambda z, y: sk.r2_score(y, z[:, 0]),
    "mae": lambda z, y: 7.5 * sk.mean_absolute_error(y, z[:, 0]),
}


def test_every_metric_has_a_reference():
    assert set(metrics_of("classification")) == set(CLASSES)
    assert set(metrics_of("regression")) == set(NUMBERS)
    assert set(entries("metric")) == {*CLASSES, *NUMBERS}


@pytest.mark.parametrize("distinct", [None, 40], ids=["distinct", "ties"])
@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("name", CLASSES)
def test_classification(name, classes, distinct):
    examples = classified(classes, distinct=distinct)
    found = examples.measure([name])[name]
    expected = [CLASSES[name](z, y) for z, y in zip(examples.z, examples.y, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-6 if name.endswith("loss") else 1e-11)


@pytest.mark.parametrize("name", NUMBERS)
def test_regression(name):
    examples = measured()
    found = examples.measure([name])[name]
    expected = [NUMBERS[name](z, y) for z, y in zip(examples.z, examples.y, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-6 if name.endswith("loss") else 1e-11)


@pytest.mark.parametrize("n", [1, 37, N])
@pytest.mark.parametrize("classes", [1, 2, 3, 10, 33], ids=lambda c: f"{c} outputs")
def test_a_row_alone_has_the_bits_of_the_row_in_company(classes, n):
    """Also beside rows that make other metrics necessary."""
    examples = measured(19, n) if classes == 1 else classified(classes, 19, n)
    names = list(NUMBERS if classes == 1 else CLASSES)
    together = examples.measure(names)
    for row in (0, 7, 18):
        for name in names:
            alone = examples.measure([name], slice(row, row + 1))[name][0]
            assert np.array_equal(alone, together[name][row], equal_nan=True), (name, row)


def one(z, y):
    return Examples(np.array([z], np.float32), np.array([y]))


def test_a_class_without_examples_does_not_count():
    examples = one([[5, 0, 0], [5, 0, 0], [0, 5, 0], [4, 0, 5]], [0, 0, 1, 0])  # class 2 is guessed, never there
    found = examples.measure(["balanced_accuracy", "f1", "roc_auc"])
    assert found["balanced_accuracy"][0] == pytest.approx((2 / 3 + 1) / 2)
    assert found["f1"][0] == pytest.approx((0.8 + 1 + 0) / 3)  # scikit-learn counts what is guessed
    assert found["roc_auc"][0] == 1.0  # of classes 0 and 1


def test_nothing_to_rank_is_no_number():
    assert np.isnan(one([[1, 0], [0, 1]], [1, 1]).measure(["roc_auc"])["roc_auc"][0])
    assert np.isnan(one([[1, 0, 0], [0, 1, 0]], [2, 2]).measure(["roc_auc"])["roc_auc"][0])


def test_the_second_label_is_the_positive_one():
    assert one([[0, 3], [0, 2], [0, 1]], [1, 1, 0]).measure(["roc_auc"])["roc_auc"][0] == 1.0
    assert one([[0, 3], [0, 2], [0, 1]], [0, 0, 1]).measure(["roc_auc"])["roc_auc"][0] == 0.0


def test_logits_that_are_certain_still_rank():
    """Both probabilities round to 1; the difference of the logits does not."""
    assert one([[0, 90], [0, 80]], [1, 0]).measure(["roc_auc"])["roc_auc"][0] == 1.0


@pytest.mark.parametrize("right", [0, 1])
def test_certainty_falls_into_the_last_bin(right):
    found = one([[0.0, 1000.0]] * 4, [right] * 4).measure(["ece"])["ece"][0]
    assert found == 1 - right


def test_a_row_that_diverged_has_no_metrics():
    z = np.array([[[np.nan, 0.0]] * 3, [[1.0, 0.0]] * 3], np.float32)
    found = Examples(z, np.zeros((2, 3), np.int64)).measure(list(CLASSES))
    assert all(np.isnan(values[0]) for values in found.values())
    assert found["accuracy"][1] == 1.0


@pytest.mark.parametrize("classes", [2, 5])
def test_metrics_of_probabilities_take_the_link_of_the_loss(classes):
    """Sigmoids divided by their sum, as what a softmax makes of their logarithms."""
    examples = classified(classes)
    found = examples.measure(["ece", "roc_auc"], link="sigmoid")
    for row, (z, y) in enumerate(zip(examples.z.astype(np.float64), examples.y, strict=True)):
        logs = -np.log1p(np.exp(-z))
        assert found["ece"][row] == pytest.approx(ece(logs, y), abs=1e-9)
        assert found["roc_auc"][row] == pytest.approx(roc_auc(logs, y), abs=1e-9)
        assert abs(ece(logs, y) - ece(z, y)) > 1e-3


def test_weights_count_in_the_weighted_loss_alone():
    """Of the first row weighted, beside one that is not: (2*1 + 1*3 + 0*5) / 3 and (1 + 3 + 5) / 3."""
    examples = one([[1, 0], [3, 0], [5, 0]], [0, 0, 0])
    weights = np.array([[2.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    both = Examples(np.repeat(examples.z, 2, 0), np.repeat(examples.y, 2, 0), weights=weights)
    found = both.measure(["loss", "weighted_loss"])
    assert found["weighted_loss"].tolist() == [5 / 3, 3.0] and found["loss"].tolist() == [3.0, 3.0]


@pytest.mark.parametrize("answers", [[0.1], [0.1] * 3, [7.0] * 50])
def test_r2_of_equal_answers_is_not_defined(answers):
    """The mean of three times 0.1 is not 0.1 in binary."""
    z = np.linspace(0, 1, len(answers), dtype=np.float32)[None, :, None]
    assert np.isnan(Examples(z, np.array([answers])).measure(["r2"])["r2"][0])
    assert np.isfinite(Examples(z, np.array([[*answers[:-1], 0.2]])).measure(["rmse"])["rmse"][0])


ON_ARRAYS = [name for name, entry in entries("metric").items() if entry.cls.arrays]


def value_of(name, examples, weights, convert):
    """A metric's value from two chunks, whose numbers are as `convert` makes them of arrays."""
    kind = metric(name)()
    y, z, losses = (convert(array) for array in (examples.y, examples.z, examples.losses))
    given = z, losses, z.argmax(-1), y
    chunks = [
        Chunk(
            *(array[:, part] for array in given),
            "softmax",
            None if weights is None else weights[:, part],
            functools.partial(noisy, examples.z[:, part]),
            functools.partial(lambda z: [convert(layer) for layer in hidden(z)], examples.z[:, part]),
        )
        for part in (slice(0, CHUNK), slice(CHUNK, None))
    ]
    tables = SimpleNamespace(answers=lambda index: y, data=examples.data)
    return kind.value(kind.collect(chunks[0]) + kind.collect(chunks[1]), Whole(tables, y))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ON_ARRAYS)
def test_a_metric_of_arrays_is_that_of_tensors(name, weighted):
    examples = [classified(3), classified(40, n=CHUNK + 5)] if name in CLASSES else [measured(), measured(n=CHUNK + 1)]
    for each in examples:
        weights = np.random.default_rng(1).uniform(size=each.y.shape) if weighted else None
        tensors = None if weights is None else torch.from_numpy(weights)
        found = value_of(name, each, weights, np.asarray)
        expected = value_of(name, each, tensors, torch.from_numpy)
        assert isinstance(found, np.ndarray) and found.dtype == np.float64 and found.shape == (len(each.y),)
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-13, atol=0)


def test_what_every_run_records_is_a_metric_of_arrays():
    assert {"balanced_accuracy", "f1", "weighted_loss", "mae"} < set(ON_ARRAYS)
    assert {*always("classification"), *always("regression")} < set(ON_ARRAYS)
