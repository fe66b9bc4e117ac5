"""Predictions of a run for a file: about every row, how right they are where that is known, what is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from runner.errors import DataError
from runner.records.output import CSV, PARQUET, parquet, write_output

if TYPE_CHECKING:
    import pandas as pd

    from runner.data.encoding import Encoding
    from runner.data.reading.cells import Cells
    from runner.data.reading.dialect import Dialect
    from runner.reports.load import Predictor
    from runner.reports.monte_carlo import MonteCarlo

PREDICTION = "prediction"
Truth: TypeAlias = tuple[np.ndarray, np.ndarray]  # what should have been said, and in which rows that is known


@dataclass
class Prediction:
    """A table with its predictions. `score` is over the `known` rows whose target is in the table."""

    table: pd.DataFrame  # the input as read
    cells: Cells  # its columns
    answers: dict[str, np.ndarray]  # column -> values [n]: prediction, prob_<label>
    notes: list[str]
    score: dict[str, float] = field(default_factory=dict)
    known: int = 0


class Passes(NamedTuple):
    """How often, and with which numbers, a network is asked with its dropout on."""

    many: int
    seed: int = 0
    length_scale: float | None = None


def predict_file(run: Predictor, path: Path, keys: Dialect | None = None, passes: Passes | None = None) -> Prediction:
    """Predict every row of a file, read as the training data were, but for what `keys` say of this file; with `passes`
    also by Monte Carlo dropout.

    Raises DataError naming the file and the column at fault, RunError if an answer is not finite.
    """
    from runner.data.reading.dialect import Dialect
    from runner.data.reading.frames import read_further

    encoding = run.encoding
    read, cells = read_further(path, encoding.reading, encoding.columns, keys or Dialect())
    how = read.how(cells.decimal) if set(encoding.columns) - set(cells.columns) else []
    because = f" ({'; '.join(how)})" if how else ""
    try:
        x, notes = run.transform_with_notes(cells)
        outputs = run.outputs(x)
        truth = _truth(encoding, cells, x)
        score, known, unknown = _score(run, truth, outputs)
        spread = run.spread_of(x, *passes) if passes else None
    except DataError as error:
        raise DataError(f"{path}{because}: {error}") from error
    answers = _answers(run, outputs)
    if spread is not None:
        answers |= _columns(run, spread)
        notes += spread.notes
        score |= _score_of_passes(truth, spread)
    _refuse_taken(answers, list(cells.columns), path)
    return Prediction(read.frame, cells, answers, [*run.notes, *cells.notes, *notes, *unknown], score, known)


def _answers(run: Predictor, outputs_NC: np.ndarray) -> dict[str, np.ndarray]:
    answers = _by_target(run.encoding, PREDICTION, run.decode(outputs_NC))
    if heads := run.encoding.heads:
        found = run.probabilities_of(outputs_NC)
        places = [(h.name, str(label)) for h in heads if h.classes for label in h.encoding.labels or []]
        sure = [column for head in heads if head.classes for column in found[head.name].T]
        return answers | dict(zip(_named_apart(places), sure, strict=True))
    if run.encoding.task == "classification":
        columns = run.probabilities(outputs_NC).T
        answers |= {f"prob_{label}": column for label, column in zip(run.encoding.labels or [], columns, strict=True)}
    return answers


def _named_apart(places: Sequence[tuple[str, str]]) -> list[str]:
    """A column for each (target, label): prob_a_red, or prob_a=red where that could be read in two ways, as of label
    b_c of target a and label c of target a_b. DataError where both can.
    """
    for between in ("_", "="):
        names = [f"prob_{target}{between}{label}" for target, label in places]
        if len(set(names)) == len(names):
            return names
    twice = next(name for name in names if names.count(name) > 1)
    raise DataError(f"two columns of probabilities would have the name {twice!r}; train on targets with other names")


def _by_target(encoding: Encoding, name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """A column of values [n]; of several targets, [n, k], a column each, such as prediction_a."""
    if not encoding.targets:
        return {name: values}
    return {f"{name}_{target}": column for target, column in zip(encoding.targets, values.T, strict=True)}


def _columns(run: Predictor, found: MonteCarlo) -> dict[str, np.ndarray]:
    """What Monte Carlo dropout adds to the answers, by column."""
    if found.probabilities is None:
        numbers = {"mc_mean": np.asarray(found.mean), "mc_sd": np.asarray(found.sd)}
        return {k: v for name, each in numbers.items() for k, v in _by_target(run.encoding, name, each).items()}
    labels = run.encoding.labels or []
    answers = {f"mc_prob_{label}": column for label, column in zip(labels, found.probabilities.T, strict=True)}
    named = {"mc_sd": found.sd, "entropy": found.entropy, "mutual_information": found.mutual_information}
    return answers | {name: np.asarray(column) for name, column in named.items()}


def _truth(encoding: Encoding, cells: Cells, x: Any) -> Truth | None:
    """What should have been said [n], of several targets [n, k], and in which rows that is known; None if the table has
    no such column. `x` is what the network sees of the table, which is what an autoencoder should say.
    """
    names = encoding.target_columns
    if encoding.reconstructs:
        x_ND = x[0] if isinstance(x, list) else x
        return encoding.scale_of_target.original(x_ND.astype(np.float64)), np.ones(len(x_ND), bool)
    if any(name not in cells.columns for name in names):
        return None
    each = [head.encoding for head in encoding.heads] or [encoding] * len(names)
    found = [own.answers(cells[name]) for own, name in zip(each, names, strict=True)]
    if not encoding.targets:
        return found[0]
    return np.stack([truth for truth, _ in found], axis=1), np.all([known for _, known in found], axis=0)


def _score_of_passes(answers: Truth | None, found: MonteCarlo) -> dict[str, float]:
    """How right the means over the passes are, where the target is known."""
    truth, known = answers or (np.empty(0), np.zeros(0, bool))
    if not known.any():
        return {}
    if found.probabilities is not None:
        p, codes = found.probabilities[known], truth[known]
        with np.errstate(divide="ignore"):
            log_p = np.log(p[np.arange(len(p)), codes])
        return {"mc accuracy": float((p.argmax(1) == codes).mean()), "mc log loss": float(-log_p.mean())}
    return {"mc rmse": float(np.sqrt(np.square(np.asarray(found.mean)[known] - truth[known]).mean()))}


def _refuse_taken(answers: dict[str, np.ndarray], columns: list[str], path: Path) -> None:
    taken = [name for name in answers if name in columns]
    if taken:
        raise DataError(
            f"{path} already has the column {taken[0]!r}, which would be written. Rename or remove it, or predict for "
            "the original table."
        )


def _score(run: Predictor, answers: Truth | None, outputs_NC: np.ndarray) -> tuple[dict[str, float], int, list[str]]:
    """(metrics, number of rows they are over, notes): nothing without a target column, or a known answer in it."""
    encoding = run.encoding
    if answers is None:
        return {}, 0, []
    truth, known = answers
    left_out = int((~known).sum())
    what = f"none of the classes {', '.join(encoding.labels[:10])}" if encoding.labels else "no number"
    whose = f"whose {encoding.target!r} is missing or {what}"
    if encoding.heads:
        whose = f"in which one of {', '.join(map(repr, encoding.targets))} is missing or not what training had"
    notes = [f"not scored: {left_out:,} of {len(known):,} rows, {whose}"] if left_out else []
    if not known.any():
        return {}, 0, notes
    return _scores(run, outputs_NC[known], truth[known]), int(known.sum()), notes


def _scores(run: Predictor, outputs_NC: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The metrics of the task; of several targets those of each."""
    encoding = run.encoding
    if not encoding.heads:
        return (_classification if encoding.task == "classification" else _regression)(outputs_NC, truth, encoding)
    found: dict[str, float] = {}
    for head in encoding.heads:
        metric = _classification if head.classes else _regression
        answers = truth[:, head.place].astype(np.int64) if head.classes else truth[:, head.place]
        scores = metric(outputs_NC[:, head.columns], answers, head.encoding)
        found |= {f"{head.name} {name}": value for name, value in scores.items()}
    return found


