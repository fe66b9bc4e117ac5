"""What the benchmarks train: shapes, recipes, examples. No framework is imported, so that each peer imports its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

RATE = 1e-3


@dataclass(frozen=True)
class Contestant:
    """`train()` makes `epochs` epochs of `members` runs."""

    train: Callable[[], object]
    members: int = 1
    epochs: int = 1


@dataclass(frozen=True)
class Shape:
    """Widths from inputs to classes, and the batch."""

    widths: tuple[int, ...]
    batch: int

    def __str__(self) -> str:
        return "-".join(map(str, self.widths))


@dataclass(frozen=True)
class Recipe:
    """What is trained besides layers of relu units and their cross entropy."""

    dropout: float = 0.0
    activation: str = "relu"
    batch_norm: bool = False
    l1: float = 0.0  # strength of the penalty on all weights; with it, Adam without weight decay
    max_norm: float | None = None  # radius of the ball of each unit's incoming weights

    @property
    def weight_decay(self) -> float:
        """That of AdamW."""
        return 0.0 if self.l1 else 0.01

    def __str__(self) -> str:
        parts = {
            f"dropout {self.dropout:g}": self.dropout,
            self.activation: self.activation != "relu",
            "batch norm": self.batch_norm,
            "adam + L1": self.l1,
            "max-norm": self.max_norm,
        }
        return " + ".join(name for name, used in parts.items() if used) or "plain"


PLAIN = Recipe()


@dataclass
class Examples:
    """Random examples, all of them for training."""

    shape: Shape
    steps: int  # batches an epoch
    x: np.ndarray = field(init=False)
    y: np.ndarray = field(init=False)

    def __post_init__(self):
        draw, count = np.random.default_rng(0), self.steps * self.shape.batch
        self.x = draw.standard_normal((count, self.shape.widths[0]), dtype=np.float32)
        self.y = draw.integers(0, self.shape.widths[-1], count)

    def prepared(self):
        """The same as the product's own data."""
        from runner.data.encoding import Encoding
        from runner.data.prepare import RunData

        inputs, classes = self.shape.widths[0], self.shape.widths[-1]
        names, none = [f"x{i}" for i in range(inputs)], np.arange(0)
        plain = Encoding("classification", "y", names, names, [0.0] * inputs, [0.0] * inputs, [1.0] * inputs)
        labels = [str(c) for c in range(classes)]
        split = (np.arange(len(self.x)), none, none)
        return RunData("classification", self.x, self.y, *split, plain, labels, classes, None, sha256="")
