"""Sweep folders as the program writes them, without training: sweep.yaml, results.csv, folders with metrics.csv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runner.execution import run_list
from runner.execution.configurations import read
from runner.execution.results_csv import Results
from runner.execution.work import Run
from runner.records.checksums import write_summary
from runner.records.names import sanitized
from runner.training.outcome import Outcome

EPOCHS = 4


def make_sweep(root: Path, runs: list[tuple[dict, Any]], words: list[str] | None = None, task="classification"):
    """`runs` are (settings, what became of it): a number or {"val": {...}, "test": {...}}, a status, or None."""
    root.mkdir(parents=True)
    made = []
    for i, (given, _) in enumerate(runs):
        name = "_".join([f"{i:03d}", *(f"{key.split('.')[-1]}={value}" for key, value in given.items())])
        made.append(Run(root / sanitized(name), read(given), tuple(f"{key}={value}" for key, value in given.items())))
    run_list.write(root, made, {})
    ended = {i: outcome for i, (_, end) in enumerate(runs) if (outcome := _outcome(made[i].folder, end))}
    Results(root, made, [(task,)] * len(made)).start(ended)
    task_words = "".join(f"    - {word}\n" for word in words or [])
    (root / "multirun.yaml").write_text(f"hydra:\n  overrides:\n    task:\n{task_words}" if words else "hydra: {}\n")
    for run in made:
        run.folder.mkdir()
        rows = "".join(f"{e},{0.5 / (e + 1)},{1 / (e + 1) + run.settings.seed / 100}\n" for e in range(EPOCHS))
        (run.folder / "metrics.csv").write_text("epoch,train/loss,val/loss\n" + rows)
    for outcome in ended.values():
        if outcome.summary and outcome.status != "failed":
            write_summary(outcome.folder, {"format": 1, "status": outcome.status, **outcome.summary}, {})
    return root


def _outcome(folder: Path, end: Any) -> Outcome | None:
    if end is None:
        return None
    if isinstance(end, str):
        return Outcome(folder, end, f"{end}: because" if end == "failed" else "", {"best_epoch": 1, "epochs": 3})
    metrics = end if isinstance(end, dict) else {"val": {"loss": end, "accuracy": 1 - end}, "test": {"loss": end + 0.1}}
    return Outcome(folder, "completed", "", {"best_epoch": 2, "epochs": EPOCHS, "seconds": 1.0, **metrics})


def grid(values: dict[float, list[Any]], key: str = "optimizer.lr", **more) -> list[tuple[dict, Any]]:
    """A run a value and seed; `values` maps a value of the key to what its seeds 0, 1, ... reach."""
    return [
        ({key: value, "seed": seed, **more}, end) for value, ends in values.items() for seed, end in enumerate(ends)
    ]
