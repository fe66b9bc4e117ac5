"""hydra/sweeper=optuna beside plain Optuna: with the same budget and batch, and with the same wall time.

    python benchmarks/search_tpe.py [tpe] [sklearn] [--save]

tpe: 20 searches of 40 trials in batches of 8, by the command line, and by Optuna's own TPESampler asked for a batch and
told it: on a bowl that costs nothing, and on digits, where both train by the product. The best value of each search.
sklearn: searches of the bundled data sets in the same wall time, everything included: the command line, stopped by
SIGINT, and Optuna with scikit-learn's MLPClassifier on the same rows, the same features and the same ranges. Optuna's
`n_jobs` is the number of cores. What ends later does not count, unless nothing has ended. The
best loss on the validation rows, and the accuracy of that network.

The figures go to benchmarks/results/search.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import optuna

import runner
from runner.cli import main as command
from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.plan.space import Space
from runner.search.base import Standing
from runner.search.sampling import OptunaSearch, Sampling

RESULTS = Path(__file__).parent / "results" / "search.json"
TRIALS, BATCH, STARTUP, REPEATS = 40, 8, 10, 20
SMALL = {"dataset": "digits", "model.hidden": [32], "trainer.epochs": 5}
SETS, SPLITS, SECONDS = ("digits", "breast_cancer", "wine", "iris"), 3, 25
WIDTHS = ("[32]", "[64]", "[128]", "[64,64]")


# ---- the same budget and batch


def plain(value: Callable[[list[dict[str, Any]]], list[float]], seed: int) -> float:
    """The best that Optuna's own sampler finds when it is asked for batches."""
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=seed))
    for _ in range(0, TRIALS, BATCH):
        asked = [study.ask() for _ in range(BATCH)]
        for trial, found in zip(asked, value([suggested(each) for each in asked]), strict=True):
            state = optuna.trial.TrialState.COMPLETE if math.isfinite(found) else optuna.trial.TrialState.FAIL
            study.tell(trial, found if math.isfinite(found) else None, state=state)
    return study.best_value


def suggested(trial: optuna.Trial) -> dict[str, Any]:
    """The keys that are searched."""
    return {
        "optimizer.lr": trial.suggest_float("lr", 1e-5, 1, log=True),
        "optimizer.weight_decay": trial.suggest_float("decay", 1e-6, 1, log=True),
        "regularizer.dropout": trial.suggest_float("dropout", 0, 0.9),
        "model.activation": trial.suggest_categorical("activation", ["relu", "tanh", "sigmoid"]),
    }


SPACE = (
    "optimizer.lr=tag(log,interval(1e-5,1))",
    "optimizer.weight_decay=tag(log,interval(1e-6,1))",
    "regularizer.dropout=interval(0,0.9)",
    "model.activation=relu,tanh,sigmoid",
)


def bowl(asked: list[dict[str, Any]]) -> list[float]:
    """A tilted valley in the two rates, a dropout that should be 0.3, and an activation that should be relu."""
    values = []
    for each in asked:
        a, b = math.log10(each["optimizer.lr"]) + 2.2, math.log10(each["optimizer.weight_decay"]) + 3
        wrong = {"relu": 0, "tanh": 0.2, "sigmoid": 0.6}[each["model.activation"]]
        values.append(a * a + 0.3 * b * b + 0.5 * a * b + 4 * (each["regularizer.dropout"] - 0.3) ** 2 + wrong)
    return values


def trained(asked: list[dict[str, Any]]) -> list[float]:
    """The validation losses of networks on digits."""
    outcomes = runner.train([SMALL | each for each in asked], workers=1)
    return [math.inf if each.best is None else each.best for each in outcomes]


def ours_on_the_bowl(seed: int) -> float:
    """The best of a search that is told the values of the bowl."""
    with hydra_ready(config_dir()):
        space = Space.of([parse_word(word) for word in SPACE], Composer())
        search = OptunaSearch(space, Sampling(TRIALS, BATCH, "tpe", STARTUP, seed, (False,)))
        told: list[Standing] = []
        while asked := search.next(told):
            for words in asked.jobs:
                given = dict(word.split("=", 1) for word in words)
                value = bowl([{key: text if "act" in key else float(text) for key, text in given.items()}])
                told.append(Standing(tuple(value), 1, True, words=words))
    return min(trial.values[0] for trial in told if trial.values[0] is not None)


def ours_on_digits(seed: int) -> float:
    """The best of a search on the command line."""
    options = {"n_trials": TRIALS, "batch": BATCH, "startup": STARTUP, "seed": seed}
    words = [f"{key}={str(value).replace(' ', '')}" for key, value in SMALL.items()]
    with tempfile.TemporaryDirectory() as folder:
        place = [f"hydra.sweep.dir={folder}/sweep", "hydra.launcher.executor=serial", "trainer.progress=false"]
        given = [f"hydra.sweeper.{key}={value}" for key, value in options.items()]
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            command(["-m", "hydra/sweeper=optuna", *given, *words, *SPACE, *place])
        return best_of(Path(folder) / "sweep")[0]


