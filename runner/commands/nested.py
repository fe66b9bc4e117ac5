"""`runner nested KEY=A,B ... [--outer K]`: nested cross-validation of a whole search, in one command.

Each outer fold is the test of a search of its own; what the search chose is trained on all other rows and judged on the
fold. What has ended is never trained again, so that the command continues where it was stopped (`runner resume DIR`).
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.commands.parser import Parser
from runner.config import plugins
from runner.config.words import key_of
from runner.errors import ConfigError, DataError, RunnerError
from runner.records import folders
from runner.records.names import shown_path
from runner.records.run_folder import is_listed

if TYPE_CHECKING:
    from runner.reports.nested import Chosen, Nested

OUTER, LEAST = 5, 2
SWEEP_DIR = "hydra.sweep.dir"
PROBLEMS = ("dataset", "dataset.path", "dataset.train_size", "dataset.label_noise")
DESCRIPTION = """\
Nested cross-validation: judge a whole search on rows that it has not seen. The words are those of `runner -m`: any
sweep, drawn settings and searches too; dataset.folds=N makes the inner folds. Each of K outer folds is the test of a
search of its own; its best setting is trained on all other rows and answers for the fold."""


def run(arguments: list[str]) -> int:
    """Search once for each outer fold, train the winners, say what they reach."""
    from runner.reports.nested import Nested

    args = _parser().parse_intermixed_args(arguments)
    words = [word for word in args.words if key_of(word) != SWEEP_DIR]
    _check(words)
    if args.dry_run:
        from runner.commands import train

        print(f"{args.outer} outer folds, each the test of a search such as the first:")
        return train.run(["-m", *Nested(Path(), tuple(words), args.outer).search(0)[0], train.DRY_RUN])
    nested = Nested(_folder(args.words), tuple(words), args.outer)
    nested.write()
    return carry_on(nested)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="runner nested", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="+", metavar="KEY=VALUE", help=f"as of `runner -m`; {SWEEP_DIR}=FOLDER is where")
    parser.add_argument("-m", "--multirun", action="store_true", help="as it always is")
    parser.add_argument("--dry-run", action="store_true", help="show what would train for one outer fold")
    parser.add_argument("--outer", type=_outer, default=OUTER, metavar="K", help=f"outer folds; default: {OUTER}")
    return parser


def _outer(text: str) -> int:
    if (number := int(text)) < LEAST:
        raise argparse.ArgumentTypeError(f"{text}: must be >= {LEAST}; each fold is once the test")
    return number


def _check(words: Sequence[str]) -> None:
    """ConfigError for what the outer folds decide, and for several problems, of which each has a winner."""
    for word in words:
        if key_of(word) in PROBLEMS and "," in word.partition("=")[2]:
            raise ConfigError(
                f"{word}: makes several problems, each with a winner of its own; search for one at a time"
            )
        if key_of(word) in ("dataset.test_folds", "dataset.test_fold", "dataset.test_fraction"):
            raise ConfigError(f"{word}: in nested cross-validation each outer fold is once the test; use --outer K")


def _folder(words: Sequence[str]) -> Path:
    """A new folder, or the one that was named, in which nothing has been started."""
    named = [word.partition("=")[2].strip("'\"") for word in words if key_of(word) == SWEEP_DIR]
    if not named:
        return folders.make_numbered(f"outputs/nested/{datetime.now():%Y-%m-%d/%H-%M-%S}", SWEEP_DIR)
    folder = Path(named[-1])
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"{SWEEP_DIR} = {folder}: holds something already, and nothing is overwritten; continue with "
            f"`{plugins.command('resume', str(folder))}`, or choose another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise folders.unwritable(folder, SWEEP_DIR, error.strerror) from error
    return folder


def resumed(folder: Path) -> int | None:
    """Continue the nested cross-validation in a folder; None if there is none."""
    from runner.reports.nested import RECORD, Nested

    return carry_on(Nested.read(folder)) if (folder / RECORD).is_file() else None


def carry_on(nested: Nested) -> int:
    """Do what has not been done yet, and say what came out. 1 if a network that answers for a fold did not finish."""
    from runner.commands.messages import INTERRUPTED
    from runner.reports.nested import REFIT, report
    from runner.reports.runs import read_sweep
    from runner.training.loop import Interrupted

    try:
        with contextlib.redirect_stdout(sys.stderr):
            choices = [_searched(nested, fold) for fold in range(nested.outer)]
            print(f"training what was chosen, to answer for {nested.outer} outer folds", flush=True)
            _refit(nested, choices)
    except RunnerError as error:
        if error.exit_code != INTERRUPTED:
            raise
        again = plugins.command("resume", shown_path(nested.root))
        raise Interrupted(f"interrupted; everything is saved. Continue with: {again}") from error
    print("\n".join(report(nested, choices)))
    return int(not all(row.finished for row in read_sweep(nested.root / REFIT).rows))


def _searched(nested: Nested, fold: int) -> Chosen:
    """The search for an outer fold, and what it chose."""
    from runner.commands.claim import train
    from runner.reports.nested import chosen

    words, folder = nested.search(fold)
    print(f"outer fold {fold + 1} of {nested.outer}", flush=True)
    try:
        train(words, folder)
    except (ConfigError, DataError):
        if fold == 0 and not is_listed(folder):  # refused as a whole
            nested.forget()
        raise
    return chosen(fold, folder)


def _refit(nested: Nested, choices: Sequence[Chosen]) -> None:
    """Train each choice on all rows but those of its outer fold."""
    from runner.commands.claim import train
    from runner.execution.repeat_sweep import repeat_sweep
    from runner.reports.nested import REFIT
    from runner.screen.sweep import display

    folder = nested.root / REFIT
    if is_listed(folder):
        train((), folder)
        return
    folder.mkdir(exist_ok=True)
    repeat_sweep(nested.search(0)[1], folder, [run for each in choices for run in each.runs], (), display)
