"""Runs whose numbers are not finite: what is recorded of them, what is stored, and what may be made of it."""

import json
import math
import struct

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import runner
from runner.cli import main
from runner.errors import RunError
from runner.population.layout import Layout
from runner.population.pieces.mlp import MLP
from runner.records import events
from runner.training import checkpoint
from runner.training.checksum import canonical, to_bytes

LAST = {"early_stopping.patience": None, "early_stopping.restore_best": False}
QUICK = {"trainer.epochs": 3, "trainer.figures": False, "dataset": "iris", "model.hidden": [5]}
SOON = QUICK | {"optimizer": "sgd", "optimizer.lr": 1e20}
LATE = {"dataset": "diabetes", "optimizer": "sgd", "optimizer.lr": 3.0, "scheduler.warmup": 20, "trainer.epochs": 20}
LATE |= {"trainer.figures": False}
NAN = 0x7FC00000


@pytest.fixture(scope="module")
def runs(tmp_path_factory, way):
    """soon: after the first epoch. last: whose last weights are kept. late: a network of epochs before is kept."""
    configs = {"soon": SOON, "last": SOON | LAST, "late": LATE, "good": QUICK}
    outcomes = runner.train([way | config for config in configs.values()], outputs=tmp_path_factory.mktemp("runs"))
    found = dict(zip(configs, outcomes, strict=True))
    assert [o.status for o in outcomes] == ["diverged", "diverged", "diverged", "completed"]
    assert [found[name].summary["kept_epoch"] == 0 for name in configs] == [True, False, False, False]
    return found


def rows_of(table, encoding, n=4):
    return pd.DataFrame(np.full((n, len(encoding.columns)), table), columns=encoding.columns)


def test_statistics_of_weights_are_no_numbers_where_their_norm_is_none(runs):
    for outcome in runs.values():
        curve = runner.curves(outcome.folder)
        assert curve["sparsity"].isna().equals(curve["weight_norm"].isna())
        assert curve["sparsity"].dropna().between(0, 1).all()
    assert math.isnan(runner.curves(runs["soon"].folder)["sparsity"].iloc[-1])


def test_statistics_are_those_of_the_true_weights_whatever_the_padding_holds():
    layout = Layout([3, 5, 2], MLP([5]).layers())
    theta = torch.full((2, layout.size), math.nan)
    for slot in layout.slots.values():
        slot.true(theta).fill_(2.0)
    layout.slots["1.weight"].true(theta)[1] = 0
    weights = layout.true_weights_of(theta)
    assert weights.square().sum(1).tolist() == [4.0 * (15 + 10), 4.0 * 15]
    assert ((weights == 0).sum(1) - (layout.weights - layout.true_weights)).tolist() == [0, 10]


def test_recorded_statistics_are_those_of_the_model_file(tmp_path, way):
    change = {"regularizer.l1": 0.3, "optimizer": "sgd", "optimizer.proximal": True, "optimizer.lr": 0.05}
    [outcome] = runner.train([QUICK | LAST | way | change], outputs=tmp_path)
    weights = [w for name, w in load_file(outcome.folder / "model.safetensors").items() if name.endswith("weight")]
    every = torch.cat([w.flatten() for w in weights])
    last = runner.curves(outcome.folder).iloc[-1]
    assert 0 < last["sparsity"] == float((every == 0).double().mean())
    assert last["weight_norm"] == pytest.approx(float(every.double().norm()), rel=1e-6)


@pytest.mark.parametrize("dtype, kind", [(torch.float32, torch.int32), (torch.float64, torch.int64)])
def test_a_number_that_is_none_has_one_pattern_of_bits(dtype, kind, tmp_path):
    """Of all that arithmetic makes: signs, payloads."""
    one, other = torch.tensor([1.0, math.nan], dtype=dtype), torch.tensor([1.0, -math.nan], dtype=dtype)
    other[1:].view(kind).add_(123)
    assert not torch.equal(one.view(kind), other.view(kind))
    stored = [to_bytes(canonical({"a": each, "n": torch.tensor(3)}), {}) for each in (one, other)]
    assert stored[0] == stored[1]
    checkpoint.write(tmp_path / "other", {"theta": other}, [])
    assert checkpoint.read(tmp_path / "other")[0]["theta"].tobytes() == one.numpy().tobytes()


