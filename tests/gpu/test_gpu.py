"""What CUDA does with rows: the numbers of the CPU, the same ones again. Needs a GPU (make test-gpu)."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

import runner
from runner.checks.populations import SHAPES, data, data_for, needs, settings, shape_for, train, variations
from runner.checks.together import _asked
from runner.config.registry import entries
from runner.config.settings import FLAT_GROUPS
from runner.records.run_folder import SUMMARY

pytestmark = pytest.mark.gpu

CHOICES = [(g, n) for g in ("optimizer", "scheduler", "averaging", *FLAT_GROUPS) for n in entries(g)]
PIECES = [(g, n) for g in ("activation", "norm", "init", "loss", "metric") for n in entries(g) if n != "auto"]
CUDA = {"trainer.device": "cuda"}


def rows(group: str, name: str, **every) -> tuple[list[dict], tuple, list]:
    """(changes of the rows that use an entry, shape, their examples)."""
    entry = entries(group)[name]
    if (group, name) in CHOICES:
        shape, table = data_for(group, name, shape_for(entry, SHAPES[0]))
        changes = [needs(entry), *variations(group, name)]
    else:
        asked, task = _asked(entry)
        shape = SHAPES[0]
        table = data(shape[0], shape[2], task)
        moved = [{"optimizer.lr": 0.01 * (i + 1), "regularizer.dropout": 0.1 * i} for i in range(3)]
        changes = [asked | move | needs(entry) for move in moved]
    return [change | every for change in changes], shape, [table] * len(changes)


def trained(changes: list[dict], shape: tuple, tables: list) -> list[dict]:
    return train([settings(shape, seed=i, **change) for i, change in enumerate(changes)], tables)


@pytest.mark.parametrize(("group", "name"), CHOICES + PIECES, ids=str)
def test_the_numbers_are_those_of_the_cpu(group, name):
    """In float64, so that nothing but the order of sums differs."""
    changes, shape, tables = rows(group, name, **{"trainer.dtype": "float64"})
    changes = [change for change in changes if change.get("optimizer.damping") != 0]  # a singular Hessian, undamped
    tables = tables[: len(changes)]
    expected = trained(changes, shape, tables)
    found = trained([change | CUDA for change in changes], shape, tables)
    for i, (one, other) in enumerate(zip(expected, found, strict=True)):
        message = f"row {i}: {changes[i]}"
        np.testing.assert_allclose(np.array(other["curve"]), np.array(one["curve"]), 1e-6, 1e-8, True, message)
        np.testing.assert_allclose(other["theta"].cpu().numpy(), one["theta"].numpy(), 1e-5, 1e-7, True, message)


@pytest.mark.parametrize(("group", "name"), CHOICES + PIECES, ids=str)
def test_the_same_rows_have_the_same_bits_again(group, name):
    changes, shape, tables = rows(group, name, **CUDA)
    one, other = trained(changes, shape, tables), trained(changes, shape, tables)
    assert [torch.equal(a["theta"], b["theta"]) for a, b in zip(one, other, strict=True)] == [True] * len(changes)


@pytest.mark.parametrize("shape", [(64, [64, 64], 10, 64), (784, [128, 128], 10, 128)], ids=str)
def test_a_row_alone_is_the_row_in_company_of_a_hundred_but_for_rounding(shape):
    """Not bit for bit: libraries of CUDA choose their kernels by how many products there are."""
    runs = [settings(shape, epochs=1, seed=i, **CUDA | {"trainer.dtype": "float64"}) for i in range(100)]
    tables = [data(shape[0], shape[2], n=300, dtype="float64")] * 100
    together = train(runs, tables, epochs=1)
    for i in (0, 50, 99):
        alone = train([runs[i]], tables[:1], epochs=1)[0]
        torch.testing.assert_close(alone["theta"], together[i]["theta"], rtol=1e-9, atol=1e-12)


def command(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "runner", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def test_the_command_line_trains_a_sweep_on_it(tmp_path):
    words = ["dataset=digits", "trainer.epochs=20", "trainer.figures=false"]
    command("-m", *words, "trainer.device=cuda", "seed=range(0,64)", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    results = runner.results(tmp_path / "sweep")
    assert len(results) == 64 and (results["status"] != "failed").all()
    assert results["test/accuracy"].mean() > 0.93
    command(*words, "trainer.device=cuda", "seed=7", f"hydra.run.dir={tmp_path / 'alone'}")
    alone = json.loads((tmp_path / "alone" / SUMMARY).read_text())
    assert alone["status"] == "completed"


def test_a_run_that_was_interrupted_ends_with_the_same_numbers(tmp_path):
    words = ["dataset=digits", "trainer.figures=false", "trainer.device=cuda", "early_stopping=none"]
    whole, begun = tmp_path / "whole", tmp_path / "begun"
    command(*words, "trainer.epochs=8", f"hydra.run.dir={whole}")
    command(*words, "trainer.epochs=4", "trainer.keep_checkpoint=true", f"hydra.run.dir={begun}")
    command("resume", str(begun), "trainer.epochs=8")
    one, other = (runner.load(folder) for folder in (whole, begun))
    for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(a, b)
