"""How far a share measured on few examples may lie from the true one."""

from __future__ import annotations

import math

NORMAL = 1.959963984540054  # P(|Z| <= NORMAL) = 0.95


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95% interval of a probability that came up as a share of n examples (Wilson 1927): all p with
    |share - p| <= NORMAL sqrt(p (1 - p) / n). It has a width at 0 and 1, too.
    """
    z2 = NORMAL**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
