"""The comparison on tables drives both sides on the same rows, and its figures are those of docs/benchmarks.md."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from tables import RESULTS, TABLES, configuration, markdown, ours, scikit_learn, shape, summarize


def write(path: Path, task: str) -> Path:
    """60 rows of a number with holes and a word; the outcome follows from both."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"age": draw.integers(18, 90, 60).astype(float), "town": draw.choice(["Ulm", "Bonn"], 60)})
    income = frame.age + 50 * (frame.town == "Ulm") + draw.normal(size=60)
    frame["income"] = income if task == "regression" else np.where(income > 80, "high", "low")
    frame.loc[::9, "age"] = np.nan
    frame.loc[::11, "town"] = None
    frame.to_csv(path, index=False)
    return path


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_both_sides_score(task, tmp_path):
    path = write(tmp_path / "people.csv", task)
    assert shape(path, "income") == {"rows": 60, "columns": 2, "categorical": 1, "holes": 13}
    config = configuration(path, "income", 3, {"trainer.epochs": 2})
    whole, part = scikit_learn(path, "income", config, 3)
    found = summarize({"ours": ours([config], tmp_path), "sklearn": [whole], "sklearn_train": [part]})
    assert all(-5 < found[side] <= 1 for side in ("ours", "sklearn", "sklearn_train"))
    assert found["ours - sklearn"]["mean"] == pytest.approx(found["ours"] - found["sklearn"])


def test_the_page_shows_the_stored_figures():
    stored = json.loads(RESULTS.read_text())["tables"]
    assert [each["table"] for each in stored] == [f"{table.package}/{table.name}" for table in TABLES]
    assert markdown(stored) in (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for each in stored:
        assert summarize(each["scores"]).items() <= each.items()
