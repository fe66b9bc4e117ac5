"""`runner best SWEEP`: the winner of a sweep, and how to have it again."""

from __future__ import annotations

import argparse
import shlex
import sys

from runner.commands.report import find_sources, say
from runner.errors import RunError
from runner.records.folders import FORCE


def run(arguments: list[str]) -> int:
    """Print the best setting of every problem in a sweep, its metrics, its best run and the command that repeats it.

    Raises RunError if no run has finished, or none with the metric that ranks.
    """
    args = _parser().parse_args(arguments)
    from runner.reports.answer import none_finished, nothing_measured
    from runner.reports.best import best_lines
    from runner.reports.sections import make_sections

    sources = find_sources([args.dir], force=args.force)
    sections = make_sections(sources, args.metric)
    won = [section for section in sections if section.settings[0].spread(section.metric)]
    if not won and any(setting.finished for section in sections for setting in section.settings):
        raise RunError(f"{args.dir}: {nothing_measured(sections[0])}")
    if not won:
        notes = "".join(f"\nnote: {note}" for source in sources for note in source.notes)
        told = f"`runner report {shlex.quote(args.dir)}`"
        raise RunError(f"{args.dir}: {none_finished([row for source in sources for row in source.rows], told)}{notes}")
    for i, section in enumerate(won):
        say([*([""] if i else []), *best_lines(section)], sys.stdout)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runner best",
        description="Show the winner of a sweep: its settings, its metrics, and the command that repeats its best run.",
    )
    parser.add_argument("dir", metavar="SWEEP", help="folder of a sweep or of runs, or `last` for the one started last")
    parser.add_argument("--metric", metavar="SPLIT/NAME", help="rank by this, such as val/accuracy")
    parser.add_argument("--force", action="store_true", help=FORCE)
    return parser
