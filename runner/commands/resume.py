"""`runner resume DIR`: continue an interrupted run where its checkpoint stands."""

from __future__ import annotations

import argparse

from runner.commands.folders import find_run
from runner.commands.train import conclude


def run(arguments: list[str]) -> int:
    """Continue the run in the folder named; a finished one is left as it is."""
    parser = argparse.ArgumentParser(prog="runner resume", description="Continue an interrupted run or sweep.")
    parser.add_argument("dir", help="folder of the run, or `last` for the newest under outputs/")
    folder = find_run(parser.parse_args(arguments).dir)
    from runner.execution import session
    from runner.records.summary import SUMMARY

    if (folder / SUMMARY).is_file():
        print(f"{folder}: this run has ended already; nothing to do")
    outcomes = session.resume(folder, console=True)
    return conclude(outcomes, multirun=len(outcomes) > 1, overrides=[])
