"""Regularizers: every key, one number for all layers and one a layer. Penalties are terms of the loss, by autograd."""

import functools

import torch
from parity_case import TWO, Case
from torch.nn.functional import cross_entropy
from torch.optim import SGD

PER_LAYER = [0.03, 0.0, 0.01]


def each(weights: list, strength) -> list[tuple]:
    """(weight, its strength), from one strength for all or one a layer."""
    strengths = strength if isinstance(strength, list) else [strength] * len(weights)
    return list(zip(weights, strengths, strict=True))


def l2(strength):
    """strength/2 ||w||^2"""
    return lambda weights: sum(a / 2 * (w**2).sum() for w, a in each(weights, strength))


def l1(strength):
    """strength ||w||_1"""
    return lambda weights: sum(a * w.abs().sum() for w, a in each(weights, strength))


def elastic_net(alpha, ratio):
    """alpha ratio ||w||_1 + alpha (1 - ratio)/2 ||w||^2"""

    def value(weights):
        pairs = zip(each(weights, alpha), each(weights, ratio), strict=True)
        return sum(a * r * w.abs().sum() + a * (1 - r) / 2 * (w**2).sum() for (w, a), (_, r) in pairs)

    return value


def proximal(penalty, l1_strength=0.0, l2_strength=0.0) -> dict:
    """Reference of a proximal step: soft threshold, then division. The objective still counts the penalty, detached."""

    def after(weights, gain):
        for (w, a), (_, b) in zip(each(weights, l1_strength), each(weights, l2_strength), strict=True):
            threshold = gain(w) * a
            w.copy_(w.sign() * (w.abs() - threshold).clamp(min=0) / (1 + gain(w) * b))

    return {"after": after, "penalty": lambda weights: penalty([w.detach() for w in weights])}


def max_norm(radius):
    """Each unit's incoming weights onto the ball of this radius."""

    def after(weights, gain):
        for w, r in each(weights, radius):
            norms = torch.linalg.vector_norm(w, dim=1, keepdim=True)
            w.copy_(torch.where(norms > r, w * (r / norms), w))

    return after


def smoothed(amount: float):
    """torch's own label smoothing."""
    return functools.partial(cross_entropy, label_smoothing=amount)


PROXIMAL = {"optimizer.proximal": True}
NET = {"regularizer.elastic_net.alpha": 0.03, "regularizer.elastic_net.l1_ratio": 0.7}
NET_PER_LAYER = {"regularizer.elastic_net.alpha": PER_LAYER, "regularizer.elastic_net.l1_ratio": [0.2, 0.5, 1.0]}

CASES = [
    Case("l2", {"regularizer.l2": 0.03}, penalty=l2(0.03)),
    Case("l2_per_layer", TWO | {"regularizer.l2": PER_LAYER}, penalty=l2(PER_LAYER)),
    Case("l2_proximal", {"regularizer.l2": 0.03} | PROXIMAL, **proximal(l2(0.03), l2_strength=0.03)),
    Case("l1", {"regularizer.l1": 0.002}, penalty=l1(0.002)),
    Case("l1_per_layer", TWO | {"regularizer.l1": [0.002, 0.0, 0.001]}, penalty=l1([0.002, 0.0, 0.001])),
    Case("l1_proximal", {"regularizer.l1": 0.02} | PROXIMAL, **proximal(l1(0.02), l1_strength=0.02)),
    Case(
        "l1_proximal_per_layer",
        TWO | {"regularizer.l1": PER_LAYER} | PROXIMAL,
        **proximal(l1(PER_LAYER), l1_strength=PER_LAYER),
    ),
    Case("elastic_net", NET, penalty=elastic_net(0.03, 0.7)),
    Case("elastic_net_per_layer", TWO | NET_PER_LAYER, penalty=elastic_net(PER_LAYER, [0.2, 0.5, 1.0])),
    Case("elastic_net_proximal", NET | PROXIMAL, **proximal(elastic_net(0.03, 0.7), 0.03 * 0.7, 0.03 * 0.3)),
    Case("max_norm", {"regularizer.max_norm": 0.6}, after=max_norm(0.6)),
    Case("max_norm_per_layer", TWO | {"regularizer.max_norm": [0.4, 9.0, 0.7]}, after=max_norm([0.4, 9.0, 0.7])),
    Case("label_smoothing", {"loss": "cross_entropy", "regularizer.label_smoothing": 0.2}, loss=smoothed(0.2)),
    Case("dropout", {"regularizer.dropout": 0.3}),
    Case("dropout_per_layer", TWO | {"regularizer.dropout": [0.2, 0.0]}),
    Case("dropout_batch_norm", {"regularizer.dropout": 0.3, "model.norm": "batch"}),
    Case("both_dropouts", TWO | {"regularizer.input_dropout": 0.1, "regularizer.dropout": [0.0, 0.4]}),
    Case(
        "everything",
        TWO
        | {
            "optimizer.lr": 0.02,
            "optimizer.momentum": 0.9,
            "optimizer.clip_norm": 1.0,
            "regularizer.l2": 0.01,
            "regularizer.l1": 0.001,
            "regularizer.max_norm": 1.0,
            "regularizer.label_smoothing": 0.1,
            "regularizer.dropout": 0.2,
            "regularizer.input_dropout": 0.1,
            "model.norm": "layer",
        },
        lambda w, o: SGD(w + o, lr=0.02, momentum=0.9),
        loss=smoothed(0.1),
        penalty=lambda weights: l2(0.01)(weights) + l1(0.001)(weights),
        clip=1.0,
        after=max_norm(1.0),
    ),
]
