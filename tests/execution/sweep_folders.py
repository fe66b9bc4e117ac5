"""Sweeps in this process, and what of their folders must be equal: everything but times and where they lie."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import yaml
from run_folders import UNEQUAL

from runner.cli import main

SMALL = ["dataset.train_size=120", "model.hidden=[6]", "trainer.progress=false"]
STOPPED_WORDS = ["seed=0,1,2,3", "trainer.epochs=4", *SMALL, "regularizer.dropout=0.2", "hydra.launcher.workers=1"]


def sweep(folder: Path, *words: str, code: int = 0) -> Path:
    """Train `runner -m WORDS` into the folder."""
    assert main(["-m", *words, f"hydra.sweep.dir={folder}"]) == code
    return folder


def results(folder: Path) -> list[dict[str, str]]:
    """The rows of results.csv without the seconds, which must be there for every run that was trained."""
    with (folder / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert row.pop("seconds") or row["status"] == "failed"
    return rows


def metrics(folder: Path) -> list[list[str]]:
    """The cells of metrics.csv as text, without the seconds."""
    text = (folder / "metrics.csv").read_text()
    assert text.endswith("\n")
    rows = list(csv.reader(text.splitlines()))
    at = rows[0].index("seconds")
    return [row[:at] + row[at + 1 :] for row in rows]


def run_content(folder: Path) -> dict[str, Any]:
    """What of one run must not depend on its company."""
    summary = json.loads((folder / "summary.json").read_text())
    for key in UNEQUAL:
        summary.pop(key)
    model = (folder / "model.safetensors").read_bytes()
    steps = [path.read_text() for path in folder.glob("steps.csv")]
    return {"metrics": metrics(folder), "steps": steps, "model": model, "summary": summary}


def runs(folder: Path) -> dict[str, Path]:
    """The folders of the runs of a sweep by their names in results.csv."""
    return {row["run"]: folder / row["run"] for row in results(folder)}


def contents(folder: Path) -> dict[str, Any]:
    """The whole sweep: its table, its runs, and that nothing is left over."""
    left = [path for path in folder.rglob("*") if path.name.endswith(".tmp") or path.name.startswith("population-")]
    assert left == []
    return {"results": results(folder)} | {name: run_content(run) for name, run in runs(folder).items()}


def overrides(folder: Path) -> list[str]:
    """The words one run was asked for with."""
    return yaml.safe_load((folder / ".hydra" / "overrides.yaml").read_text())


def alone(run: Path, into: Path) -> dict[str, Any]:
    """The same run trained by itself, in `into`."""
    main([*overrides(run), "trainer.figures=false", "trainer.progress=false", f"hydra.run.dir={into}"])
    return run_content(into)
