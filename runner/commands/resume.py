"""`runner resume DIR`: continue an interrupted run or sweep where its checkpoints stand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.commands.conclude import conclude, exit_code
from runner.commands.parser import Parser
from runner.config.engines import NATIVE, STACKED
from runner.config.overrides import parse
from runner.config.words import key_of
from runner.errors import ConfigError, Problem, RunError
from runner.execution.options import EXECUTORS
from runner.records import folders
from runner.records.run_folder import LIST, SUMMARY, is_listed, is_sweep

EPOCHS, LAUNCHER = "trainer.epochs", "hydra.launcher."


def run(arguments: list[str]) -> int:
    """Continue the run or sweep in the folder named; a finished one is left as it is unless it gets more epochs."""
    args = _parser().parse_args(arguments)
    if not args.words and (code := _nested(args.dir)) is not None:
        return code
    folder = folders.find_started(args.dir)
    engines = [word for word in args.words if key_of(word) == "trainer.engine"]
    engine = _engine(engines[-1]) if engines else ""
    launcher = [word for word in args.words if key_of(word).startswith(LAUNCHER)]
    if longer := [word for word in args.words if word not in (*engines, *launcher)]:
        _extend(folder, longer)
    if is_listed(folder):
        return _resume_together(folder, args, engine, _launcher(launcher))
    return _resume_run(folder, engine)


def _nested(text: str) -> int | None:
    """Continue a nested cross-validation, also where the last thing started is a part of one; None if it is none."""
    from runner.commands.nested import resumed

    return resumed(folders.newest(folders.OUTPUTS).parent if text == "last" else Path(text))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="runner resume", description="Continue an interrupted run or sweep.")
    parser.add_argument("dir", help="folder of the run or sweep, or `last` for the one started last")
    parser.add_argument("--workers", type=int, help="worker processes of a sweep; default: as with -m at its start")
    parser.add_argument(
        "--max-members", type=int, help="runs of a sweep that train side by side; default: as at its start"
    )
    parser.add_argument("--executor", help=f"of a sweep: {', '.join(EXECUTORS)}; default: as at its start")
    parser.add_argument("--address", help="of a Ray cluster, if it has changed since the start of the sweep")
    parser.add_argument(
        "--detach", action="store_true", help="of a sweep on a cluster: submit what has not ended, and leave"
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="KEY=VALUE",
        help="trainer.engine=ENGINE: continue by the other engine, stacked or native: the same to rounding, no longer "
        "bit for bit. trainer.epochs=N: so many epochs for what has ended; with early_stopping=none, or a longer "
        "early_stopping.patience, also for what stopped early. hydra.launcher.KEY=VALUE: another partition, more "
        "workers, ... for what is left of a sweep",
    )
    return parser


def _engine(word: str) -> str:
    """The engine that a word of the command line names; ConfigError for any other word."""
    name = word.partition("=")[2]
    if name not in (NATIVE, STACKED):
        raise ConfigError(
            f"runner resume: {word}: only trainer.engine={STACKED} or trainer.engine={NATIVE} can be given"
        )
    return name


def _launcher(words: list[str]) -> dict[str, Any]:
    """hydra.launcher.* as these words say it; ConfigError for what cannot be read."""
    overrides, problems = parse(words)
    if problems:
        raise ConfigError(problems)
    return {override.key_or_group.removeprefix(LAUNCHER): override.value() for override in overrides}


def _extend(folder: Path, words: list[str]) -> None:
    """More epochs for what has ended, as the words say; ConfigError if they say more than that."""
    if EPOCHS not in map(key_of, words):
        raise ConfigError(
            f"runner resume: {' '.join(words)}: only trainer.engine={STACKED} or trainer.engine={NATIVE}, or {EPOCHS} "
            "of what has ended can be given"
        )
    from runner.commands.repeat import changed
    from runner.execution.extend import extend

    for note in extend(folder, words, lambda settings: changed(settings, words)):
        print(note, file=sys.stderr)


def _resume_run(folder: Path, engine: str) -> int:
    """A run, or its folds; a run of a search that ended it, to its own end."""
    from runner.execution.continuing import continue_run, is_held
    from runner.execution.repeat_command import command_of
    from runner.execution.start import resume
    from runner.execution.stored import read_config
    from runner.reports import fold_table
    from runner.screen.run import resumed_run

    if not engine and is_held(folder):
        conclude(outcomes := continue_run(folder, resumed_run), command_of(read_config(folder), folder))
        return exit_code([outcome.status for outcome in outcomes])
    if is_sweep(folder.parent) and not is_listed(folder.parent) and not (folder / SUMMARY).exists():
        print(f"{folder}: one run of a sweep; its other runs are not resumed", file=sys.stderr)
    wrong = _written_anew(fold_table.problems(folder))
    outcomes = resume(folder, resumed_run, pictured=True, notes=wrong, engine=engine)
    command = command_of(read_config(folder), folder) if len(outcomes) == 1 else None
    conclude(outcomes, command)
    return exit_code([outcome.status for outcome in outcomes])


def _resume_together(folder: Path, args: argparse.Namespace, engine: str, launcher: dict[str, Any]) -> int:
    """The runs of a sweep, or of `runner.train`."""
    from runner.execution.executors.chosen import check_cluster
    from runner.execution.options import Options
    from runner.execution.start import resume
    from runner.screen.sweep import conclude_sweep, display

    given = {key: getattr(args, key) for key in ("executor", "address", "workers", "max_members")}
    given = {key: value for key, value in given.items() if value is not None} | launcher
    options = Options.stored(folder, given, detach=args.detach)
    check_cluster(options, folder.absolute())
    notes = _written_anew(_table_problems(folder))
    outcomes = resume(folder.absolute(), display, options=options, notes=notes, engine=engine)
    conclude_sweep(outcomes, folder)
    return exit_code([outcome.status for outcome in outcomes], multirun=True)


def _table_problems(folder: Path) -> list[Problem]:
    """What is wrong with results.csv; what is wrong with sweep.yaml resuming says itself."""
    from runner.reports.sweep_table import read_table

    try:
        return read_table(folder).problems if (folder / LIST).is_file() else []
    except RunError:
        return []


def _written_anew(problems: Sequence[Problem]) -> list[str]:
    return [f"{problem.what}; written anew" for problem in problems]
