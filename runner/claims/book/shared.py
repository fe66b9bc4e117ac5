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
    published = "error 5 to 25% lower on three domains (as recalled)"
    comparable = False
    expected = "error of the first target learned with seven of its kind minus that of it alone: below 0"
    reason = "a network of 32 units may share less than the theory supposes, and it stops when all targets are best"
    caption = "Root mean square error of the first target in the test, alone and with seven others; 95% intervals."

    def answer(self, runs: Runs) -> list[Finding]:
        """Paired differences over draws of the data."""
        found = errors()
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

        found = {name: mean(values, "") for name, values in errors().items()}
        figure, [axes] = panels()
        intervals(axes, found, title="one target of eight", xlabel="error of the first target (its deviation is 1)")
        return figure


OTHERS = ("with related targets", "with unrelated targets")


@functools.cache
def errors() -> dict[str, list[float]]:
    """Root mean square error of the first target in the test of each draw of the data, by what is learned with it."""
    import tempfile

    import numpy as np

    import runner

    with tempfile.TemporaryDirectory() as folder:
        words, tests = [], []
        for seed in DRAWS:
            tasks, test = drawn(seed)
            for name, (x, y) in tasks.items():
                write(f"{folder}/{seed} {name}.npz", x, y)
                words.append([*WORDS, f"dataset.path='{folder}/{seed} {name}.npz'", f"seed={seed}"])
                tests.append((name, test))
        found: dict[str, list[float]] = {}
        for ended, (name, (x, y)) in zip(runner.train(words, outputs=folder), tests, strict=True):
            said = np.asarray(runner.load(ended.folder).predict(x)).reshape(len(x), -1)[:, 0]
            found.setdefault(name, []).append(float(np.sqrt(np.mean((said - y) ** 2))))
    return found


def drawn(seed: int) -> tuple[dict[str, tuple[Any, Any]], tuple[Any, Any]]:
    """({what is learned: (inputs, targets)}, inputs and first target of the test) of one draw of the data."""
    import numpy as np

    draw = np.random.default_rng(seed)
    x = draw.normal(size=(sum(ROWS.values()), 10))
    related, unrelated = targets(x, draw, 1), targets(x, draw, TARGETS - 1)
    others = np.concatenate([related[:, :1], unrelated[:, 1:]], 1)
    tasks = {"alone": related[:, :1], OTHERS[0]: related, OTHERS[1]: others}
    return {name: (x, y) for name, y in tasks.items()}, (x[-ROWS["test"] :], related[-ROWS["test"] :, 0])


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
    parts: dict[str, Any] = {}
    for name, table in (("x", x), ("y", y if y.shape[1] > 1 else y[:, 0])):
        parts |= {f"{name}_{split}": part for split, part in zip(ROWS, np.split(table, ends), strict=True)}
    np.savez(path, **parts)
