"""What the crash tests train: small runs with everything in them that has state, on a table written here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from runner.config.settings import Settings
from runner.execution.configurations import read

EVERY_EPOCH, EVERY_FEW_EPOCHS, NEVER = 0, 5, 1e9  # trainer.checkpoint_seconds, on a clock that ticks once a look

BUSY = {
    "dataset.target": "y",
    "model.hidden": [7, 5],
    "model.norm": "batch",
    "optimizer.lr": 0.03,
    "optimizer.clip_norm": 1.0,
    "regularizer.dropout": 0.2,
    "scheduler.patience": 0,
    "early_stopping.patience": 3,
    "trainer.epochs": 7,
    "trainer.batch_size": 20,
    "trainer.histograms": 2,
    "trainer.log_every_steps": 2,
    "trainer.figures": False,
}


def table(path: Path, rows: int = 130) -> Path:
    """A CSV file of three numbers, a category and a class that depends on them."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 3))
    colour = random.integers(0, 3, rows)
    y = (x[:, 0] * x[:, 1] + 0.5 * colour + 0.3 * random.normal(size=rows) > 0.4).astype(int)
    lines = [
        f"{a:.4f},{b:.4f},{c:.4f},{'rgb'[k]},{['no', 'yes'][t]}" for (a, b, c), k, t in zip(x, colour, y, strict=True)
    ]
    path.write_text("\n".join(["a,b,c,colour,y", *lines]) + "\n", encoding="utf-8")
    return path


def settings(csv: Path, **changes: Any) -> Settings:
    """BUSY with dotted changes; "optimizer" alone picks the rule."""
    return read({"dataset": "csv", "scheduler": "plateau"} | BUSY | {"dataset.path": str(csv)} | changes)


def runs(scenario: str, csv: Path) -> dict[str, Settings]:
    """Folder name -> settings of the runs of a scenario; "." is a run alone."""
    if scenario == "every epoch":
        return {".": settings(csv, **{"trainer.checkpoint_seconds": EVERY_EPOCH})}
    if scenario == "every few epochs":
        return {".": settings(csv, **{"trainer.checkpoint_seconds": EVERY_FEW_EPOCHS, "seed": 1})}
    if scenario == "no checkpoint":
        return {".": settings(csv, **{"trainer.checkpoint_seconds": NEVER, "trainer.epochs": 3})}
    if scenario == "figures":
        return {
            ".": settings(
                csv, **{"trainer.checkpoint_seconds": EVERY_EPOCH, "trainer.figures": True, "trainer.epochs": 2}
            )
        }
    shared = {"trainer.checkpoint_seconds": EVERY_FEW_EPOCHS}
    return {
        "000_adamw": settings(csv, **shared),
        "001_sgd": settings(
            csv, optimizer="sgd", **shared, **{"optimizer.momentum": 0.9, "early_stopping.patience": 1}
        ),
        "002_short": settings(csv, seed=3, **shared, **{"trainer.epochs": 2}),
        "003_other": settings(csv, **shared, **{"model.hidden": [4], "trainer.epochs": 3}),
    }
