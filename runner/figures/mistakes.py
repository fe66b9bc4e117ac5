"""What a network gets wrong: the examples mistaken for another class where it was surest, the largest errors."""

from __future__ import annotations

import numpy as np

from runner.figures.of_a_run import Ended

PICTURES, ROWS = 24, 14  # that are shown
FEATURES = 5  # of a row
PLANE = 2  # inputs up to which the boundary or the fit shows it


def mistakes(run: Ended) -> bytes | None:
    """Images and signals as they are, rows of a table by their first columns; None if nothing is wrong, or if other
    figures show it: of two inputs or fewer, and of several targets.
    """
    if run.classes and not run.data.heads and (run.data.image_shape or run.trial.settings.dataset.holds_signals()):
        return _pictures(run)
    if run.several or run.data.heads or run.data.image_shape or run.data.x.shape[1] <= PLANE:
        return None
    return _rows(run)


def _worst(run: Ended) -> np.ndarray:
    """Positions among the examples shown: the surest mistake, or the largest error, first."""
    if not run.classes:
        return np.argsort(-np.abs(_errors(run)), kind="stable")
    taken = run.answers.argmax(1)
    wrong = np.flatnonzero(run.data.y[run.rows] != taken)
    return wrong[np.argsort(-run.answers[wrong, taken[wrong]], kind="stable")]


def _errors(run: Ended) -> np.ndarray:
    """Prediction minus target [n], in the unit of the table."""
    return run.data.encoding.decode(run.answers) - run.data.targets(run.rows)


def _pictures(run: Ended) -> bytes | None:
    worst = _worst(run)
    if not len(worst):
        return None
    from runner.figures.draw.examples import examples

    shown = worst[:PICTURES]
    factor, offset = run.data.pixel_map
    pictures = run.data.x[run.rows[shown], : len(factor)] * factor + offset
    captions = [f"{taken}, {sure}\ntrue: {true}" for true, taken, sure in _classes(run, shown)]
    return examples(pictures.reshape(len(shown), *(run.data.image_shape or (-1,))), captions, title=_title(run, worst))


def _classes(run: Ended, shown: np.ndarray) -> list[tuple[str, str, str]]:
    """(true class, class it was taken for, how sure) of examples."""
    labels = run.data.labels or [str(code) for code in range(run.data.outputs)]
    true, taken = run.data.y[run.rows[shown]], run.answers[shown].argmax(1)
    return [(labels[a], labels[b], f"{run.answers[i, b]:.0%}") for a, b, i in zip(true, taken, shown, strict=True)]


def _title(run: Ended, worst: np.ndarray) -> str:
    what = f"Surest of {len(worst):,} mistakes" if run.classes else "Largest errors"
    return f"{what} among {len(run.rows):,} examples ({run.split}, epoch {run.epoch})"


def _rows(run: Ended) -> bytes | None:
    worst = _worst(run)
    if not len(worst):
        return None
    from runner.figures.draw.rows import rows

    shown = worst[:ROWS]
    code, at = run.data.encoding, run.rows[shown]
    if run.classes:
        said = [list(each) for each in _classes(run, shown)]
    else:
        numbers = np.stack([run.data.targets(at), run.data.targets(at) + _errors(run)[shown], _errors(run)[shown]], 1)
        said = [[f"{number:.4g}" for number in row] for row in numbers]
    inputs = code.original(run.data.x[at, : len(code.numeric)])[:, :FEATURES]
    cells = [[*first, *(f"{number:.4g}" for number in row)] for first, row in zip(said, inputs, strict=True)]
    names = ["true", "taken for", "sure"] if run.classes else ["true", "prediction", "error"]
    return rows([*names, *code.numeric[:FEATURES]], cells, marked=len(names), title=_title(run, worst))
