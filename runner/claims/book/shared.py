"""Claims about tasks that share a network."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.rules import Finding, below, mean, shown
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWS = range(10)
TARGETS = 8
ROWS = {"train": 60, "val": 60, "test": 2000}
WORDS = (
    "dataset=npz", "model.hidden=[32]", "optimizer.lr=0.01", "trainer.epochs=300", "trainer.figures=false",
    "early_stopping.patience=30",
)  # fmt: skip


@claim("multi_task", "003:920")
class MultiTask(Claim):
    """Tasks that have something in common are learned better by one network with shared layers than each alone.

    Eight targets of 60 rows, each a sum of the same three hidden features of ten inputs, with noise of a third of
    their deviation; for comparison, targets that have no feature in common with the first.
    """

    source = "Caruana 1997, Multitask Learning"
    published = "error 5 to 25% lower on three domains"
    comparable = False
    expected = "error of the first target learned with seven of its kind minus that of it alone: below 0"
    reason = "a network of 32 units may share less than the theory supposes, and it stops when all targets are best"
    caption = "Root mean square error of the first target in the test, alone and with seven others; 95% intervals."

    def answer(self, runs: Runs) -> list[Finding]:
        """Paired differences over draws of the data."""
        found = {name: [errors(seed)[name] for seed in DRAWS] for name in errors(0)}
        over = f"{len(DRAWS)} draws of the data"
        alike, apart = ([a - b for a, b in zip(found[name], found["alone"], strict=True)] for name in OTHERS)
        return [
            below("error with related targets minus alone", mean(alike, over)),
            shown("error with unrelated targets minus alone", mean(apart, over)),
            shown("error alone", mean(found["alone"], over)),
        ]

    def figure(self, runs: Runs) -> Figure:
        """The three errors."""
        from runner.claims.pictures import intervals, panels

        found = {name: mean([errors(seed)[name] for seed in DRAWS], "") for name in errors(0)}
        figure, [axes] = panels()
        intervals(axes, found, title="one target of eight", xlabel="error of the first target (its deviation is 1)")
        return figure


OTHERS = ("with related targets", "with unrelated targets")


@functools.cache
def errors(seed: int) -> dict[str, float]:
    """Root mean square error of the first target in the test by what is learned with it, of one draw of the data."""
    import tempfile

    import numpy as np

    import runner

    draw = np.random.default_rng(seed)
    x = draw.normal(size=(sum(ROWS.values()), 10))
    related, unrelated = targets(x, draw, 1), targets(x, draw, TARGETS - 1)
    tasks = {"alone": related[:, :1], OTHERS[0]: related, OTHERS[1]: np.c_[related[:, :1], unrelated[:, 1:]]}
    with tempfile.TemporaryDirectory() as folder:
        for name, y in tasks.items():
            write(f"{folder}/{name}.npz", x, y)
        words = [[*WORDS, f"dataset.path={folder}/{name}.npz", f"seed={seed}"] for name in tasks]
        ended = runner.train(words, outputs=folder)
        test = x[-ROWS["test"] :], related[-ROWS["test"] :, 0]
        said = [np.asarray(runner.load(each.folder).predict(test[0])).reshape(len(test[0]), -1)[:, 0] for each in ended]
    return {name: float(np.sqrt(np.mean((each - test[1]) ** 2))) for name, each in zip(tasks, said, strict=True)}


def targets(x: Any, draw: Any, groups: int) -> Any:
    """[n, TARGETS] of deviation 1, with noise: of one group sums of the same three features; of as many groups as
    there are targets but one, each a sum of three of its own.
    """
    import numpy as np

    found = []
    for group in range(groups):
        features = np.tanh(x @ draw.normal(size=(10, 3)))
        found.append(features @ draw.normal(size=(3, TARGETS if groups == 1 else 1 + (group == 0))))
    y = np.concatenate(found, 1)
    return y / y.std(0) + draw.normal(size=y.shape) / 3


def write(path: str, x: Any, y: Any) -> None:
    """The rows of each split one after the other."""
    import numpy as np

    ends = np.cumsum(list(ROWS.values()))[:-1]
    parts = {}
    for name, table in (("x", x), ("y", y if y.shape[1] > 1 else y[:, 0])):
        parts |= {f"{name}_{split}": part for split, part in zip(ROWS, np.split(table, ends), strict=True)}
    np.savez(path, **parts)
