"""Settings side by side: their words as one sweep, and what is asked of them."""

from pathlib import Path

import pytest

from runner.claims.contrast import Contrast, filled, side_by_side
from runner.claims.runs import Run, Runs
from runner.reports.run_row import RunRow

PARTS = {"none": (), "dropout": ("regularizer.dropout=0.5",), "both": ("regularizer.dropout=0.5", "regularizer.l2=0.1")}


def run(dropout: str, l2: str, seed: int, value: float) -> Run:
    row = RunRow(Path(f"{dropout}-{l2}-{seed}"), "completed", {"seed": str(seed)}, {"test/loss": value})
    row.overrides = (f"regularizer.dropout={dropout}", f"regularizer.l2={l2}", f"seed={seed}")
    return Run(row)


def test_what_a_setting_does_not_name_is_off():
    assert filled(PARTS)["none"] == ["regularizer.dropout=0", "regularizer.l2=0"]
    assert filled(PARTS)["both"] == ["regularizer.dropout=0.5", "regularizer.l2=0.1"]


@pytest.mark.parametrize(
    ("parts", "zips", "words"),
    [
        (PARTS, (), ("regularizer.dropout=0,0.5,0.5", "regularizer.l2=0,0,0.1", "hydra.sweeper.zip=[[{}]]")),
        ({"a": ("model.norm=none",), "b": ("model.norm=batch",)}, (), ("model.norm=none,batch",)),
        ({"a": ("model.norm=none",)}, ("seed,dataset.split_seed",), ("model.norm=none", "hydra.sweeper.zip=[[{}]]")),
    ],
)
def test_settings_are_one_sweep_whose_keys_go_together(parts, zips, words):
    together = zips[0] if zips else "regularizer.dropout,regularizer.l2"
    assert side_by_side(parts, *zips) == tuple(word.format(together) for word in words)


def test_two_settings_are_compared_seed_by_seed():
    class Two(Contrast):
        parts = PARTS

    runs = Runs(
        [
            run(*setting, seed, float(setting[0]) + seed)
            for setting in (("0", "0"), ("0.5", "0.1"))
            for seed in (0, 1, 4)
        ]
    )
    found = Two().apart(runs, "both", "none", "test/loss")
    assert (found.value, found.over) == (pytest.approx(0.5), "3 seeds, on this split")
    assert len(Two().part(runs, "dropout")) == 0
