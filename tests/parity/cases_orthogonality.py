"""Orthogonality: as a term of the loss."""

import torch
from cases_group_lasso import of_layers
from parity_case import TWO, Case

PER_LAYER = [0.03, 0.0, 0.01]


def orthogonality(strength):
    """sum over layers of strength ||W W^T - I||_F^2, a row of W a unit"""
    return lambda weights: sum(
        a * torch.linalg.matrix_norm(w @ w.T - torch.eye(len(w)).to(w)) ** 2 for w, a in of_layers(weights, strength)
    )


CASES = [
    Case("orthogonality", {"regularizer.orthogonality": 0.01}, penalty=orthogonality(0.01)),
    Case("orthogonality_per_layer", TWO | {"regularizer.orthogonality": PER_LAYER}, penalty=orthogonality(PER_LAYER)),
]
