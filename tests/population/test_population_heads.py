"""Heads of several targets: one pass gives what autograd finds, and a head that does not count is not seen."""

import pytest
import torch

from runner.config.registry import entries
from runner.population.pieces.base import Head
from runner.population.pieces.heads import Heads

COLUMNS = [slice(0, 3), slice(3, 4), slice(4, 6)]
KINDS = {
    "auto": ["cross_entropy", "mse", "cross_entropy"],
    "binary": ["binary_cross_entropy", "mse", "binary_cross_entropy"],
    "hinge": ["hinge", "huber", "hinge"],
}


def heads(kind, shares=(0.5, 0.3, 0.2)):
    losses = [entries("loss")[name].cls() for name in KINDS[kind]]
    return Heads(losses, COLUMNS, list(shares), losses[0].link)


@pytest.fixture
def case():
    """Outputs and targets [2, 5, 8] of which 6 columns are true, weights [2, 5, 1] of the examples, the head of all."""
    draw = torch.Generator().manual_seed(0)
    z = torch.randn(2, 5, 8, generator=draw, dtype=torch.float64)
    q = torch.zeros_like(z)
    q[..., 1] = q[..., 4] = 1
    q[..., 3] = torch.randn(2, 5, generator=draw, dtype=torch.float64)
    mask = (torch.arange(8) < 6).double()
    weights = torch.rand(2, 5, 1, generator=draw, dtype=torch.float64) / 5
    return z, q, weights, Head(6, mask, (mask - 1) * 1e30)


@pytest.mark.parametrize("kind", KINDS)
def test_one_pass_gives_the_weighted_losses_and_their_gradient(case, kind):
    z, q, weights, head = case
    loss, leaf = heads(kind), z.clone().requires_grad_()
    whole = (loss.forward(leaf, q, head) * weights.squeeze(2)).sum(1)
    terms, slopes = loss.gradient(z, loss.prepare(q, weights), head, weights)
    torch.testing.assert_close(terms.sum((1, 2)), whole, rtol=1e-12, atol=0)
    torch.testing.assert_close(slopes, torch.autograd.grad(whole.sum(), leaf)[0], rtol=1e-12, atol=1e-15)
    assert not slopes[..., 6:].any()


class Defined(entries("loss")["huber"].cls):
    """A loss that is its definition alone, as a plug-in may be."""

    gradient = None


def test_where_one_loss_is_a_definition_alone_all_are(case):
    z, q, weights, head = case
    losses = [entries("loss")["cross_entropy"].cls(), Defined(), entries("loss")["hinge"].cls()]
    loss = Heads(losses, COLUMNS, [0.5, 0.3, 0.2], "softmax")
    assert loss.gradient is None and loss.prepare(q, weights) is q
    alone = Head(1, torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64))
    each = loss.by_target(z, q, head)
    torch.testing.assert_close(each[..., 1], Defined().forward(z[..., 3:4], q[..., 3:4], alone))
    torch.testing.assert_close(loss.forward(z, q, head), each @ torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64))


def test_known_outputs_have_the_loss_they_are_expected_to(case):
    """With a variance of 0, and more where the number is not known."""
    z, q, weights, head = case
    loss = heads("auto")
    prepared = loss.prepare(q, weights)
    known = loss.expected(z, torch.zeros_like(z), prepared, head, weights).sum(2)
    torch.testing.assert_close(known, loss.forward(z, q, head) * weights.squeeze(2), rtol=1e-12, atol=0)
    spread = torch.zeros_like(z)
    spread[..., 3] = 2.0
    more = loss.expected(z, spread, prepared, head, weights).sum(2) - known
    torch.testing.assert_close(more, 0.3 * 2.0 * weights.squeeze(2), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_that_does_not_count_may_answer_anything(case, kind):
    z, q, weights, head = case
    loss, broken = heads(kind, (0.6, 0.0, 0.4)), z.clone()
    broken[..., 3] = torch.nan
    torch.testing.assert_close(loss.forward(broken, q, head), loss.forward(z, q, head))
    if loss.gradient is not None:
        terms, slopes = loss.gradient(broken, loss.prepare(q, weights), head, weights)
        assert terms.isfinite().all() and not slopes[..., 3].any()
