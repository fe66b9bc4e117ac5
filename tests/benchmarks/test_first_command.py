"""The first command on tables as they come: columns are judged as listed, the stored figures are those of the page."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import first_command as bench


@pytest.mark.parametrize(
    ("expected", "kinds", "wrong"), [("-ncd", "-ncd", 0), ("-n", "nn", 1), ("??", "c-", 0), ("?d", "nc", 2)]
)
def test_columns_are_judged_as_listed(expected, kinds, wrong):
    assert bench.judged(expected, kinds) == wrong


def test_a_table_is_read_trained_and_judged(tmp_path, monkeypatch):
    import pandas as pd

    frame = pd.DataFrame({"x": [i / 7 % 1 for i in range(90)], "town": ["Ulm", "Bonn", "Köln"] * 30})
    frame = frame.assign(day=pd.date_range("2024-01-01", periods=90), y=frame.x * 3 + frame.index % 3)
    monkeypatch.setattr(bench, "read", lambda table: frame)
    found = bench.measure(bench.Listed("made", "days", "y", "nnd"), tmp_path)
    assert found["trains"] and found["kinds"] == "ncd" and found["wrong"] == 1
    refused = bench.measure(bench.Listed("made", "days", "z", "nncd"), tmp_path)
    assert not refused["trains"] and "has no column 'z'" in refused["said"]


def test_the_page_shows_the_stored_figures():
    stored = json.loads(bench.RESULTS.read_text())["tables"]
    assert [(t["table"], t["expected"]) for t in stored] == [
        (f"{table.package}/{table.name}", table.kinds) for table in bench.TABLES
    ]
    trained = [each for each in stored if each["trains"]]
    assert all(each["wrong"] == bench.judged(each["expected"], each["kinds"]) for each in trained)
    columns = sum(len(each["kinds"]) for each in trained)
    right = columns - sum(each["wrong"] for each in trained)
    page = " ".join((ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").split())
    assert f"{len(trained)} of {len(stored)} train." in page
    assert f"{right} of {columns} columns are read so" in page
