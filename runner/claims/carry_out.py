"""From a claim to its verdict: train what is missing, ask, draw, write."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from runner import __version__
from runner.claims import kept
from runner.claims.claim import Claim
from runner.claims.rules import verdict_of
from runner.claims.runs import Run, Runs
from runner.errors import RunError
from runner.records.names import plural
from runner.reports.run_row import UNFINISHED, unfit
from runner.reports.runs import read_sweep

Train = Callable[[Sequence[str], Path], None]  # trains the sweep of these words in this folder, or what is missing


@dataclass
class Carried:
    """A claim that was run: its record as verdict.json has it, and its figure as SVG."""

    record: dict[str, Any]
    figure: str
    page: Path = field(default_factory=Path)


def carry_out(claim: Claim, train: Train, *, quick: bool = False, changes: Sequence[str] = ()) -> Carried:
    """Run a claim and write its verdict, figure and page. Of its sweeps only what has not finished is trained.

    Raises ConfigError or DataError if its sweeps are refused (data that are not installed), RunError if the runs that
    ended do not answer it.
    """
    from runner.claims.page import claim_page
    from runner.claims.pictures import svg

    began = time.monotonic()
    runs = _runs(claim, train, quick, changes)
    findings = claim.answer(runs)
    figure = svg(claim.figure(runs), claim.name)
    record = {
        **about(claim, quick, changes),
        "verdict": verdict_of(findings),
        "findings": [finding.record() for finding in findings],
        "runs": counted(runs),
        "version": __version__,
        "date": f"{datetime.now():%Y-%m-%d %H:%M}",
        "seconds": round(time.monotonic() - began, 1),
    }
    found = Carried(record, figure)
    found.page = kept.write(record, figure, claim_page(record, figure))
    return found


def about(claim: Claim, quick: bool, changes: Sequence[str]) -> dict[str, Any]:
    """What is known of a claim before it is run."""
    words = claim.words(quick=quick, changes=changes)
    return {
        "claim": claim.name,
        "lecture": claim.lecture,
        "says": claim.says,
        "explains": claim.explains,
        "source": claim.source,
        "published": claim.published,
        "comparable": claim.comparable,
        "expected": claim.expected,
        "caption": claim.caption,
        "reason": claim.reason,
        "quick": quick and bool(claim.quick),
        "coarse": list(claim.quick) if quick else [],
        "changed": kept.telling(changes) if words else [],
        "command": shlex.join(["runner", "claim", claim.name, *(["--quick"] if quick else []), *changes]),
        "sweeps": {name: shlex.join(["runner", "-m", *each]) for name, each in words.items()},
    }


def counted(runs: Sequence[Run]) -> str:
    """How many runs there are, and how many of them did not finish."""
    rows = [run.row for run in runs]
    lacking = unfit(rows)
    return plural(len(rows), "run") + (f", of which {', '.join(lacking)}" if lacking else "")


def _runs(claim: Claim, train: Train, quick: bool, changes: Sequence[str]) -> Runs:
    """The runs of all its sweeps, trained where they are not there yet."""
    found = []
    for name, words in claim.words(quick=quick, changes=changes).items():
        folder = kept.sweep_folder(claim.name, name, words)
        train(words, folder)
        rows = read_sweep(folder).rows
        if rows and all(row.status == "failed" for row in rows):
            raise RunError(f"all runs failed: {rows[0].error}; the traceback is in {rows[0].folder}/train.log")
        found += [Run(row, name) for row in rows]
    return Runs(found, claim.name)


def is_whole(folder: Path) -> bool:
    """Whether all runs of the sweep in a folder have ended, and none has to be tried again."""
    states = {row.status for row in read_sweep(folder).rows}
    return bool(states) and not states & {UNFINISHED, "failed"}
