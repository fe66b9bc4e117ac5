"""`runner best SWEEP`: the winner of a sweep, and how to have it again."""

from __future__ import annotations

import argparse
import sys

from runner.commands.parser import Parser
from runner.commands.report import find_sources, say
from runner.records.folders import FORCE


def run(arguments: list[str]) -> int:
    """Print the best setting of every problem in a sweep, its metrics, its best run and the command that repeats it.

    Raises RunError if no run has finished, or none with the metric that ranks.
    """
    args = _parser().parse_args(arguments)
    from runner.reports.best import best_lines, winners

    won = winners(find_sources([args.dir], force=args.force), args.dir, args.metric)
    for i, section in enumerate(won):
        say([*([""] if i else []), *best_lines(section)], sys.stdout)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="runner best",
        description="Show the winner of a sweep: its settings, its metrics, and the command that repeats its best run.",
    )
    parser.add_argument("dir", metavar="SWEEP", help="folder of a sweep or of runs, or `last` for the one started last")
    parser.add_argument("--metric", metavar="SPLIT/NAME", help="rank by this, such as val/accuracy")
    parser.add_argument("--force", action="store_true", help=FORCE)
    return parser
