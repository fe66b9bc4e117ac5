"""Rows that do not clip, beside rows that do: left as they are, whatever their size."""

import pytest
import torch

from runner.optimizers.clipping import clip_by_norm, row_norms
from runner.regularizers.max_norm import MaxNorm

INF = float("inf")


@pytest.mark.parametrize("size", [0.0, 1.0, 1e25, INF, float("nan")])
def test_a_row_without_a_limit_keeps_its_gradient(size):
    """1e25 is finite, but its square is not in single precision, and so neither the norm."""
    before = torch.tensor([[3.0, 4.0], [size, 2.0]])
    g = before.clone()
    clip_by_norm(g, torch.tensor([[1.0], [INF]]), row_norms(g))
    torch.testing.assert_close(g[0], torch.tensor([0.6, 0.8]))
    assert g[1].view(torch.int32).equal(before[1].view(torch.int32))


@pytest.mark.parametrize("size", [0.0, 1.0, 1e25, INF])
def test_a_row_without_a_max_norm_keeps_its_weights(size):
    w = torch.tensor([[[3.0, 4.0]], [[size, 2.0]]])
    projected = MaxNorm().project(w, torch.tensor([1.0, INF])[:, None, None])
    torch.testing.assert_close(projected[0, 0], torch.tensor([0.6, 0.8]))
    assert projected[1].equal(w[1])
