"""Claims of exact numbers: each beside the one that has to come out, and all of them in one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from runner.claims.claim import Claim
from runner.claims.rules import Finding, digits
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Number = tuple[float, float, int]  # found, expected, decimals


class Exact(Claim):
    """A claim that is answered by numbers without chance."""

    xlabel: ClassVar[str] = ""
    ylabel: ClassVar[str] = "value"
    _told: tuple[Runs, Mapping[str, Number]] | None = None  # the runs that were asked last, and their numbers

    def numbers(self, runs: Runs) -> Mapping[str, Number]:
        """Name -> (found, expected, decimals)."""
        raise NotImplementedError

    def answer(self, runs: Runs) -> list[Finding]:
        """Each number to its digits."""
        return [digits(name, *number) for name, number in self._once(runs).items()]

    def figure(self, runs: Runs) -> Figure:
        """What was expected as bars, what was found as dots."""
        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, RED, dress

        found = self._once(runs)
        figure, [axes] = panels()
        places = range(len(found))
        axes.bar(places, [each[1] for each in found.values()], color=BLUE, alpha=0.35, label="expected")
        axes.plot(places, [each[0] for each in found.values()], "o", color=RED, markersize=9, label="found")
        dress(axes, xlabel=self.xlabel, ylabel=self.ylabel)
        axes.set_xticks(
            list(places), list(found), rotation=20 if len(found) > 3 else 0, ha="right" if len(found) > 3 else "center"
        )
        axes.legend()
        return figure

    def _once(self, runs: Runs) -> Mapping[str, Number]:
        """The numbers, worked out once for the answer and the figure."""
        if self._told is None or self._told[0] is not runs:
            self._told = runs, self.numbers(runs)
        return self._told[1]


def numbered(found: Sequence[float], expected: Sequence[float], places: int, name: str = "w{}") -> dict[str, Number]:
    """The numbers of a list, named 1, 2, ...: `numbered(w, (0.1, 0.2), 4)` are w1 and w2."""
    pairs = zip(found, expected, strict=True)
    return {name.format(i): (float(value), target, places) for i, (value, target) in enumerate(pairs, 1)}


def line(axes: object, x: Sequence[float], series: Mapping[str, Sequence[float]], **words: str) -> None:
    """`pictures.lines` of numbers that are not repeated."""
    from runner.claims.pictures import lines

    lines(axes, x, {name: [[float(value)] for value in values] for name, values in series.items()}, **words)
