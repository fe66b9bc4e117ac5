"""Weights of penalized linear regression over the strength of the penalty, worked out rather than trained.

The objective is runner's: mean square + a |w|_1 (L1), + a/2 |w|^2 (L2), + a (r |w|_1 + (1 - r)/2 |w|^2) (elastic net);
the bias is free. With G = 2 X'X / n and c = 2 X'y / n of centred columns it is w'Gw/2 - c'w + penalty.

Shapes: D columns, K strengths, T knots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SWEEPS, ROUNDS = 5, 1000  # of coordinate descent between two solutions, and how often at most
TIED = 1e-10  # relative: strengths that are the same


@dataclass
class Quadratic:
    """G [D, D] and c [D]."""

    g: np.ndarray
    c: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None, bias: bool) -> Quadratic:
        """Of rows x [n, D], targets [n] and weights [n] of mean 1."""
        w = np.ones(len(y)) if weights is None else weights / weights.mean()
        if bias:
            x, y = x - np.average(x, axis=0, weights=w), y - np.average(y, weights=w)
        return cls(2 * (x.T * w) @ x / len(y), 2 * (x.T * w) @ y / len(y))

    def l2(self, strengths: np.ndarray) -> np.ndarray:
        """[K, D]: (G + a I)^-1 c"""
        return np.array([np.linalg.solve(self.g + a * np.eye(len(self.c)), self.c) for a in strengths])

    def elastic_net(self, strengths: np.ndarray, ratio: float) -> np.ndarray:
        """[K, D]: sweeps of coordinate descent from the weights of the next larger strength (Friedman et al. 2010) find
        which weights are not 0 and their signs, for which a linear system has the minimum.
        """
        found, w = np.zeros((len(strengths), len(self.c))), np.zeros(len(self.c))
        for k in np.argsort(strengths)[::-1]:
            for _ in range(ROUNDS):
                w = self._descended(w, strengths[k], ratio)
                exact = self._with_signs(np.sign(w), strengths[k], ratio)
                if exact is not None:
                    w = exact
                    break
            found[k] = w
        return found

    def _descended(self, w: np.ndarray, a: float, ratio: float) -> np.ndarray:
        """A few sweeps of coordinate descent."""
        w = w.copy()
        for j in list(np.flatnonzero(np.diag(self.g) > 0)) * SWEEPS:
            r = self.c[j] - self.g[j] @ w + self.g[j, j] * w[j]
            w[j] = np.sign(r) * max(abs(r) - a * ratio, 0) / (self.g[j, j] + a * (1 - ratio))
        return w

    def _with_signs(self, signs: np.ndarray, a: float, ratio: float) -> np.ndarray | None:
        """The minimum, if its weights have these signs; else None."""
        w, used = np.zeros(len(signs)), np.flatnonzero(signs)
        bent = self.g + a * (1 - ratio) * np.eye(len(w))
        w[used] = np.linalg.lstsq(bent[np.ix_(used, used)], (self.c - a * ratio * signs)[used], rcond=None)[0]
        rest = np.abs(self.c - bent @ w)[signs == 0]
        fits = np.array_equal(np.sign(w), signs) and (rest <= a * ratio + TIED * np.abs(self.c).max()).all()
        return w if fits else None

    def l1_knots(self) -> tuple[np.ndarray, np.ndarray]:
        """(strengths [T], falling; weights [T, D]) between which the weights of L1 are linear, from the strength
        2 max |x'y| / n, where all are 0, to 0 (Osborne et al. 2000; Efron et al. 2004).
        """
        a = float(np.abs(self.c).max())
        w, active = np.zeros(len(self.c)), [int(np.abs(self.c).argmax())]
        knots, points, dropped = [a], [w.copy()], -1
        while a > TIED * knots[0] and len(knots) < 50 * len(w):
            r = self.c - self.g @ w
            signs = np.sign(r[active])
            direction = np.zeros(len(w))
            direction[active] = np.linalg.lstsq(self.g[np.ix_(active, active)], signs, rcond=None)[0]
            step, event = self._next(a, r, w, direction, active, dropped)
            w, a, dropped = w + step * direction, a - step, -1
            if event in active:
                active.remove(event)
                w[event], dropped = 0.0, event
            elif event >= 0:
                active.append(event)
            knots.append(a)
            points.append(w.copy())
        return np.array(knots), np.array(points)

    def _next(
        self, a: float, r: np.ndarray, w: np.ndarray, direction: np.ndarray, active: list[int], dropped: int
    ) -> tuple[float, int]:
        """(how far the strength falls, the column that then enters or leaves; -1 at strength 0)."""
        step, event, least = a, -1, TIED * a
        slope = self.g @ direction
        for j in range(len(w)):
            if j in active:
                reached = [-w[j] / direction[j]] if direction[j] and w[j] else []
            else:  # |r_j - t slope_j| = a - t; one that has just left moves inwards
                ends = ((a - r[j], 1 - slope[j]), (a + r[j], 1 + slope[j]))
                reached = [
                    top / below for top, below in ends if below > TIED and not (j == dropped and top < least * 10)
                ]
            for t in reached:
                if least < t < step:
                    step, event = t, j
        return step, event
