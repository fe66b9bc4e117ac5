"""`runner resume DIR`: continue an interrupted run or sweep where its checkpoints stand."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from runner.commands.conclude import conclude, exit_code
from runner.errors import ConfigError
from runner.execution.sweep_file import is_sweep
from runner.records import folders


def run(arguments: list[str]) -> int:
    """Continue the run or sweep in the folder named; a finished one is left as it is."""
    args = _parser().parse_args(arguments)
    folder = folders.find_started(args.dir)
    if is_sweep(folder):
        return _resume_sweep(folder, args)
    if is_sweep(folder.parent):
        raise ConfigError(
            f"{folder}: one run of a sweep, which resumes as a whole: `runner resume {shlex.quote(str(folder.parent))}`"
        )
    from runner.execution import session
    from runner.execution.repeating import command_of
    from runner.reports import fold_table

    if session.has_ended(folder):
        print(f"{folder}: this run has ended already; nothing to do")
    elif folders.is_sweep(folder.parent):
        print(f"{folder}: one run of a sweep; its other runs are not resumed", file=sys.stderr)
    wrong = fold_table.problems(folder)
    outcomes = session.resume(folder, console=True)
    for problem in wrong:
        print(f"{problem.partition('; shown')[0]}; written anew", file=sys.stderr)
    command = command_of(session.read_config(folder), folder) if len(outcomes) == 1 else None
    conclude(outcomes, command)
    return exit_code([outcome.status for outcome in outcomes])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="runner resume", description="Continue an interrupted run or sweep.")
    parser.add_argument("dir", help="folder of the run or sweep, or `last` for the one started last")
    parser.add_argument("--workers", type=int, help="worker processes of a sweep; default: as at its start")
    parser.add_argument(
        "--max-members", type=int, help="runs of a sweep that train side by side; default: as at its start"
    )
    return parser


def _resume_sweep(folder: Path, args: argparse.Namespace) -> int:
    from runner.execution.resume_sweep import resume_sweep
    from runner.execution.sweep import Options
    from runner.screen.sweep import conclude_sweep, display

    given = {"workers": args.workers, "max_members": args.max_members}
    options = Options.stored(folder, {key: value for key, value in given.items() if value is not None})
    outcomes = resume_sweep(folder, options, display)
    conclude_sweep(outcomes, folder)
    return exit_code([outcome.status for outcome in outcomes], multirun=True)
