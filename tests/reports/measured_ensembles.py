"""What `runner ensemble` measures, from a folder."""

from __future__ import annotations

from runner.reports.ensemble.found import Ensemble, combined
from runner.reports.ensemble.members import candidates
from runner.reports.runs import read_sources


def quiet(done: int, total: int, what: str) -> None:
    """Nobody watches."""


def found(folder, combine="mean", **more) -> Ensemble:
    """The ensemble of a folder."""
    return combined(candidates(read_sources(folder), str(folder)), combine, quiet, **more)