def test_tensorboard_gets_the_same_bits_of_every_nan(monkeypatch):
    monkeypatch.setattr(events.time, "time", lambda: 0.0)
    odd = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))[0]
    assert events.scalars(1, [("loss", odd)]) == events.scalars(1, [("loss", math.nan)])


def test_a_model_file_holds_no_other_nan(runs):
    state = load_file(runs["last"].folder / "model.safetensors")
    found = {int(x) for w in state.values() for x in w[w.isnan()].view(torch.int32).tolist()}
    assert found == {NAN}


@pytest.mark.parametrize("name", ["soon", "last", "late"])
def test_a_diverged_run_is_the_same_alone_and_together(name, runs, way, tmp_path):
    change = {"soon": SOON, "last": SOON | LAST, "late": LATE}[name]
    [alone] = runner.train([way | change], outputs=tmp_path)
    assert (alone.folder / "model.safetensors").read_bytes() == (runs[name].folder / "model.safetensors").read_bytes()
    ours, theirs = (runner.curves(each.folder).drop(columns="seconds") for each in (alone, runs[name]))
    assert ours.equals(theirs)


@pytest.mark.parametrize("name, why", [("soon", "is the untrained one"), ("last", "holds weights that are not finite")])
def test_a_network_that_divergence_spoiled_predicts_nothing(name, why, runs, tmp_path, monkeypatch, capsys):
    folder = runs[name].folder
    loaded = runner.load(folder)
    table = rows_of(5.0, loaded.encoding)
    assert loaded.status == "diverged"
    for predict in (loaded.predict, loaded.predict_proba):
        with pytest.raises(RunError, match=rf"the run diverged \(the loss was not finite after epoch 1\).*{why}"):
            predict(table)
    table.to_csv(tmp_path / "new.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert main(["predict", str(folder), "new.csv", "--out", "out.csv"]) == 1
    said = capsys.readouterr()
    assert why in said.err and len(said.err.splitlines()) == 1 and not said.out
    assert not (tmp_path / "out.csv").exists()


def test_a_network_from_before_divergence_predicts_and_says_so(runs, tmp_path, monkeypatch, capsys):
    outcome = runs["late"]
    loaded = runner.load(outcome.folder)
    table = rows_of(0.01, loaded.encoding)
    assert np.isfinite(loaded.predict(table)).all()
    table.to_csv(tmp_path / "new.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert main(["predict", str(outcome.folder), "new.csv", "--out", "out.csv"]) == 0
    kept, last = outcome.summary["kept_epoch"], outcome.summary["epochs"]
    note = f"the run diverged (the loss was not finite after epoch {last}); this is its network of epoch {kept}"
    assert f"note: {note}\n" in capsys.readouterr().err


def test_the_untrained_network_says_that_it_is_one(tmp_path):
    change = {"optimizer": "adam", "optimizer.lr": 0.3, "trainer.epochs": 12, "trainer.figures": False}
    [outcome] = runner.train([change], outputs=tmp_path)
    assert outcome.summary["kept_epoch"] == 0 and outcome.status != "diverged"
    assert runner.load(outcome.folder).notes[0].startswith("this is the untrained network, which none of")


def test_a_model_of_earlier_that_does_not_say_how_its_run_ended_is_judged_by_the_summary(runs, tmp_path):
    from runner.training.model_file import model_digest

    source, copied = runs["soon"].folder, tmp_path / "run"
    copied.mkdir()
    with safe_open(source / "model.safetensors", "np") as file:
        metadata = {k: v for k, v in file.metadata().items() if k not in ("ended", "sha256")}
        state = file.get_tensors()
    (copied / "model.safetensors").write_bytes(to_bytes(state, metadata | {"sha256": model_digest(state, metadata)}))
    assert runner.load(copied).status == ""
    summary = json.loads((source / "summary.json").read_text())
    earlier = {key: value for key, value in summary.items() if key not in ("files", "sha256")}
    (copied / "summary.json").write_text(json.dumps(earlier))
    loaded = runner.load(copied)
    assert loaded.status == "diverged" and loaded.ended["kept_epoch"] == 0
    assert json.loads((copied / "summary.json").read_text())["verdict"].startswith("diverged: ")
