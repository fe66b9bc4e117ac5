"""The comparison on tables drives all sides on the same rows, and its figures are those of docs/benchmarks.md."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import tables as bench


def write(path: Path, task: str) -> pd.DataFrame:
    """60 rows of a number with holes and a word; the outcome follows from both."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"age": draw.integers(18, 90, 60).astype(float), "town": draw.choice(["Ulm", "Bonn"], 60)})
    income = frame.age + 50 * (frame.town == "Ulm") + draw.normal(size=60)
    frame["income"] = income if task == "regression" else np.where(income > 80, "high", "low")
    frame.loc[::9, "age"] = np.nan
    frame.loc[::11, "town"] = None
    frame.to_csv(path, index=False)
    return frame


class People(bench.Tabled):
    """A table that the test has made: its package names the task."""

    def write(self, folder):
        write(folder / "people.csv", self.package)
        return folder / "people.csv"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_all_sides_score(task, tmp_path):
    table = People(task, "people", "income", "made")
    found = bench.measure(table, 2, tmp_path, {"trainer.epochs": 2}, {"HGB": [0.25, 0.5], "RealMLP": [0.5, 0.5]})
    assert {key: found[key] for key in ("rows", "columns", "categorical", "holes")} == {
        "rows": 60,
        "columns": 2,
        "categorical": 1,
        "holes": 13,
    }
    scores = found["scores"]
    assert list(scores) == list(bench.SIDES)
    assert scores["HGB"] == [0.25, 0.5], "what is kept is not scored again"
    assert all(-9 < score <= 1 for side in scores.values() for score in side)
    assert all(
        chosen in pair for chosen, *pair in zip(scores["chosen"], scores["ours"], scores["piecewise"], strict=True)
    )
    gaps = [a - b for a, b in zip(scores["ours"], scores["RF"], strict=True)]
    told = found["differences"]["ours - RF"]
    assert told["mean"] == pytest.approx(sum(gaps) / 2)
    assert told["standard_error"] == pytest.approx(abs(gaps[0] - gaps[1]) / 2)


def test_ranks_and_standing_are_counted_over_tables():
    sides = {side: [0.5, 0.5] for side in bench.SIDES}
    results = [
        bench.compared(sides | {"ours": [0.9, 0.9], "MLP": [0.8, 0.8]}),
        bench.compared(sides | {"MLP": [0.9, 0.7]}),
    ]
    placed = bench.ranks(results)
    assert placed["MLP"] == 1.5  # second, then first
    assert placed["ours"] == (1 + 5) / 2  # first, then between the second and the last of eight
    said = bench.standing(results).splitlines()
    assert said[0] == "ours - MLP: better on 1 of 2, worse beyond two standard errors on 1"


def test_the_page_shows_the_stored_figures():
    stored = json.loads(bench.RESULTS.read_text())["tables"]
    assert [each["table"] for each in stored] == [f"{table.package}/{table.name}" for table in bench.TABLES]
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert bench.markdown(stored) in page
    assert bench.standing(stored) in page
    for each in stored:
        assert bench.compared(each["scores"]).items() <= each.items()
