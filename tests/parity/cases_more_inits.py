"""Initial weights beside torch.nn.init; sparse ones, which it draws per input and not per unit, beside a loop."""

import torch
from parity_case import TWO, Case
from torch import nn


def truncated(weight, generator):
    """Standard deviation 1/sqrt m after the cut at two of the normal's."""
    cut = torch.distributions.Normal(0.0, 1.0)
    two = torch.tensor(2.0, dtype=torch.float64)
    inside = 2 * cut.cdf(two) - 1
    variance = 1 - 2 * two * cut.log_prob(two).exp() / inside
    sigma = float((1 / weight.shape[1] / variance).sqrt())
    nn.init.trunc_normal_(weight, 0.0, sigma, -2 * sigma, 2 * sigma, generator=generator)


def sparse(weight, generator):
    """Unit by unit: the 15 inputs with the smallest of m uniform numbers, weights N(0, 1)."""
    units, inputs = weight.shape
    ranks = torch.empty_like(weight).uniform_(generator=generator).tolist()
    values = weight.new_empty(units, min(15, inputs)).normal_(generator=generator)
    weight.zero_()
    for unit in range(units):
        first = sorted(range(inputs), key=ranks[unit].__getitem__)[:15]
        for i, value in zip(first, values[unit], strict=True):
            weight[unit, i] = value


INITS = {
    "zeros": lambda w, g: nn.init.zeros_(w),
    "normal": lambda w, g: nn.init.normal_(w, 0.0, 0.01, generator=g),
    "lecun_normal": lambda w, g: nn.init.kaiming_normal_(w, nonlinearity="linear", generator=g),
    "lecun_uniform": lambda w, g: nn.init.kaiming_uniform_(w, nonlinearity="linear", generator=g),
    "glorot_normal": lambda w, g: nn.init.xavier_normal_(w, generator=g),
    "he_uniform": lambda w, g: nn.init.kaiming_uniform_(w, nonlinearity="relu", generator=g),
    "truncated_normal": truncated,
    "orthogonal": lambda w, g: nn.init.orthogonal_(w, generator=g),
    "sparse": sparse,
}

CASES = [Case(f"init_{name}", TWO | {"model.init": name}) for name in INITS]
