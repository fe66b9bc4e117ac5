"""What a regression is trained on in place of its target, and the way back: `dataset.target_scaling`.

standardize (y - mean) / sd; log (log(1 + y) - mean) / sd, of which predictions are close to medians; quantile
Phi^-1(share of the training targets below y), in which any shape is a bell; none y. All fitted on the training rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from runner.data.quantiles import fit_quantiles, from_normal, to_normal
from runner.errors import DataError

SKEWED = 2.0  # skewness from which a tail is heavy


@dataclass(frozen=True)
class TargetScale:
    """z = (f(y) - offset) / scale, where f is the identity, log(1 + y), or the way through `quantiles`."""

    offset: float = 0.0
    scale: float = 1.0
    log: bool = False
    quantiles: list[float] = field(default_factory=list)

    @property
    def linear(self) -> bool:
        """Whether a difference of z is everywhere the same difference of y, `scale` times as large."""
        return not self.log and not self.quantiles

    def scaled(self, y: np.ndarray) -> np.ndarray:
        """z of numbers y in their own unit."""
        if self.quantiles:
            return to_normal(y.ravel(), np.array(self.quantiles)).reshape(y.shape)
        return ((np.log1p(y) if self.log else y) - self.offset) / self.scale

    def original(self, z: np.ndarray) -> np.ndarray:
        """y of scaled numbers z."""
        if self.quantiles:
            return from_normal(z, np.array(self.quantiles))
        y = z * self.scale + self.offset
        return np.expm1(y) if self.log else y


@dataclass(frozen=True)
class TargetScales:
    """The same of several targets: numbers are [..., k], of each of which a scale tells."""

    parts: tuple[TargetScale, ...]

    @property
    def linear(self) -> bool:
        """Whether all are."""
        return all(part.linear for part in self.parts)

    @property
    def scale(self) -> np.ndarray:
        """[k] of each."""
        return np.array([part.scale for part in self.parts])

    def scaled(self, y: np.ndarray) -> np.ndarray:
        """z [..., k] of numbers y in their own units."""
        return self._each(y, TargetScale.scaled)

    def original(self, z: np.ndarray) -> np.ndarray:
        """y [..., k] of scaled numbers z."""
        return self._each(z, TargetScale.original)

    def _each(self, values: np.ndarray, way: Callable[[TargetScale, np.ndarray], np.ndarray]) -> np.ndarray:
        columns = [way(part, values[..., j]) for j, part in enumerate(self.parts)]
        return np.stack(columns, axis=-1)


def check_logarithm(name: str, y: np.ndarray) -> None:
    """DataError unless every number of a target has a log(1 + y)."""
    if (y <= -1).any():
        raise DataError(
            f"dataset.target_scaling=log: the target {name!r} holds {y.min():g}, but log(1 + y) needs numbers > -1. "
            "Use standardize or quantile."
        )


def fit_target(values: np.ndarray, kind: str, moments) -> TargetScale:
    """The scale `kind` of the training targets; `moments` gives mean and standard deviation of numbers [n]."""
    if kind == "none":
        return TargetScale()
    if kind == "quantile":
        return TargetScale(quantiles=fit_quantiles(values).tolist())
    log = kind == "log"
    mean, sd = moments(np.log1p(values) if log else values)
    return TargetScale(mean, sd, log)


def tail_note(name: str, y: np.ndarray, kind: str) -> list[str]:
    """A note on a target without negative numbers and with a heavy tail, which is most of its squared errors."""
    if kind not in ("standardize", "none") or len(y) < 10 or y.min() < 0:
        return []
    z = y - y.mean()
    skewness = float((z**3).mean() / max((z**2).mean(), np.finfo(float).tiny) ** 1.5)
    if not SKEWED <= skewness < np.inf:
        return []
    return [
        f"target {name!r}: none is negative, few are very large (skewness {skewness:.1f}): dataset.target_scaling=log "
        "or quantile weighs small and large ones alike"
    ]
