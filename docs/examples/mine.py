"""A plug-in: an optimizer and an activation of your own.

runner check docs/examples/mine.py
runner --plugins docs/examples/mine.py optimizer=softsign_sgd optimizer.width=0.1 model.activation=bent
"""

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule
from runner.population.pieces.base import Activation


@register("optimizer", "softsign_sgd")
@dataclass
class SoftsignSGD(Rule):
    """w <- w - lr g / (|g| + width)"""

    width: float = number(1e-3, above=0, help="gradients well above it count by their sign")

    def update(self, w, g, state, h, t):
        w.sub_(h.lr * g / (g.abs() + h.width))


@register("activation", "bent")
@dataclass
class Bent(Activation):
    """(sqrt(x^2 + 1) - 1)/2 + x"""

    zero_at_zero = True

    def forward(self, x):
        return (x.square().add(1).sqrt() - 1) / 2 + x
