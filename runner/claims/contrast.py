"""Claims that compare settings side by side: each setting is a name and some words, and all of them are one sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from runner.claims.claim import Claim
from runner.claims.rules import Estimate
from runner.claims.runs import Metric, Runs
from runner.config.words import key_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Parts = Mapping[str, Sequence[str]]  # name of a setting -> its words KEY=VALUE


def filled(parts: Parts) -> dict[str, list[str]]:
    """Name -> its words for every key that any part sets; what a part does not name is off, 0."""
    keys = dict.fromkeys(key_of(word) for words in parts.values() for word in words)
    given = {name: {key_of(word): word for word in words} for name, words in parts.items()}
    return {name: [own.get(key, f"{key}=0") for key in keys] for name, own in given.items()}


def side_by_side(parts: Parts, *zips: str) -> tuple[str, ...]:
    """Words of a sweep whose settings are the parts; `zips` are further groups of keys that go together, "a,b"."""
    columns = list(zip(*filled(parts).values(), strict=True))
    keys = [key_of(words[0]) for words in columns]
    values = [",".join(word.partition("=")[2] for word in words) for words in columns]
    groups = [*([",".join(keys)] if len(keys) > 1 else []), *zips]
    zipped = [f"hydra.sweeper.zip=[{','.join(f'[{group}]' for group in groups)}]"] if groups else []
    return (*(f"{key}={value}" for key, value in zip(keys, values, strict=True)), *zipped)


class Contrast(Claim):
    """A claim about `parts`. Its figure: a column of metrics.csv over the epochs, and a metric of the kept weights."""

    parts: ClassVar[Parts]
    column: ClassVar[tuple[str, str]] = ("val/loss", "validation loss (nats)")
    metric: ClassVar[tuple[Metric, str]] = ("test/accuracy", "test accuracy")
    log: ClassVar[str] = ""  # logarithmic axes of the curves, such as "y"

    def part(self, runs: Runs, name: str) -> Runs:
        """The runs of one setting."""
        return runs.where(*filled(self.parts)[name])

    def apart(self, runs: Runs, first: str, second: str, metric: Metric) -> Estimate:
        """A metric of the first setting minus that of the second, seed by seed."""
        return self.part(runs, first).minus(self.part(runs, second), metric)

    def figure(self, runs: Runs) -> Figure:
        """The curves on the left, the metric with its interval on the right."""
        from runner.claims.pictures import intervals, lines, panels

        found = {name: self.part(runs, name) for name in self.parts}
        curves = {name: part.epochs(self.column[0]) for name, part in found.items()}
        figure, [left, right] = panels(2, size=(10.0, 4.6))
        longest = max(len(each) for each in curves.values())
        for name, curve in curves.items():
            curves[name] = [*curve, *([curve[-1]] * (longest - len(curve)))]
        lines(left, range(longest), curves, xlabel="epoch", ylabel=self.column[1], log=self.log)
        metric, said = self.metric
        intervals(right, {name: part.mean(metric) for name, part in found.items()}, xlabel=said)
        return figure
