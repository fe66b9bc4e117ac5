"""With how many decimals a column of means and half-widths is shown: none that is meant is hidden, none invented."""

from __future__ import annotations

from collections.abc import Iterable

from runner.reports.statistics import Spread

UNCERTAIN = 2  # digits of a half-width
CERTAIN = 4  # digits of a mean whose uncertainty is not known
HELD = 8  # digits of a mean that its numbers hold, which are sums in float32


def digits(values: Iterable[Spread | None]) -> int:
    """Enough for two digits of the smallest half-width, and for four of each mean that has none."""
    return max((_digits(each) for each in values if each is not None), default=CERTAIN)


def _digits(each: Spread) -> int:
    most = decimals(each.mean, HELD) if each.mean else HELD
    uncertain = each.half or each.sd
    wanted = decimals(uncertain, UNCERTAIN) if uncertain else decimals(each.mean, CERTAIN)
    return max(0, min(wanted, most if uncertain else HELD))


def decimals(size: float, count: int) -> int:
    """Decimals with which a number shows so many digits."""
    return count - 1 - int(f"{size:.{count - 1}e}".partition("e")[2]) if size else 0
