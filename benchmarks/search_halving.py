"""Does successive halving find the best settings for a quarter of the epochs?

    python benchmarks/search_halving.py [--sweeps 100] [--check 5] [--save]

A sweep draws 32 settings (rate, its rule, L2, dropout, width, batch) and trains each with three seeds for 32 epochs on
one of the four bundled data sets, by turns, never stopping early and keeping the best epoch: all of them, so that the
rank of each is known, by the mean over its seeds of the validation loss that is kept. Successive halving with eta = 4
compares them after 4 epochs, where 8 go on, and after 16, where 2 do: a quarter of the epochs. What it does follows
from the curves of the whole sweep, since a run that pauses makes the same numbers; of every so many sweeps (`--check`)
it is trained, too, by the command line, and has to end the same runs after the same epochs with the same losses.

Beside it, random search of the same cost: the first 8 settings to the end. The winner of either is what would be taken.
`last` says what came of it where the last epoch is kept, good or bad: losses of networks that overfit rise again, and
what was learned fast is ahead after 4 epochs and behind after 32.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import contextlib
import csv
import io
import itertools
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from step import conditions

from runner.cli import main as runner_main
from runner.records.read import curve
from runner.search.base import Standing
from runner.search.halving import Halving

RESULTS = Path(__file__).parent / "results" / "search.json"
DATA = ("digits", "iris", "wine", "breast_cancer")
SETTINGS, SEEDS, EPOCHS, ETA, FIRST = 32, 3, 32, 4, 4
COST = 4  # of halving: 1 / 4 of all epochs
SPACE = [
    "optimizer=sgd,adamw", "optimizer.lr=tag(log,interval(1e-4,1))", "regularizer.l2=tag(log,interval(1e-6,1e-1))",
    "regularizer.dropout=interval(0,0.5)", "model.hidden=[8],[32],[64],[32,32]", "trainer.batch_size=16,32,64",
]  # fmt: skip
TARGETS = {"median rank": 3, "within the best 8, share": 0.95}


def train(folder: Path, number: int, *more: str) -> None:
    """Train a sweep."""
    shutil.rmtree(folder, ignore_errors=True)
    words = [
        f"dataset={DATA[number % len(DATA)]}", *SPACE, f"seed=range({SEEDS})", f"trainer.epochs={EPOCHS}",
        "early_stopping.patience=null", f"hydra.sweeper.n_trials={SETTINGS}", f"hydra.sweeper.seed={number}",
        "trainer.progress=false", "hydra.launcher.workers=1", f"hydra.sweep.dir={folder}", *more,
    ]  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = runner_main(["-m", *words])
    if code:
        raise SystemExit(f"sweep {number}: exit code {code}")


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The rows of results.csv, in the order of the runs: the seeds of a setting follow one another."""
    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def curves_of(folder: Path, best: bool) -> list[list[float | None]]:
    """For each setting the mean over its seeds of the validation loss that is kept after each epoch; None from where a
    seed diverged.
    """
    return _means([_losses(folder / row["run"], row["status"], best) for row in rows_of(folder)])


def _means(each: Sequence[Sequence[float | None]]) -> list[list[float | None]]:
    settings = [each[i : i + SEEDS] for i in range(0, len(each), SEEDS)]
    return [[_mean([seed[epoch] for seed in group]) for epoch in range(EPOCHS + 1)] for group in settings]


def _losses(folder: Path, status: str, best: bool) -> list[float | None]:
    losses = curve(folder)["val/loss"]
    if status == "diverged":
        losses.pop()
    found: list[float | None] = [*(itertools.accumulate(losses, min) if best else losses)]
    return found + [None] * (EPOCHS + 1 - len(found))


def _mean(values: Sequence[float | None]) -> float | None:
    good = [value for value in values if value is not None]
    return fmean(good) if len(good) == len(values) else None


def by_curves(curves: Sequence[Sequence[float | None]]) -> list[int]:
    """The epochs that each setting makes in successive halving, by its curves."""
    search, made, pruned = Halving(["val/loss"], False, EPOCHS, ETA, FIRST), [0] * len(curves), set[int]()
    lengths = [next((e for e, value in enumerate(each) if value is None), EPOCHS) for each in curves]
    while found := search.next(
        [_standing(each, m, i in pruned, m == lengths[i]) for i, (each, m) in enumerate(zip(curves, made, strict=True))]
    ):
        pruned |= found.pruned
        made = [m if i in pruned else min(max(m, found.until.get(i, EPOCHS)), lengths[i]) for i, m in enumerate(made)]
    return made


def _standing(values: Sequence[float | None], made: int, pruned: bool, ended: bool) -> Standing:
    seen = tuple(values[: made + 1])
    return Standing((seen[-1],), 0 if pruned or ended else made, pruned or ended, seen, pruned)


