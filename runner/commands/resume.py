"""`runner resume DIR`: continue an interrupted run where its checkpoint stands."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runner.commands.folders import find_run, is_sweep
from runner.commands.train import conclude


def run(arguments: list[str]) -> int:
    """Continue the run in the folder named; a finished one is left as it is."""
    parser = argparse.ArgumentParser(prog="runner resume", description="Continue an interrupted run.")
    parser.add_argument("dir", help="folder of the run (or of runs started together), or `last` for the newest run")
    folder = find_run(parser.parse_args(arguments).dir)
    from runner.execution import session
    from runner.execution.unfinished import LIST
    from runner.records.summary import SUMMARY
    from runner.reports.folds import SUMMARY as FOLDS

    if (folder / SUMMARY).is_file() or ((folder / FOLDS).is_file() and not (folder / LIST).is_file()):
        print(f"{folder}: this run has ended already; nothing to do")
    elif is_sweep(folder.parent):
        print(f"{folder}: one run of a sweep; its other runs are not resumed", file=sys.stderr)
    outcomes = session.resume(folder, console=True)
    return conclude(outcomes, multirun=len(outcomes) > 1, overrides=read_overrides(folder))


def read_overrides(folder: Path) -> list[str] | None:
    """The command-line words a run was started with; None if that is not known, as for runs started from Python."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        words = OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "overrides.yaml"))
    except (OSError, YAMLError, OmegaConfBaseException, ValueError):  # they only serve a suggestion
        return None
    return [str(word) for word in words] if isinstance(words, list) else None
