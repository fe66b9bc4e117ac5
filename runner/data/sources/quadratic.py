"""A quadratic function as a regression: the weights of a linear network are its variables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.registry import choice, matrix, name_of, number, register
from runner.data.sources.base import RawTable, Source

if TYPE_CHECKING:
    from runner.config.settings import Settings

MOST = 20  # variables
WHOLE = {"val_fraction": 0.0, "test_fraction": 0.0, "train_size": None, "folds": None}  # every row is a training row


@register(
    "dataset", "quadratic", paper="Goodfellow, Bengio & Courville 2016, chapters 4, 7 and 8", lecture="003:343, 003:855"
)
@dataclass
class Quadratic(Source):
    """loss(w) = 1/2 (w - optimum)' hessian (w - optimum), w the weights of a linear network, from `start` on.

    For n variables 2n rows X with X'X / 2n = hessian / 2 and y = X optimum, whose mean squared error this is. Each row
    is there with both signs, so that the bias, 0 at first, has no gradient. It takes model.hidden=[] and all rows in
    each step, so that a step is an epoch.
    """

    hessian: list[list[float]] = matrix(
        [[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]],
        kind="index",
        help="the matrix of second derivatives, symmetric and positive definite",
    )
    optimum: list[float] = matrix([0.81, 0.91, 0.13], ndim=1, kind="index", help="where the loss is 0")
    start: list[float] | None = matrix(None, ndim=1, optional=True, kind="index", help="the initial weights; null = 0")
    val_fraction: float = number(0.0, ge=0, lt=1, kind="index", help="0: every row is needed for training")
    test_fraction: float = number(0.0, ge=0, lt=1, kind="index", help="0: every row is needed for training")
    scaling: str = choice("none", "none", kind="index", help="none, or the loss would be another")
    target_scaling: str = choice("none", "none", kind="index", help="none, or the loss would be another")

    def cuts(self) -> tuple[str, ...]:
        """None: there is nothing to spare."""
        return ()

    def contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """A matrix that is no Hessian of a bowl, points of another size, rows that are held out."""
        for key, value in WHOLE.items():
            if (given := getattr(self, key)) != value:
                fix = "null" if value is None else f"{value:g}"
                text = f"dataset.{key} = {given:g}: dataset=quadratic has no rows to spare; set dataset.{key}={fix}"
                yield (f"dataset.{key}",), text
        yield from super().contradictions()
        if problem := self._problem():
            yield ("dataset.hessian",), f"dataset.hessian = {self.hessian}: {problem}"
            return
        size = len(self.hessian)
        for key, point in (("optimum", self.optimum), ("start", self.start)):
            if point is not None and len(point) != size:
                text = f"dataset.{key} = {point}: {len(point)} numbers, but dataset.hessian is {size} x {size}"
                example = ",".join(["0"] * size)
                yield (f"dataset.{key}", "dataset.hessian"), f"{text}; give {size}, such as dataset.{key}=[{example}]"

    def _problem(self) -> str:
        """What keeps the matrix from being the Hessian of a bowl; "" if nothing does."""
        import numpy as np

        rows, size = self.hessian, len(self.hessian)
        if not 1 <= size <= MOST or len(rows[0]) != size:
            return f"{size} rows of {len(rows[0]) if rows else 0}; a square matrix of 1 to {MOST} rows is needed"
        for i in range(size):
            for j in range(i):
                if rows[i][j] != rows[j][i]:
                    return f"not symmetric: {rows[i][j]:g} in row {i + 1}, column {j + 1}, {rows[j][i]:g} across"
        lowest = float(np.linalg.eigvalsh(np.array(rows)).min())
        if lowest <= 0:
            return f"its smallest eigenvalue is {lowest:.3g}, but all must be > 0 (positive definite)"
        return ""

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        """A network that is not linear, another loss, a step on a part of the rows."""
        linear, loss, rows = settings.model, name_of(settings.loss, "loss"), 2 * len(self.hessian)
        if linear.hidden:
            text = f"model.hidden = {linear.hidden}: dataset=quadratic is a function of the weights of a linear network"
            yield ("model.hidden", "dataset"), f"{text}; set model.hidden=[]"
        if loss not in ("auto", "mse"):
            yield ("loss", "dataset"), f"loss = {loss}: dataset=quadratic is a mean squared error; set loss=auto"
        if settings.trainer.batch_size < rows:
            text = f"trainer.batch_size = {settings.trainer.batch_size}: of dataset=quadratic a step"
            yield ("trainer.batch_size", "dataset"), f"{text} needs all {rows} rows; set trainer.batch_size={rows}"

    def initial_weights(self) -> list[float]:
        """`start`, or the origin."""
        return [0.0] * len(self.hessian) if self.start is None else self.start

    def read(self) -> RawTable:
        """The table: rows +a_i and -a_i with A'A = n hessian / 2, by the Cholesky factor."""
        import numpy as np

        size = len(self.hessian)
        a = np.sqrt(size / 2) * np.linalg.cholesky(np.array(self.hessian)).T
        x = np.stack([a, -a], axis=1).reshape(2 * size, size)
        y = (x * np.array(self.optimum)).sum(axis=1)
        return RawTable(
            numeric_ND=x,
            target=y,
            task="regression",
            numeric_names=[f"x{i + 1}" for i in range(size)],
            sha256=hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest(),
            target_name="y",
        )
