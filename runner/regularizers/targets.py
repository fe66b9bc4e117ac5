"""Changes of the targets: label smoothing of classes, noise on numbers."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.chance import normal
from runner.compiled.forms import TargetsForm
from runner.config.registry import number, register
from runner.regularizers.base import Targets


def label_smoothing(q, words, h):
    """q <- (1 - a) q + a/K"""
    kept, everywhere = q.dtype.type(1) - h[0], h[0] / q.dtype.type(q.shape[1])
    for r in range(q.shape[0]):
        for c in range(q.shape[1]):
            q[r, c] = q[r, c] * kept + everywhere


@register(
    "regularizer",
    "label_smoothing",
    torch="CrossEntropyLoss",
    paper="Szegedy et al. 2016",
    lecture="003:915",
    compiled=TargetsForm(label_smoothing),
)
@dataclass
class LabelSmoothing(Targets):
    """target = (1 - a) onehot + a/K"""

    amount: float = number(
        0.0, ge=0, lt=1, neutral=0.0, preset=0.1, help="share of the target spread evenly over the K classes"
    )

    instead = "regularizer.target_noise"

    def targets(self, q, classes, amount):
        return q * (1 - amount) + amount / classes


def target_noise(q, words, h):
    """q <- q + N(0, sd^2)"""
    k0, k1, k2, k3, sd, flat = words[0], words[1], words[2], words[3], h[0], q.reshape(q.size)
    for i in range(flat.shape[0]):
        flat[i] += sd * flat.dtype.type(normal(k0, k1, k2, k3, i))


@register(
    "regularizer",
    "target_noise",
    paper="Goodfellow, Bengio & Courville 2016, section 7.5",
    lecture="003:909",
    compiled=TargetsForm(target_noise),
)
@dataclass
class TargetNoise(Targets):
    """y <- y + N(0, sd^2) on numbers to predict while training, new noise every step"""

    sd: float = number(0.0, ge=0, neutral=0.0, preset=0.1, help="standard deviation, in units of the scaled target")
    task, draws = "regression", 2
    instead = "regularizer.label_smoothing or dataset.label_noise"

    def targets(self, q, classes, first, second, sd):
        from runner.population.draws import normal

        return q + normal(first, second).to(q.dtype).mul_(sd)
