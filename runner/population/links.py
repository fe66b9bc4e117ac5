"""How the scores of classes become probabilities: the link that belongs to the loss a network was trained with.

A link turns scores z [..., C] into logits, whose softmax are the probabilities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def softmax(scores: Tensor) -> Tensor:
    """p_c = exp(z_c) / sum_k exp(z_k): the scores are logits."""
    return scores


def sigmoid(scores: Tensor) -> Tensor:
    """p_c = s(z_c) / sum_k s(z_k), s(z) = 1/(1 + exp(-z)): answers to a question for every class, as a distribution.

    The order of the classes is that of their scores.
    """
    from torch.nn import functional

    return functional.logsigmoid(scores)


LINKS = {"softmax": softmax, "sigmoid": sigmoid}


def probabilities(scores: Tensor, link: str) -> Tensor:
    """Of the classes [..., C]."""
    return LINKS[link](scores).softmax(-1)
