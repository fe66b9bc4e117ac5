"""How the scores of classes become probabilities: the link that belongs to the loss a network was trained with.

A link turns scores z [..., C] into logits, whose softmax are the probabilities.
"""

from __future__ import annotations

import numpy as np

from runner.population.arrays import Values


def softmax(scores: Values) -> Values:
    """p_c = exp(z_c) / sum_k exp(z_k): the scores are logits."""
    return scores


def sigmoid(scores: Values) -> Values:
    """p_c = s(z_c) / sum_k s(z_k), s(z) = 1/(1 + exp(-z)): answers to a question for every class, as a distribution.

    The order of the classes is that of their scores.
    """
    if isinstance(scores, np.ndarray):
        return -np.logaddexp(0, -scores)
    from torch.nn import functional

    return functional.logsigmoid(scores)


LINKS = {"softmax": softmax, "sigmoid": sigmoid}


def probabilities(scores: Values, link: str) -> Values:
    """Of the classes [..., C]."""
    logits = LINKS[link](scores)
    if not isinstance(scores, np.ndarray):
        return logits.softmax(-1)
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