def differences(folder: Path, curves: Sequence[Sequence[float | None]], made: Sequence[int]) -> list[str]:
    """What a sweep that was trained with successive halving has otherwise than the curves say."""
    found = []
    rows = rows_of(folder)
    for i, epochs in enumerate(made):
        group = rows[i * SEEDS : (i + 1) * SEEDS]
        whole = [int(row["epochs"]) for row in group if row["status"] != "diverged"]
        loss = _mean([float(row["val/loss"]) if row["status"] != "diverged" else None for row in group])
        if (whole and max(whole) != epochs) or (loss is not None and loss != curves[i][epochs]):
            found.append(
                f"setting {i}: {[row['epochs'] for row in group]} epochs, {loss}; {epochs}, {curves[i][epochs]}"
            )
    return found


def one(number: int, check: bool, folder: Path) -> dict[str, Any]:
    """What one sweep says."""
    train(folder / "whole", number, "hydra/sweeper=random")
    curves, wrong = curves_of(folder / "whole", best=True), []
    made = by_curves(curves)
    if check:
        more = ("hydra/sweeper=halving", "hydra.sweeper.candidates=random", f"hydra.sweeper.eta={ETA}")
        train(folder / "halved", number, *more, f"hydra.sweeper.min_epochs={FIRST}")
        wrong = differences(folder / "halved", curves, made)
    last = compared(curves_of(folder / "whole", best=False))
    about = {"data": DATA[number % len(DATA)], "epochs": sum(made) / (SETTINGS * EPOCHS)}
    return about | compared(curves) | {"last": last, "checked": check, "differences": wrong}


def compared(curves: Sequence[Sequence[float | None]]) -> dict[str, Any]:
    """Ranks and losses of what successive halving, and random search of the same cost, would take."""
    made, ends = by_curves(curves), [each[EPOCHS] if each[EPOCHS] is not None else float("inf") for each in curves]
    ranked = sorted(range(SETTINGS), key=lambda i: (ends[i], i))
    winner = next(i for i in ranked if made[i] == EPOCHS)
    chance = next(i for i in ranked if i < SETTINGS // COST)
    return {
        "rank": ranked.index(winner) + 1,
        "rank of random search": ranked.index(chance) + 1,
        "loss": ends[winner],
        "loss of random search": ends[chance],
        "loss of the best": ends[ranked[0]],
    }


def told(sweeps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of all sweeps."""
    by_data = {name: losses([each for each in sweeps if each["data"] == name]) for name in DATA}
    return {
        "sweeps": len(sweeps),
        "epochs, share": fmean(each["epochs"] for each in sweeps),
        **ranks(sweeps),
        **losses(sweeps),
        "by data": {name: found for name, found in by_data.items() if found},
        "last": ranks([each["last"] for each in sweeps]) | losses([each["last"] for each in sweeps]),
        "checked by training": sum(each["checked"] for each in sweeps),
        "differences": sum(bool(each["differences"]) for each in sweeps),
    }


def ranks(sweeps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Where the winners stand among the settings."""
    return {
        "median rank": median(each["rank"] for each in sweeps),
        "within the best 8, share": fmean(each["rank"] <= 8 for each in sweeps),
        "the best itself, share": fmean(each["rank"] == 1 for each in sweeps),
        "median rank of random search": median(each["rank of random search"] for each in sweeps),
        "better than random search, sweeps": sum(each["loss"] < each["loss of random search"] for each in sweeps),
        "worse than random search, sweeps": sum(each["loss"] > each["loss of random search"] for each in sweeps),
    }


def losses(sweeps: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Mean validation losses of the winners, and of the best settings."""
    names = ("loss", "loss of random search", "loss of the best") if sweeps else ()
    return {f"mean {name}": fmean(each[name] for each in sweeps) for name in names}


def missed(figures: dict[str, Any]) -> list[str]:
    """The targets that were missed."""
    found = []
    if figures["median rank"] > TARGETS["median rank"]:
        found.append(f"median rank {figures['median rank']}, at most {TARGETS['median rank']}")
    if figures["within the best 8, share"] < TARGETS["within the best 8, share"]:
        found.append(f"within the best 8 in {figures['within the best 8, share']:.0%}")
    if figures["mean loss"] >= figures["mean loss of random search"]:
        found.append("a mean validation loss that is not lower than random search's")
    if figures["differences"]:
        found.append(f"{figures['differences']} sweeps that were trained otherwise than their curves say")
    return found


def save(figures: dict[str, Any], sweeps: Sequence[dict[str, Any]]) -> None:
    """Put the figures beside those of the other parts."""
    report = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    report["halving"] = {"conditions": conditions(1), "figures": figures, "each": list(sweeps)}
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")


def main() -> int:
    """Measure, print, and with --save write benchmarks/results/search.json; 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=100)
    parser.add_argument("--check", type=int, default=5, help="one sweep in so many is trained with halving, too")
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()
    sweeps = []
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        for number in range(args.sweeps):
            sweeps.append(one(number, number % args.check == 0, Path(folder)))
            print(json.dumps({"sweep": number} | sweeps[-1]), flush=True)
    figures = told(sweeps)
    print(json.dumps(figures, indent=1))
    if args.save:
        save(figures, sweeps)
    for each in (failures := missed(figures)):
        print("missed:", each)
    return bool(failures)


if __name__ == "__main__":
    raise SystemExit(main())
