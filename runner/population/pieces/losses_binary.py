"""Every class a separate question: yes or no."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.compiled.forms import LossForm
from runner.compiled.maths import sigmoid, softplus
from runner.config.registry import register
from runner.population.pieces.base import Loss


def binary_cross_entropy(outputs, q, w, h, g, losses):
    """losses <- sum_c (1 - q_c) z_c - log p_c; g <- w (p - q), p = sigmoid(z)"""
    zero, one = outputs.dtype.type(0), outputs.dtype.type(1)
    z, share, numbers = outputs.reshape(-1), q.reshape(-1), g.reshape(-1)
    for i in range(z.shape[0]):  # of all rows at once: few classes make short loops
        numbers[i] = (one - share[i]) * z[i] + softplus(-z[i])
    for r in range(outputs.shape[0]):
        total = zero
        for j in range(outputs.shape[1]):
            total += g[r, j]
        losses[r] = total
    for i in range(z.shape[0]):
        numbers[i] = sigmoid(z[i]) - share[i]
    for r in range(outputs.shape[0]):
        for j in range(outputs.shape[1]):
            g[r, j] *= w[r]


FORM, SOURCE = LossForm(binary_cross_entropy), "Nielsen 2015, equation 63"


@register("loss", "binary_cross_entropy", torch="BCEWithLogitsLoss", paper=SOURCE, compiled=FORM)
@dataclass
class BinaryCrossEntropy(Loss):
    """-sum_c [q_c log p_c + (1 - q_c) log(1 - p_c)], p = 1/(1 + exp(-z)), q one-hot

    A sum over the classes, as the paper's; torch's default is the mean over them. Predicted probabilities are p divided
    by their sum over the classes.
    """

    link = "sigmoid"

    def forward(self, outputs, targets, head):
        from torch.nn import functional

        return (((1 - targets) * outputs - functional.logsigmoid(outputs)) * head.mask).sum(-1)

    def of_guessing(self, shares):
        """The sum of the entropies of the classes' own questions."""
        return -math.fsum(p * math.log(p) for s in shares for p in (s, 1 - s) if p > 0)

    def gradient(self, outputs, prepared, head, weight):
        """w (p - q), as w (1 - q) less the derivative of log p, which is w (1 - p)."""
        import torch

        log_p, saved = torch.ops.aten.log_sigmoid_forward.default(outputs)
        scale = head.mask * weight
        slope = torch.ops.aten.log_sigmoid_backward.default(scale.expand_as(outputs), outputs, saved)
        absent = (1 - prepared) * scale
        return absent * outputs - log_p * scale, absent - slope
