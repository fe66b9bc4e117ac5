"""What takes another pass than one through a sample: adversarial inputs, and means with variances."""

import math

import torch
from parity_case import TWO, Case
from torch import nn
from torch.nn import functional
from torch.optim import SGD, Adam

ADVERSARIAL = "regularizer.adversarial"
RELU = {"model.activation": "relu", "optimizer.lr": 0.05}


def adversarial(epsilon, weight):
    """(1-weight) J(x) + weight J(x + epsilon sign dJ/dx)"""

    def trained(network, x, y, loss):
        leaf = x.clone().requires_grad_()
        here = loss(network(leaf), y)
        (slope,) = torch.autograd.grad(here, leaf, retain_graph=True)
        return (1 - weight) * here + weight * loss(network(x + epsilon * slope.sign()), y)

    return trained


def fast_dropout(*rates):
    """Wang & Manning 2013, with the moments by torch.distributions."""

    def trained(network, x, y, loss):
        linear, normal = [m for m in network if isinstance(m, nn.Linear)], torch.distributions.Normal(0.0, 1.0)
        mean, variance = linear[0](x), None
        for i, p in enumerate(rates):
            if variance is None or not variance.any():
                mean, variance = mean.relu(), torch.zeros_like(mean)
            else:
                sd = variance.sqrt()
                inside, density = normal.cdf(mean / sd), normal.log_prob(mean / sd).exp()
                first = mean * inside + sd * density
                variance = (mean**2 + variance) * inside + mean * sd * density - first**2
                mean = first
            variance = (p * mean**2 + variance) / (1 - p)
            mean, variance = linear[i + 1](mean), variance @ linear[i + 1].weight.square().T
        if y.dtype == torch.int64:
            return functional.cross_entropy(mean / (1 + math.pi * variance / 8).sqrt(), y)
        return ((mean[:, 0] - y).square() + variance[:, 0]).mean()

    return trained


def gentle(w, o):
    """The optimizer beside RELU."""
    return SGD(w + o, lr=0.05)


CASES = [
    Case("adversarial", {f"{ADVERSARIAL}.epsilon": 0.1}, trained=adversarial(0.1, 0.5)),
    Case(
        "adversarial_noise_norm",
        TWO
        | {f"{ADVERSARIAL}.epsilon": 0.05, f"{ADVERSARIAL}.weight": 0.3, "model.norm": "layer"}
        | {"regularizer.dropout": 0.2, "regularizer.input_dropout": 0.1, "optimizer": "adam", "optimizer.lr": 0.01},
        lambda w, o: Adam(w + o, lr=0.01),
        trained=adversarial(0.05, 0.3),
    ),
    Case(
        "adversarial_regression",
        {f"{ADVERSARIAL}.epsilon": 0.1, "early_stopping.monitor": "val/rmse", "optimizer.lr": 0.02},
        lambda w, o: SGD(w + o, lr=0.02),
        trained=adversarial(0.1, 0.5),
        task="regression",
    ),
    Case("fast_dropout", RELU | {"regularizer.fast_dropout": 0.3}, gentle, trained=fast_dropout(0.3)),
    Case(
        "fast_dropout_per_layer",
        RELU | TWO | {"regularizer.fast_dropout": [0.5, 0.2]},
        gentle,
        trained=fast_dropout(0.5, 0.2),
    ),
    Case(
        "fast_dropout_regression",
        {"model.activation": "relu", "regularizer.fast_dropout": 0.2, "early_stopping.monitor": "val/rmse"}
        | {"optimizer.lr": 0.01}
        | TWO,
        lambda w, o: SGD(w + o, lr=0.01),
        trained=fast_dropout(0.2, 0.2),
        task="regression",
    ),
]
