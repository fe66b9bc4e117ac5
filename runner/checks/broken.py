"""How a contract says that it does not hold."""

from __future__ import annotations

from torch import Tensor


class BrokenError(AssertionError):
    """A contract does not hold; the message says in what, for the author of the class."""


def require(holds: bool, problem: str) -> None:
    """BrokenError with the problem unless it holds."""
    if not holds:
        raise BrokenError(problem)


def require_close(found: Tensor, expected: Tensor, relative: float, absolute: float, what: str) -> None:
    """BrokenError unless every number is the expected one to |found - expected| <= absolute + relative |expected|."""
    away = (found - expected).abs()
    far = ~(away <= absolute + relative * expected.abs())
    if far.any():
        worst = away.nan_to_num(float("inf")).argmax()
        numbers = f"{found.flatten()[worst].item():.6g} instead of {expected.flatten()[worst].item():.6g}"
        raise BrokenError(f"{what}: {int(far.sum())} of {far.numel()} numbers differ, such as {numbers}")
