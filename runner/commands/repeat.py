"""`runner repeat DIR [KEY=VALUE ...]`: trains a run, or all runs of a sweep, again, with changes if there are any; with
`--winner` only the best setting of a sweep, with fresh seeds on fresh splits.

What is repeated are the settings stored with the run, not the words it was started with: presets and recipes may have
changed since, and runs started from Python have no words.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.commands.conclude import conclude
from runner.commands.folder_lock import hold
from runner.commands.parser import Parser
from runner.commands.train import Task
from runner.config import plugins
from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.origin import differing
from runner.config.settings import Settings
from runner.config.words import key_of
from runner.errors import ConfigError
from runner.execution.stored import read_config
from runner.plan.duplicates import describe, repeated
from runner.records import folders
from runner.records.checksums import changed_files
from runner.records.command import is_launcher
from runner.records.names import shown_path
from runner.records.run_folder import CONFIG, MEMBERS, is_listed

if TYPE_CHECKING:
    from runner.reports.searches.fresh import Fresh
    from runner.training.outcome import Outcome

TIMES = 10  # a winner is repeated
RUN_DIR, SWEEP_DIR = "hydra.run.dir", "hydra.sweep.dir"


def run(arguments: list[str]) -> int:
    """Train what the folder holds again, in a new folder; the exit code is that of a first time."""
    args = _parser().parse_intermixed_args(arguments)
    folder = folders.find_started(args.dir)
    if args.winner:
        return _repeat_sweep(folder, args.changes, _winner(folder, args))
    if asked := [flag for flag in ("where", "metric", "times") if getattr(args, flag)]:
        raise ConfigError(f"--{asked[0]}: is about the best setting of a sweep; add --winner, or leave it out")
    return _repeat_sweep(folder, args.changes) if is_listed(folder) else _repeat_run(folder, args.changes)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="runner repeat",
        description="Train a run, or all runs of a sweep, again by the stored settings, with changes if you name any.",
    )
    parser.add_argument("dir", metavar="DIR", help="folder of a run or sweep, or `last` for the one started last")
    parser.add_argument(
        "changes",
        nargs="*",
        metavar="KEY=VALUE",
        help="a change; a choice, such as optimizer=sgd, brings its own defaults. "
        f"{RUN_DIR}=FOLDER ({SWEEP_DIR} of a sweep) says where to write",
    )
    parser.add_argument(
        "--winner",
        action="store_true",
        help="of a sweep only the best setting, each time with another seed on another split than the sweep has met: "
        "the best of many looks better than it is",
    )
    parser.add_argument("--times", type=_times, metavar="N", help=f"how often the winner trains; default: {TIMES}")
    parser.add_argument("--metric", metavar="NAME", help="the winner by this metric, not by the monitored one")
    parser.add_argument(
        "--where", metavar="KEY=VALUE", action="append", default=[], help="the winner among settings with this value"
    )
    return parser


def _times(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be >= 1")
    return number


def _winner(folder: Path, args: argparse.Namespace) -> Fresh:
    """The runs that repeat the winner of a sweep."""
    from runner.reports.runs import read_sources
    from runner.reports.searches.fresh import fresh
    from runner.reports.sections import make_sections

    if not is_listed(folder):
        raise ConfigError(f"--winner: {folder} is one run; a sweep has a winner, so leave --winner out")
    found = fresh(make_sections(read_sources(folder), args.metric, where=args.where), folder, args.times or TIMES)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    return found


def _repeat_run(folder: Path, words: list[str]) -> int:
    _refuse_tied(folder)
    place, _, changes = _sorted(words, RUN_DIR)
    settings = changed([_as_now(_stored(folder))], changes)[0]
    where, made = _new_folder(place, "outputs", RUN_DIR, settings.name)
    task = Task()
    with hold(where, RUN_DIR):
        task.attempt(where, lambda: _train(settings, where))
        task.clean(where, made)
    if not any(key_of(word).startswith("dataset") for word in changes):
        _note_other_data(folder, where)
    return task.exit_code()


def _refuse_tied(folder: Path) -> None:
    """ConfigError for a member that is what it is by the others."""
    home = folder.resolve().parent.parent
    if folder.resolve().parent.name != MEMBERS or not (home / CONFIG).is_file():
        return
    if tie := read_config(home).ensemble.tie:
        raise ConfigError(
            f"{folder}: its weights were drawn to those of the other members (ensemble.tie = {tie:g}), so that it does "
            f"not train alone; `{plugins.command('repeat', shown_path(home))}` trains all of them"
        )


def _stored(folder: Path) -> Settings:
    """What the run in `folder` trained; ConfigError if it has ended and its configuration is no longer that."""
    if changed_files(folder, (str(CONFIG),)):
        raise ConfigError(f"{folder / CONFIG}: not what the run was trained with; restore it first.")
    return read_config(folder)


def _as_now(settings: Settings) -> Settings:
    """The settings with the plug-ins that are there now, after a note on those that have changed."""
    for change in differing(settings.plugins):
        print(f"note: {change}: this is another run", file=sys.stderr)
    return dataclasses.replace(settings, plugins={})


def _train(settings: Settings, folder: Path) -> list[Outcome]:
    from runner.execution.repeat_command import by_settings
    from runner.execution.start import start
    from runner.screen.run import run_screen

    outcomes = start(settings, folder, run_screen, pictured=True)
    conclude(outcomes, by_settings(settings))
    return outcomes


def _repeat_sweep(root: Path, words: list[str], winner: Fresh | None = None) -> int:
    """All runs of a sweep, or those that repeat its winner."""
    from runner.execution import run_list

    place, launcher, changes = _sorted(words, SWEEP_DIR)
    if winner and changes:
        raise ConfigError(f"{changes[0]}: --winner trains the best setting as it is; leave out one of the two")
    before = winner.runs if winner else [run.settings for run in run_list.load(root)[0]]
    settings = changed([_as_now(each) for each in before], changes)
    records = {winner.name: winner.content} if winner else {}
    if repeating := describe(settings, repeated(settings)):
        print(repeating)
    where, made = _new_folder(place, "outputs/sweeps", SWEEP_DIR, None)
    task = Task(multirun=True)
    with hold(where, SWEEP_DIR):
        task.attempt(where, lambda: _train_sweep(root, where, settings, launcher, records))
        task.clean(where, made)
    return task.exit_code()


def _train_sweep(
    root: Path, where: Path, settings: list[Settings], launcher: list[str], records: dict[str, bytes]
) -> list[Outcome]:
    from runner.execution.repeat_sweep import repeat_sweep
    from runner.screen.sweep import conclude_sweep, display

    outcomes = repeat_sweep(root, where, settings, launcher, display, records)
    conclude_sweep(outcomes, where)
    return outcomes


def changed(settings: list[Settings], words: list[str]) -> list[Settings]:
    """The settings with the words laid over; ConfigError with the problems of all."""
    if not words:
        return settings
    from runner.config.changes import Changes

    with hydra_ready(config_dir()):
        changes = Changes(words)
        found = [changes.over(each) for each in settings]
    problems = changes.problems + [problem for _, wrong in found for problem in wrong]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return [each for each, _ in found]


def _sorted(words: list[str], key: str) -> tuple[str | None, list[str], list[str]]:
    """(where to write, words about the launcher, changes); only sweeps are launched."""
    places = [word.partition("=")[2].strip("'\"") for word in words if key_of(word) == key]
    launcher = [word for word in words if is_launcher(word)] if key == SWEEP_DIR else []
    changes = [word for word in words if key_of(word) != key and word not in launcher]
    return (places[-1] if places else None), launcher, changes


def _new_folder(place: str | None, parent: str, key: str, name: str | None) -> tuple[Path, bool]:
    """(the folder to write in, whether it is new)."""
    if place is not None:
        if not place:
            raise ConfigError(f"{key} is empty: name a folder, such as {key}=outputs/mine")
        return Path(place), not Path(place).exists()
    return folders.make_numbered(f"{parent}/{datetime.now():%Y-%m-%d/%H-%M-%S}", key, name), True


def _note_other_data(before: Path, after: Path) -> None:
    """Say it if the run could not be repeated, because the content of its data has changed."""
    hashes = [_data_hash(folder) for folder in (before, after)]
    if all(hashes) and hashes[0] != hashes[1]:
        print(f"note: the data has changed since {before} was trained: this is another run", file=sys.stderr)


def _data_hash(folder: Path) -> str | None:
    from runner.errors import RunError
    from runner.records.summary import SUMMARY, read_summary

    found = [folder, *sorted(folder.glob("fold=*"))]
    try:
        return next((read_summary(each).get("data_sha256") for each in found if (each / SUMMARY).is_file()), None)
    except RunError:  # damaged, which is for others to say
        return None