def _classification(outputs_NC: np.ndarray, codes: np.ndarray, encoding) -> dict[str, float]:
    """accuracy, and log loss -mean log p(true class) (natural logarithm)."""
    largest = outputs_NC.max(axis=1, keepdims=True)
    normalizer = np.log(np.exp(outputs_NC - largest).sum(axis=1)) + largest[:, 0]
    log_p = outputs_NC[np.arange(len(codes)), codes] - normalizer
    return {"accuracy": float((outputs_NC.argmax(axis=1) == codes).mean()), "log loss": float(-log_p.mean())}


def _regression(outputs_NC: np.ndarray, truth: np.ndarray, encoding) -> dict[str, float]:
    """rmse in the units of the target, and r2 = 1 - squared errors / squared deviations from the mean, which is not
    defined (NaN) where all rows have one answer. Of several targets both for each, of an autoencoder their means.
    """
    answers = encoding.decode(outputs_NC)
    if not encoding.targets:
        return _of_numbers(answers, truth)
    each = [_of_numbers(*columns) for columns in zip(answers.T, truth.T, strict=True)]
    if encoding.reconstructs:
        return {name: float(np.nanmean([one[name] for one in each])) for name in each[0]}
    return {
        f"{target} {name}": value
        for target, one in zip(encoding.targets, each, strict=True)
        for name, value in one.items()
    }


def _of_numbers(answers: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    with np.errstate(over="ignore"):
        squares = np.square(answers - truth).sum()
        spread = np.square(truth - truth.mean()).sum()
    r2 = 1 - squares / spread if (truth != truth[0]).any() else np.nan
    return {"rmse": float(np.sqrt(squares / len(truth))), "r2": float(r2)}


def default_out(source: Path) -> Path:
    """<stem of the input>.predictions.csv, or .parquet for a Parquet file, in the current folder."""
    name = source.name.removesuffix(".gz").removesuffix(".zip")
    suffix = ".parquet" if Path(name).suffix.lower() in PARQUET else ".csv"
    return Path(f"{Path(name).stem}.predictions{suffix}")


def write(prediction: Prediction, out: Path) -> None:
    """Write the input's columns and the predictions to `out`, all at once. RunError if the disk does not take it.

    In a CSV every cell of the input stays as it was written ("007", "1.50"), but for markers of a hole, which become
    empty; in Parquet, columns of numbers are numbers.
    """
    to_csv = out.suffix.lower() in CSV
    table = prediction.table if to_csv else prediction.cells.frame(prediction.table)
    whole = table.assign(**prediction.answers)
    data = whole.to_csv(index=False, lineterminator="\n").encode() if to_csv else parquet(whole)
    write_output("--out", out, data)
