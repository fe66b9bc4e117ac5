"""`runner predict RUN INPUT --out FILE`: what a trained network says about every row of a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner.commands.parser import Parser
from runner.ensembles.options import COMBINE, NAMES, TOP
from runner.errors import ConfigError
from runner.records.folders import FORCE

if TYPE_CHECKING:
    from runner.data.reading.dialect import Dialect
    from runner.reports.predict import Prediction

DESCRIPTION = """\
Write the columns of INPUT, the column `prediction`, of several targets one column `prediction_<target>` each, and for
classes one column `prob_<label>` each. Columns that the network was not trained on are ignored and named; categories
that it has not seen are counted. If INPUT has the target column, the predictions are scored."""


def run(arguments: list[str]) -> int:
    """Predict, write, and say what was written and how good it is."""
    args = _parser().parse_intermixed_args(arguments)
    source = Path(args.input).expanduser()
    if args.mc is None and args.length_scale is not None:
        raise ConfigError("--length-scale is part of the variance that --mc T finds; add --mc 100")
    if args.length_scale is not None and not args.length_scale > 0:
        raise ConfigError(f"--length-scale {args.length_scale:g}: must be > 0; it is in units of the scaled inputs")
    if args.mc_seed < 0:
        raise ConfigError(f"--mc-seed {args.mc_seed}: must be >= 0")
    from runner.data.files import data_path
    from runner.records.output import CSV, PARQUET, check_output
    from runner.reports.predict import Passes, default_out, predict_file, write

    data_path(source, "INPUT")
    keys = _keys(args.keys)
    out = Path(args.out).expanduser() if args.out else default_out(source)
    check_output("--out", out, CSV + PARQUET, source)
    from runner.reports.load import load

    run = load(args.run, force=args.force, combine=args.combine, top=args.top)
    passes = None if args.mc is None else Passes(args.mc, args.mc_seed, args.length_scale)
    prediction = predict_file(run, source, keys, passes)
    replaced = out.exists()
    write(prediction, out)
    for note in prediction.notes:
        print(f"note: {note}", file=sys.stderr)
    print("\n".join(_report(prediction, run.said, out, replaced)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="runner predict", description=DESCRIPTION)
    parser.add_argument(
        "run",
        metavar="RUN",
        help="folder of a finished run, of a sweep (its best run), or of an ensemble; `last`: the run started last "
        "under outputs/",
    )
    parser.add_argument(
        "input", metavar="INPUT", help="CSV, Excel or Parquet file with the columns the run was trained on"
    )
    parser.add_argument(
        "keys",
        nargs="*",
        metavar="dataset.KEY=VALUE",
        help="how INPUT is written, where that is not found: the reading keys of `runner list dataset=csv`; those of "
        "the training hold unless INPUT contradicts them",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="where to write, .csv or .parquet; default: <name of INPUT>.predictions.csv in the current folder "
        "(.parquet if INPUT is Parquet)",
    )
    parser.add_argument(
        COMBINE,
        metavar="WAY",
        help=f"all finished runs of RUN, a sweep or folds, predict together: {', '.join(NAMES)}",
    )
    parser.add_argument(TOP, type=int, metavar="N", help=f"with {COMBINE}: only the N best on validation")
    parser.add_argument(
        "--mc",
        metavar="T",
        type=int,
        help="Monte Carlo dropout: T passes with the dropout of training, and columns of what they say on the average "
        "and how far they are apart (100 are usual)",
    )
    parser.add_argument("--mc-seed", metavar="N", type=int, default=0, help="what the dropout of --mc is drawn from")
    parser.add_argument(
        "--length-scale",
        metavar="L",
        type=float,
        help="with --mc, of a number: prior length scale, by which the noise of the data (Gal's 1/tau) enters mc_sd",
    )
    parser.add_argument("--force", action="store_true", help=FORCE)
    return parser


def _keys(words: list[str]) -> Dialect:
    """What is said of the input; ConfigError for a key that says nothing about reading, or a wrong value."""
    from runner.data.sources.csv import CSV, READING

    if not words:
        return CSV().keys()
    from runner.config import overrides
    from runner.config.registry import entries

    parsed, problems = overrides.parse(words)
    values = {}
    for override in parsed:
        key = override.get_key_element().removeprefix("dataset.")
        if key not in READING:
            problems.append(f"{override.input_line}: predict takes dataset.KEY=VALUE with KEY {', '.join(READING)}")
            continue
        values[key], wrong = entries("dataset")["csv"].options[key].check(override.value())
        problems += [f"{override.input_line}: {wrong}"] if wrong else []
    if problems:
        raise ConfigError(problems)
    return CSV(**values).keys()


def _report(prediction: Prediction, who: str, out: Path, replaced: bool) -> list[str]:
    probabilities = sum(name.startswith("prob_") for name in prediction.answers)
    answers = sum(name.split("_")[0] == "prediction" for name in prediction.answers)
    columns = "prediction" if answers == 1 else f"{answers} columns prediction_<target>"
    columns += f" and {probabilities} columns prob_<label>" if probabilities else ""
    others = len(prediction.answers) - answers - probabilities
    columns += f" and {others} of Monte Carlo dropout" if others else ""
    lines = [who]
    if prediction.score:
        metrics = ", ".join(f"{name} {value:.6g}" for name, value in prediction.score.items())
        lines.append(f"score: {metrics} (over {prediction.known:,} rows)")
    verb = "replaced" if replaced else "wrote"
    return [*lines, f"{verb}: {out} ({len(prediction.table):,} rows, with {columns})"]
