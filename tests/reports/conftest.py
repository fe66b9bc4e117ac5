"""A table as users have it (numbers, words, holes, text classes, a number to predict), and runs trained on it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import runner

ROWS = 240
SHORT = {"epochs": 12, "figures": False, "histograms": 0}

PRECISE = {"trainer": SHORT | {"dtype": "float64"}}
UNWATCHED = {"early_stopping": {"patience": None, "monitor": "train/loss"}}

RESIDUAL = {  # what a plain nn.Sequential and a softmax do not say
    "model": {"hidden": [12, 12, 12], "norm": "batch", "norm_position": "after", "residual": True},
    "regularizer": {"dropout": [0.1, 0, 0.1]},
    "loss": "binary_cross_entropy",
}


def houses() -> pd.DataFrame:
    """Deterministic: two numeric columns with holes, one categorical with holes, an identifier, a class, a number."""
    random = np.random.default_rng(7)
    size, age = random.gamma(4, 25, ROWS), random.uniform(0, 90, ROWS)
    town = random.choice(["Graz", "Linz", "Wien"], ROWS)
    price = 3 * size - age + 80 * (town == "Wien") + random.normal(0, 20, ROWS)
    frame = pd.DataFrame({"id": [f"{i:04d}" for i in range(ROWS)], "size": size, "age": age, "town": town})
    frame = frame.assign(price=price, sold=np.where(price + random.normal(0, 40, ROWS) < 300, "yes", "no"))
    frame.loc[::19, "size"] = np.nan
    frame.loc[5::23, "town"] = None
    return frame


def config(path, target: str, **more) -> dict:
    """Training on the houses: the other target and the identifier are left out."""
    drop = ["id", "price" if target == "sold" else "sold"]
    dataset = {"name": "csv", "path": path, "target": target, "drop": drop}
    return {"dataset": dataset, "trainer": SHORT, "model": {"hidden": [16]}, "optimizer.lr": 0.01, **more}


@pytest.fixture(scope="session")
def csv(tmp_path_factory):
    """The table as a file."""
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    houses().to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def trained(csv, tmp_path_factory):
    """Outcomes by name: classes, with batch norm and dropout, in float64; regression likewise."""
    batch_norm = {"model": {"hidden": [16, 8], "norm": "batch"}, "regularizer": {"dropout": 0.2}}
    precise = {"trainer": SHORT | {"dtype": "float64"}}
    configs = {
        "classes": config(csv, "sold"),
        "classes, batch norm": config(csv, "sold") | batch_norm,
        "classes, layer norm, float64": config(csv, "sold") | precise | {"model": {"hidden": [9], "norm": "layer"}},
        "classes, residual": config(csv, "sold") | RESIDUAL,
        "classes, slopes": config(csv, "sold") | {"model": {"hidden": [9, 7], "activation": "prelu_units"}},
        "numbers": config(csv, "price"),
        "numbers, batch norm": config(csv, "price") | batch_norm,
        "numbers, float64": config(csv, "price") | precise,
        "digits": {"trainer": SHORT},
    }
    outcomes = runner.train(list(configs.values()), tmp_path_factory.mktemp("outputs"))
    return dict(zip(configs, outcomes, strict=True))


@pytest.fixture
def classes(trained):
    """Folder of a run that tells classes apart."""
    return trained["classes"].folder


@pytest.fixture
def numbers(trained):
    """Folder of a regression."""
    return trained["numbers"].folder


@pytest.fixture(scope="session")
def sweeps(csv, tmp_path_factory):
    """Folders of runs that differ in seed, by name."""
    root = tmp_path_factory.mktemp("ensembles")
    classes, numbers = config(csv, "sold") | PRECISE, config(csv, "price") | PRECISE
    seeds = {
        "classes": [classes | {"seed": seed} for seed in range(5)],
        "numbers": [numbers | {"seed": seed} for seed in range(4)],
        "scales": [
            numbers | {"seed": seed, "dataset.target_scaling": scaling, "dataset.scaling": x}
            for seed, (scaling, x) in enumerate(
                [("standardize", "minmax"), ("none", "standardize"), ("quantile", "quantile")]
            )
        ],
        "folds": [classes | {"seed": seed, "dataset.folds": 3, "dataset.fold": k} for seed in (0, 1) for k in range(3)],
        "splits": [classes | {"dataset.split_seed": split, "seed": seed} for split in (0, 1) for seed in (0, 1)],
        "no validation": [classes | {"seed": seed, "dataset.val_fraction": 0, **UNWATCHED} for seed in (0, 1)],
        "neither": [
            classes | {"seed": seed, "dataset.val_fraction": 0, "dataset.test_fraction": 0, **UNWATCHED}
            for seed in (0, 1)
        ],
        "copies": [
            classes | {"optimizer": {"name": name, "weight_decay": 0}, "seed": seed}
            for name in ("adam", "adamw")
            for seed in (0, 1)
        ],
    }
    return {name: runner.train(configs, root / name)[0].folder.parent for name, configs in seeds.items()}