def best_of(sweep: Path) -> tuple[float, float, int]:
    """(least validation loss, accuracy of that network, runs that ended) of a sweep."""
    with (sweep / "results.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["val/loss"] and row["status"] != "diverged"]
    best = min(rows, key=lambda row: float(row["val/loss"]))
    return float(best["val/loss"]), float(best["val/accuracy"]), len(rows)


def same_budget() -> dict[str, Any]:
    """Both searches with each seed, on both objectives."""
    found = {}
    for name, ours, value in (("bowl", ours_on_the_bowl, bowl), ("digits", ours_on_digits, trained)):
        pairs = [(ours(seed), plain(value, seed)) for seed in range(REPEATS)]
        found[name] = compared(*map(list, zip(*pairs, strict=True)))
        print(name, json.dumps(found[name]), flush=True)
    return {"trials": TRIALS, "batch": BATCH, "startup": STARTUP, "repeats": REPEATS} | found


def compared(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """Means and their standard errors; whether ours is worse by more than two standard errors of the difference."""
    errors = [statistics.stdev(each) / math.sqrt(len(each)) for each in (ours, theirs)]
    difference = statistics.fmean(ours) - statistics.fmean(theirs)
    return {
        "ours": round(statistics.fmean(ours), 5),
        "optuna": round(statistics.fmean(theirs), 5),
        "standard_errors": [round(each, 5) for each in errors],
        "worse": difference > 2 * math.hypot(*errors),
    }


# ---- the same wall time


def ours_in_time(name: str, split: int, seconds: float) -> tuple[float, float, int]:
    """The command line, stopped after so many seconds."""
    ranges = ["optimizer.lr=tag(log,interval(1e-4,1e-1))", "regularizer.l2=tag(log,interval(1e-6,1e-1))"]
    words = [*ranges, f"model.hidden={','.join(WIDTHS)}", "trainer.batch_size=16,32,64,128"]
    about = [f"dataset={name}", f"dataset.split_seed={split}", "hydra.sweeper.n_trials=9999", "trainer.progress=false"]
    with tempfile.TemporaryDirectory() as folder:
        line = ["-m", "hydra/sweeper=optuna", *words, *about, f"hydra.sweep.dir={folder}/sweep"]
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", *line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.communicate()
        return best_of(Path(folder) / "sweep")


def sklearn_in_time(name: str, split: int, seconds: float) -> tuple[float, float, int]:
    """Optuna and scikit-learn, in a process of their own as the command line is."""
    line = [sys.executable, __file__, "--peer", name, str(split), str(seconds)]
    return tuple(json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()[-1]))


def peer(name: str, split: int, seconds: float) -> None:
    """What that process does: print (loss, accuracy, trials) of the best."""
    begun = time.monotonic()
    from sklearn.metrics import accuracy_score, log_loss
    from sklearn.neural_network import MLPClassifier

    data = prepare(read({"dataset": name, "dataset.split_seed": split}), {})
    x, y = {part: data.x[getattr(data, part)] for part in ("train", "val")}, data.y
    labels = np.unique(y)

    def objective(trial: optuna.Trial) -> float:
        network = MLPClassifier(
            tuple(json.loads(trial.suggest_categorical("hidden", WIDTHS))),
            learning_rate_init=trial.suggest_float("lr", 1e-4, 1e-1, log=True),
            alpha=trial.suggest_float("alpha", 1e-6, 1e-1, log=True),
            batch_size=min(trial.suggest_categorical("batch", [16, 32, 64, 128]), len(x["train"])),
            random_state=0,
        )
        network.fit(x["train"], y[data.train])
        said = network.predict_proba(x["val"])
        trial.set_user_attr("accuracy", accuracy_score(y[data.val], labels[said.argmax(axis=1)]))
        return log_loss(y[data.val], said, labels=labels)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    end = datetime.now() + timedelta(seconds=seconds - IMPORTS - (time.monotonic() - begun))
    left = (end - datetime.now()).total_seconds()
    study.optimize(objective, timeout=left, n_jobs=len(os.sched_getaffinity(0)))
    ended = sorted((each for each in study.trials if each.datetime_complete), key=lambda each: each.datetime_complete)
    in_time = [each for each in ended if each.datetime_complete <= end] or ended[:1]
    best = min(in_time, key=lambda each: each.value)
    print(json.dumps([best.value, best.user_attrs["accuracy"], len(in_time)]))


IMPORTS = 1.5  # seconds that a process of Optuna and scikit-learn alone takes to start


def same_time() -> dict[str, Any]:
    """Both contestants on each split of each data set."""
    found: dict[str, Any] = {}
    for name in SETS:
        rows = [(ours_in_time(name, k, SECONDS), sklearn_in_time(name, k, SECONDS)) for k in range(SPLITS)]
        for who, column in zip(("ours", "sklearn"), zip(*rows, strict=True), strict=True):
            loss, accuracy, trials = (statistics.fmean(each) for each in zip(*column, strict=True))
            found.setdefault(name, {})[who] = {
                "loss": round(loss, 5), "accuracy": round(accuracy, 5), "trials": round(trials)
            }  # fmt: skip
        print(name, json.dumps(found[name]), flush=True)
    mean = {
        who: {key: round(statistics.fmean(found[name][who][key] for name in SETS), 5) for key in ("loss", "accuracy")}
        for who in ("ours", "sklearn")
    }
    print(json.dumps(mean))
    return {"seconds": SECONDS, "splits": SPLITS, "mean": mean, "sets": found}


def main() -> int:
    """Measure and print; with --save put the figures beside those of other parts."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if sys.argv[1:2] == ["--peer"]:
        peer(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
        return 0
    parts = {"tpe": same_budget, "sklearn": same_time}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="tpe, sklearn; both unless named")
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.parts or parts:
        about = {"date": datetime.now(UTC).isoformat(timespec="minutes"), "optuna": version("optuna")}
        figures = about | parts[name]()
        if arguments.save:
            stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            RESULTS.write_text(json.dumps(stored | {name: figures}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
