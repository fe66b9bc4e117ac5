"""`runner ensemble DIR [DIR...]`: finished runs together, against each of them alone."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from runner.commands.parser import Parser
from runner.commands.report import find_sources, say
from runner.ensembles.options import COMBINE, GREEDY, MEAN, NAMES, TOP, check_name, check_size
from runner.errors import ConfigError
from runner.records.folders import FORCE, OUTPUTS, newest
from runner.records.read import is_sweep
from runner.records.told import Told
from runner.reports.ensemble.kept import FOLDER

OUT = "--out"
DESCRIPTION = """\
Combine what the finished runs of DIR say about the validation and test rows, and compare that with what they say
alone: accuracy, nll (mean -log p of the true class) and ece, or rmse and r2. Nothing is trained. Runs that failed or
diverged are left out; runs that saw another split or other data are refused. After dataset.folds each validation row
is judged by the runs that were not trained on it. Written are members.csv, sizes.csv (the first k members together),
a picture of it, and ensemble.json; `runner predict` takes their folder."""


def run(arguments: list[str]) -> int:
    """Measure, write and say what the runs reach together."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.top is not None and args.greedy is not None:
        parser.error(f"{TOP} takes the best, {GREEDY} chooses among all: use one of them")
    check_name(args.combine)
    check_size(TOP, args.top)
    check_size(GREEDY, args.greedy)
    folders = [newest(OUTPUTS) if text == "last" else Path(text).expanduser() for text in args.dir]
    out = Path(args.out).expanduser() if args.out else _default_out(folders)
    _check_out(out)
    from runner.reports.ensemble import files, words
    from runner.reports.ensemble.found import combined
    from runner.reports.ensemble.members import candidates

    found = candidates(find_sources(list(map(str, folders)), force=args.force), " ".join(map(str, folders)))
    ensemble = combined(found, args.combine, Told(), top=args.top, choose=args.greedy, force=args.force)
    written = files.write(ensemble, out)
    say([*words.lines(ensemble), f"wrote: {out} ({', '.join(written)})", *words.use(out)], sys.stdout)
    return 0


def _default_out(folders: list[Path]) -> Path:
    """`ensemble` in the folder that was named, or in the sweep of the runs that were; else it has to be said."""
    if len(folders) == 1:
        return folders[0] / FOLDER
    above = {folder.resolve().parent for folder in folders}
    if len(above) == 1 and is_sweep(sweep := above.pop()):
        return Path(os.path.relpath(sweep)) / FOLDER
    raise ConfigError(f"{len(folders)} folders are named, so say where to write: {OUT} FOLDER")


def _check_out(out: Path) -> None:
    """ConfigError if there can be no such folder, before anything is read."""
    place = next(parent for parent in [out, *out.absolute().parents] if parent.exists())
    if not place.is_dir():
        raise ConfigError(f"{OUT} {out}: {place} is a file; name a folder")
    if not os.access(place, os.W_OK):
        raise ConfigError(f"{OUT} {out}: {place} can't be written to; name another folder with {OUT}")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="runner ensemble", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "dir",
        nargs="+",
        metavar="DIR",
        help="folder of a sweep, of folds or of runs, or `last` for the one started last",
    )
    parser.add_argument(TOP, type=int, metavar="N", help="only the N best by the metric they watched, on validation")
    parser.add_argument(
        GREEDY,
        type=int,
        metavar="N",
        help="N choices, each the run that makes the ensemble so far best on validation, by nll (vote: by errors; "
        "numbers: by rmse); a run may be chosen again (Caruana et al. 2004)",
    )
    parser.add_argument(
        COMBINE,
        metavar="WAY",
        default=MEAN,
        help=f"{', '.join(NAMES)}: the mean of the probabilities (in regression of the numbers), their geometric mean, "
        f"or the share of the runs whose likeliest class it is; default: {MEAN}",
    )
    parser.add_argument(OUT, metavar="FOLDER", help="where to write; default: ensemble/ in DIR")
    parser.add_argument("--force", action="store_true", help=FORCE)
    return parser
