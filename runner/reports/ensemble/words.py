"""What `runner ensemble` says: what members reach alone and together, and how to use them."""

from __future__ import annotations

import math
from pathlib import Path

from runner.config import plugins
from runner.ensembles.options import COMBINE, GREEDY, MEAN, TOP, VOTE
from runner.records.names import plural, shown_path
from runner.reports.ensemble.found import Ensemble

DECIMALS = 4
LIKELIHOODS = ("nll", "rmse")  # errors that tell small differences
DIGITS = 4  # of a number in the unit of the target
HOW = {"all": "all of them", "top": "the best by {metric}", "greedy": "greedy choices among {count}"}


def lines(ensemble: Ensemble) -> list[str]:
    """Who belongs to it, a table with a row a metric, and notes."""
    found = ensemble.candidates
    count = len({row.folder for row in ensemble.members})
    how = HOW[ensemble.how].format(metric=found.metric, count=plural(len(found.rows), "run"))
    title = f"ensemble of {plural(count, 'run')} ({how}), combined by {ensemble.combine}"
    times = f"; {len(ensemble.members)} choices, some of them the same" if count < len(ensemble.members) else ""
    return [
        title + times,
        *(f"note: {note}" for note in found.notes),
        *([f"left out: {', '.join(found.left_out)}"] if found.left_out else []),
        *_table(ensemble),
        *_remarks(ensemble),
    ]


def use(folder: Path) -> list[str]:
    """The command that predicts with the ensemble written to a folder."""
    return ["to use it:", f"  {plugins.command('predict', shown_path(folder))} INPUT --out FILE"]


def _table(ensemble: Ensemble) -> list[str]:
    best = ["best alone"] if ensemble.ranked else []
    rows = [["", "members", *best, "together", "gain"]]
    for split, part in ensemble.parts.items():
        for name, mean in part.mean.items():
            alone = [float(part.members[name][0])] if ensemble.ranked else []
            cells = [_number(value, name) for value in (mean, *alone, part.together[name])]
            rows.append([f"{split}/{name}", *cells, _signed(part.gain[name], name)])
        kind, value = part.diversity
        if not math.isnan(value):
            rows.append([f"{split}/{kind}", _number(value, kind), *([""] * (len(rows[0]) - 2))])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _remarks(ensemble: Ensemble) -> list[str]:
    found = [
        "members: a member in the mean; gain: by how much all together are better than that (negative: worse)",
    ]
    if ensemble.out_of_fold:
        found.append(
            "val: each row by the runs that were not trained on it (out of fold); no sizes, as each knows other rows"
        )
    worse = [name for name in LIKELIHOODS if _best_is_better(ensemble, name)]
    if worse and ensemble.how == "all":
        found.append(f"the best alone has the better val/{worse[0]}: {TOP} N or {GREEDY} N leaves weak runs out")
    if ensemble.combine == VOTE:
        found.append(f"nll: infinite where no member votes for the true class; {COMBINE} {MEAN} has probabilities")
    return found


def _best_is_better(ensemble: Ensemble, name: str) -> bool:
    """Whether the best run alone reaches less of an error on validation than all together."""
    part = ensemble.parts.get("val") if ensemble.ranked else None
    return part is not None and name in part.together and part.members[name][0] < part.together[name]


def _number(value: float, name: str) -> str:
    return f"{value:.{DIGITS}g}" if name in ("rmse", "spread") else f"{value:.{DECIMALS}f}"


def _signed(value: float, name: str) -> str:
    text = _number(value, name)
    return text if float(text) < 0 else f"+{text.removeprefix('-')}"
