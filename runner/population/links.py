"""How the scores of classes become probabilities: the link that belongs to the loss a network was trained with."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def softmax(scores: Tensor) -> Tensor:
    """p_c = exp(z_c) / sum_k exp(z_k), from scores z [..., C]."""
    return scores.softmax(-1)


def sigmoid(scores: Tensor) -> Tensor:
    """p_c = s(z_c) / sum_k s(z_k), s(z) = 1/(1 + exp(-z)), from scores z [..., C].

    Answers to a question for every class, as a distribution over the classes: the order of the classes is that of
    their scores. As the softmax of log s(z) it is exact where all s(z) underflow.
    """
    return functional.logsigmoid(scores).softmax(-1)


LINKS = {"softmax": softmax, "sigmoid": sigmoid}
