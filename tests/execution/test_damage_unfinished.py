"""What an interrupted run or sweep left, damaged in every way: resuming ends as if nothing had happened, or says which
file is wrong. A seeded share of the cases by default, all of them under `soak`.
"""

from __future__ import annotations

import random
import shutil

import pytest
import run_folders
import sweep_folders
from damage import DAMAGES, said, spoil, without_aside
from interrupting import resume

FILES = ("checkpoint.safetensors", "metrics.csv", ".hydra/config.yaml", "train.log", "events.out.tfevents.0.runner")
OF_SWEEP = ("population-000.safetensors", "results.csv", "sweep.yaml", "multirun.yaml")
OF_RUN = ("metrics.csv", ".hydra/config.yaml", ".hydra/overrides.yaml", "train.log", "events.out.tfevents.0.runner")
CASES = [(name, damage) for name in FILES for damage in DAMAGES]
SWEEPS = [(name, damage) for name in (*OF_SWEEP, *(f"000_seed=0/{name}" for name in OF_RUN)) for damage in DAMAGES]
HARMLESS = ("train.log", "events.out.tfevents.0.runner")  # tell or draw: what a run finds of them it keeps
ALONE, TOGETHER = random.Random(1).sample(CASES, 5), random.Random(2).sample(SWEEPS, 4)


def check_alone(resumable, whole, tmp_path, capsys, name, damage):
    other = shutil.copy(next(iter(tmp_path.glob("run/*.log"))), tmp_path / "other")  # of none of them the right file
    spoil(resumable / name, damage, other)
    code, text = resume(resumable, capsys)
    assert "unexpected error" not in text
    if code:
        assert name in text or (name == ".hydra/config.yaml" and "dataset." in text)  # a key whose value cannot be
    elif name not in HARMLESS:
        found = run_folders.contents(without_aside(resumable))
        assert run_folders.differences({"": found}, {"": whole}) == []


@pytest.mark.parametrize(("name", "damage"), ALONE)
def test_an_interrupted_run(resumable, whole, tmp_path, capsys, name, damage):
    check_alone(resumable, whole, tmp_path, capsys, name, damage)


@pytest.mark.soak
@pytest.mark.parametrize(("name", "damage"), [case for case in CASES if case not in ALONE])
def test_an_interrupted_run_all(resumable, whole, tmp_path, capsys, name, damage):
    check_alone(resumable, whole, tmp_path, capsys, name, damage)


def check_together(half, whole_sweep, capsys, name, damage):
    spoil(half / name, damage, half / "001_seed=1" / ".hydra" / "config.yaml")
    code, text = said(capsys, "resume", half)
    if code:
        assert name.rpartition("/")[2] in text
    elif name.rpartition("/")[2] not in HARMLESS:
        assert sweep_folders.contents(without_aside(half)) == sweep_folders.contents(whole_sweep)


@pytest.mark.parametrize(("name", "damage"), TOGETHER)
def test_an_interrupted_sweep(half, whole_sweep, capsys, name, damage):
    check_together(half, whole_sweep, capsys, name, damage)


@pytest.mark.soak
@pytest.mark.parametrize(("name", "damage"), [case for case in SWEEPS if case not in TOGETHER])
def test_an_interrupted_sweep_all(half, whole_sweep, capsys, name, damage):
    check_together(half, whole_sweep, capsys, name, damage)
