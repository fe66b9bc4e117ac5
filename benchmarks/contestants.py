"""The ways to train a multilayer perceptron that are timed side by side.

Each function prepares one contestant on the same examples. An epoch is a fresh random order and, for each batch, a step
of AdamW (Adam in scikit-learn, which has no AdamW) at rate 1e-3 on the mean cross entropy. Nothing is evaluated.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn


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


def network(shape: Shape, dropout: float) -> nn.Sequential:
    """The perceptron as a PyTorch user writes it."""
    layers: list[nn.Module] = []
    for inputs, width in zip(shape.widths[:-2], shape.widths[1:-1], strict=True):
        layers += [nn.Linear(inputs, width), nn.ReLU()] + ([nn.Dropout(dropout)] if dropout else [])
    return nn.Sequential(*layers, nn.Linear(*shape.widths[-2:])).train()


def tight_loop(data: Examples, dropout: float) -> Contestant:
    """As fast as plain PyTorch gets: tensors in place, fused AdamW, batches by index_select."""
    model = network(data.shape, dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0, fused=True)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)

    def epoch() -> None:
        for index in torch.randperm(len(x)).split(data.shape.batch):
            optimizer.zero_grad(set_to_none=True)
            loss = nn.functional.cross_entropy(model(x.index_select(0, index)), y.index_select(0, index))
            loss.backward()
            optimizer.step()

    return Contestant(epoch)


def data_loader(data: Examples, dropout: float) -> Contestant:
    """PyTorch as its tutorials show it: TensorDataset, DataLoader, AdamW with default settings."""
    model = network(data.shape, dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(data.x), torch.from_numpy(data.y))
    loader = torch.utils.data.DataLoader(dataset, batch_size=data.shape.batch, shuffle=True)
    criterion = nn.CrossEntropyLoss()

    def epoch() -> None:
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()

    return Contestant(epoch)


def scikit_learn(data: Examples, dropout: float) -> Contestant | None:
    """MLPClassifier with the adam solver, without dropout. A fit is 20 epochs: its checks of the input weigh little."""
    from sklearn.neural_network import MLPClassifier

    if dropout:
        return None
    model = MLPClassifier(
        data.shape.widths[1:-1],
        solver="adam",
        alpha=0.0,
        batch_size=data.shape.batch,
        learning_rate_init=1e-3,
        max_iter=20,
        tol=0.0,
        n_iter_no_change=20,
    )

    def fit() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(data.x, data.y)

    return Contestant(fit, epochs=model.max_iter)


def ours(data: Examples, dropout: float, members: int) -> Contestant:
    """A population of `members` runs that differ in their seed, as `runner` trains it."""
    from runner.config.validate import validate
    from runner.training.engine import Engine

    runs = [
        validate(
            {
                "model": {"hidden": list(data.shape.widths[1:-1])},
                "optimizer": {"name": "adamw", "lr": 1e-3},
                "regularizer": {"dropout": dropout},
                "trainer": {"batch_size": data.shape.batch, "epochs": 1_000_000},
                "seed": seed,
            }
        )
        for seed in range(members)
    ]
    engine = Engine(runs, [data.prepared()] * members)
    return Contestant(lambda: engine.train_epoch([1.0] * members), members)
