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


SWEEP = [
    "seed=0,1", "optimizer=sgd,adam,adamw", "regularizer.dropout=0.2", "dataset.train_size=60", "model.hidden=[4]",
    "trainer.epochs=3", "trainer.checkpoint_seconds=4", "trainer.progress=false",
    "hydra.launcher.workers=1", "hydra.launcher.max_members=3",
]  # fmt: skip
HALVING = [
    "hydra/sweeper=halving", "hydra.sweeper.eta=2", "optimizer.lr=0.3,0.1,0.01,1e30", "seed=0,1", "trainer.epochs=4",
    "dataset.train_size=60", "model.hidden=[4]", "trainer.checkpoint_seconds=4", "trainer.progress=false",
    "hydra.launcher.workers=1", "hydra.launcher.max_members=3",
]  # fmt: skip
OPTUNA = [
    "hydra/sweeper=optuna", "hydra.sweeper.n_trials=5", "hydra.sweeper.batch=2", "hydra.sweeper.startup=2",
    "optimizer=sgd,adamw", "optimizer.lr=tag(log,interval(1e-3,1))", "optimizer.momentum=interval(0,0.99)", "seed=0,1",
    "dataset.train_size=60", "model.hidden=[4]", "trainer.epochs=3", "trainer.checkpoint_seconds=4",
    "trainer.progress=false", "hydra.launcher.workers=1", "hydra.launcher.max_members=3",
]  # fmt: skip
SWEEPS = {"sweep": SWEEP, "halving": HALVING, "optuna": OPTUNA}
ALONE = {
    "every epoch": {"trainer.checkpoint_seconds": EVERY_EPOCH},
    "every few epochs": {"trainer.checkpoint_seconds": EVERY_FEW_EPOCHS, "seed": 1},
    "no checkpoint": {"trainer.checkpoint_seconds": NEVER, "trainer.epochs": 3},
    "figures": {"trainer.checkpoint_seconds": EVERY_EPOCH, "trainer.figures": True, "trainer.epochs": 2},
    "folds": {"trainer.checkpoint_seconds": EVERY_FEW_EPOCHS, "dataset.folds": 3, "trainer.epochs": 4},
}
WORKERS = {"together": 1, "workers": 2}  # of runs that Python starts


def runs(csv: Path) -> dict[str, Settings]:
    """Folder name -> settings of four runs: three can be rows of one population, and all end at different epochs."""
    shared = {"trainer.checkpoint_seconds": EVERY_FEW_EPOCHS}
    return {
        "000_adamw": settings(csv, **shared),
        "001_sgd": settings(
            csv, optimizer="sgd", **shared, **{"optimizer.momentum": 0.9, "early_stopping.patience": 1}
        ),
        "002_short": settings(csv, seed=3, **shared, **{"trainer.epochs": 2}),
        "003_other": settings(csv, **shared, **{"model.hidden": [4], "trainer.epochs": 3}),
    }


def go_on(scenario: str, csv: Path, folder: Path) -> int:
    """Resume what can be resumed, else start: what a user does after a crash; 1 if a run failed."""
    from runner.cli import main
    from runner.execution.options import Options
    from runner.execution.start import resume, start, start_together
    from runner.execution.work import Run
    from runner.records.run_folder import CONFIG, LIST

    how = Options.of_workers(WORKERS.get(scenario, 1))
    if scenario in SWEEPS:
        if (folder / LIST).exists():
            return main(["resume", str(folder), "--workers", "1", "--max-members", "3"])
        return main(["-m", *SWEEPS[scenario], f"hydra.sweep.dir={folder}"])
    folder.mkdir(exist_ok=True)
    if (folder / (LIST if scenario in WORKERS else CONFIG)).exists():
        outcomes = resume(folder, options=how)
    elif scenario in WORKERS:
        listed = [Run(folder / name, settings) for name, settings in runs(csv).items()]
        outcomes = start_together(listed, folder, options=how)
    else:
        outcomes = start(settings(csv, **ALONE[scenario]), folder)
    return int(any(outcome.status == "failed" for outcome in outcomes))
