"""Which model a folder stands for: that of a run, or of the best run of a sweep; if it has none, why."""

from __future__ import annotations

from pathlib import Path

from runner.config import plugins
from runner.errors import ConfigError, RunError, RunnerError
from runner.execution.damaged_run import resume_command
from runner.records.checksums import below
from runner.records.folders import named_folder
from runner.records.run_folder import is_ensemble, is_sweep
from runner.records.summary import SUMMARY
from runner.reports.best import best_run, why_not_one, winners
from runner.reports.runs import read_sources
from runner.training.model_file import MODEL

SHOWN = 10  # runs named in an error


def find_model(folder: str | Path, *, force: bool = False) -> Path:
    """The model file of a run, `last`, or the best run of a sweep; of an ensemble, whose members have theirs, where it
    would be. ConfigError or RunError if there is none.
    """
    folder = named_folder(folder, sweeps=False)
    path = (_best(folder, force=force) if is_sweep(folder) else folder) / MODEL
    if not path.exists() and not (is_ensemble(path.parent) and (path.parent / SUMMARY).exists()):
        raise _missing(path.parent)
    return path


def _best(sweep: Path, *, force: bool) -> Path:
    """The best run of a sweep. ConfigError naming all if none is the best, RunError if none has finished."""
    won = winners(read_sources(sweep, force=force), str(sweep))
    if why := why_not_one(won):
        raise _several(sweep, why)
    return best_run(won[0]).folder


def _several(folder: Path, why: str = "") -> ConfigError:
    """The runs in a folder of several, of which one has to be named."""
    inside = [str(each) for each in below(folder, MODEL)]
    more = f" and {len(inside) - SHOWN} more" if len(inside) > SHOWN else ""
    none = f", of which none is the best, as {why}" if why else ""
    shown = ", ".join(inside[:SHOWN])
    return ConfigError(f"{folder} is not the folder of one run, it holds {len(inside)}{none}. Choose: {shown}{more}")


def _missing(folder: Path) -> RunnerError:
    """Why a folder holds no model, and what to do."""
    if not folder.is_dir():
        return ConfigError(f"{folder}: no such folder. Give the folder of a run, such as outputs/<date>/<time>-<n>.")
    if below(folder, MODEL):
        return _several(folder)
    if (folder / SUMMARY).exists():
        command = resume_command(folder)
        do = f"Train it again with: {command.strip('`')}" if command else "Restore it, or start the run again."
        return RunError(f"{folder / MODEL} is missing, although the run has ended. {do}")
    if (folder / ".hydra" / "config.yaml").exists():
        return RunError(
            f"{folder / MODEL}: not there, the run has not finished. Continue it with: "
            f"{plugins.command('resume', str(folder))}"
        )
    return ConfigError(
        f"{folder} is not the folder of a run: it has no {MODEL}. Runs lie in outputs/<date>/<time>-<n>."
    )
