"""Exact properties of batch normalization, label smoothing and alpha dropout."""

import itertools

import pytest
import torch
from descent import digits, minimum

from runner.config.registry import entries
from runner.population.pieces.base import Head

BATCH_NORM = entries("norm")["batch"].cls()
STARTS = {buffer.name: buffer.start for buffer in BATCH_NORM.buffers}


def normalize(x, buffers=None):
    """(outputs, saved) of training batches x [M, B, W] with gain 1 and shift 0."""
    rows, _, width = x.shape
    gain, shift, mask = torch.ones(rows, 1, width).to(x), torch.zeros(rows, 1, width).to(x), torch.ones(width).to(x)
    buffers = buffers or {n: torch.full((rows, width), start).to(x) for n, start in STARTS.items()}
    return BATCH_NORM.forward(x, gain, shift, mask=mask, buffers=buffers, training=True)


def test_variance_of_a_batch_of_four_is_three_quarters():
    """A11: E[s_B^2] = (1 - 1/B) var, over all 6^4 batches of four drawn from six numbers; so the running variance,
    which is what evaluation divides by, must be the unbiased one (Ioffe & Szegedy 2015, algorithm 2).
    """
    numbers = torch.tensor([-2.0, -0.5, 0.25, 1, 3, 7]).double()
    batches = numbers[torch.tensor(list(itertools.product(range(6), repeat=4)))].unsqueeze(-1)
    running = {"running_mean": torch.zeros(6**4, 1).double(), "running_var": torch.zeros(6**4, 1).double()}
    normalized, (_, inverse, _) = normalize(batches, running)
    variance = inverse.pow(-2) - 1e-5
    assert float(variance.mean() / numbers.var(correction=0)) == pytest.approx(3 / 4, rel=1e-12)
    assert float(running["running_var"].mean() / 0.1 / numbers.var(correction=0)) == pytest.approx(1, rel=1e-12)
    assert float(running["running_mean"].mean() / 0.1) == pytest.approx(float(numbers.mean()), rel=1e-12)
    spread = variance.flatten() > 0
    torch.testing.assert_close(
        normalized[spread].square().mean(1), (variance / (variance + 1e-5)).flatten(1)[spread], rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("scale", [0.1, 7.0])
def test_batch_norm_does_not_see_the_scale_of_the_weights(scale):
    """A11: BN(a W u) = BN(W u) (Ioffe & Szegedy 2015, section 3.3), but for the 1e-5 beside a variance of 1e8."""
    draw = torch.Generator().manual_seed(0)
    u = torch.randn(1, 4, 7, generator=draw, dtype=torch.float64)
    w = 1e4 * torch.randn(7, 5, generator=draw, dtype=torch.float64)
    torch.testing.assert_close(normalize(u @ (scale * w))[0], normalize(u @ w)[0], rtol=1e-9, atol=1e-9)


def test_gradient_of_batch_norm_sums_to_zero_over_the_batch():
    """A11: a constant added to a batch changes nothing, so sum_b dx_b = 0."""
    draw = torch.Generator().manual_seed(1)
    x, g = (torch.randn(3, 4, 6, generator=draw, dtype=torch.float64) for _ in range(2))
    _, saved = normalize(x)
    dx, _, _ = BATCH_NORM.gradient(saved, g)
    assert float(dx.sum(1).abs().max()) < 1e-14
    assert float(dx.abs().max()) > 0.1


def test_where_label_smoothing_leads():
    """A12: with a = .1 and 10 classes the targets are .91 and .01; at the optimum the cross entropy is their entropy,
    .50029, and the right logit leads by log 91 = 4.5109 (Szegedy et al. 2016, section 7; Mueller et al. 2019).
    """
    loss = entries("loss")["cross_entropy"].cls()
    head = Head(10, torch.ones(10).double(), torch.zeros(10).double())
    onehot = torch.eye(10).double()[3].reshape(1, 1, 10)
    smooth = entries("regularizer")["label_smoothing"].cls().targets(onehot, 10, amount=torch.tensor(0.1).double())
    prepared = loss.prepare(smooth, 1.0)

    def gradient(logits):
        return loss.gradient(logits.unsqueeze(1), prepared, head, 1.0)[1].squeeze(1)

    logits = minimum({"optimizer.lr": 10.0}, torch.zeros(10).double(), gradient, 300)
    assert digits(loss.forward(logits.reshape(1, 1, 10), smooth, head), 5) == [0.50029]
    others = torch.cat([logits[:3], logits[4:]])
    assert digits(logits[3] - others, 4) == [4.5109] * 9


def test_constants_of_alpha_dropout():
    """A10: a unit that is dropped becomes alpha' = -lambda alpha, and with probability .9 to keep a = .92128,
    b = .16197 restore mean 0 and variance 1 (Klambauer et al. 2017).

    The expectation over the mask is taken over ten equal parts of the range of the random bits, one of them dropped.
    """
    noise = entries("regularizer")["alpha_dropout"].cls()
    bits = ((torch.arange(10).double() + 0.5) / 10 * 2**32 - 2**31).to(torch.int32).unsqueeze(1)
    factor, addend = noise.change(bits, p=torch.tensor(0.1, dtype=torch.float64))
    a, b = float(factor.max()), float(addend[factor > 0][0])
    assert int((factor == 0).sum()) == 1
    assert digits(torch.tensor([(float(addend[factor == 0]) - b) / a, a, b]).double(), 5) == [
        -1.75810,
        0.92128,
        0.16197,
    ]
    units = torch.tensor([[-1.0, 1.0]]).double()  # mean 0, variance 1
    after = units * factor + addend
    assert float(after.mean()) == pytest.approx(0, abs=1e-12)
    assert float(after.var(correction=0)) == pytest.approx(1, rel=1e-12)
