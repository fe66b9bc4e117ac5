"""Weights that stay 0, that come from others or from another run: in training, in the model file, and on resume."""

import hashlib
import json

import numpy as np
import pytest
import torch

import runner
from runner.checks.populations import data, settings
from runner.config.engines import NATIVE, STACKED
from runner.errors import ConfigError, RunError
from runner.execution.run_list import resumed_in
from runner.execution.start import resume
from runner.population.arrays import as_array
from runner.training.engine import Engine
from runner.training.given import digests

SHAPE = (13, [7, 5], 2, 29)
QUICK = {"trainer.epochs": 3, "model.hidden": [6], "trainer.figures": False, "early_stopping.patience": None}
HARD = [
    {"optimizer": "sgd", "optimizer.momentum": 0.9, "optimizer.weight_decay": 0.1},
    {"regularizer.gradient_noise.s": 0.1, "regularizer.weight_noise": 0.1, "averaging": "ema"},
    {"regularizer.l1": 0.01, "optimizer.proximal": True, "regularizer.max_norm": 0.5},
    {"regularizer.orthogonality": 0.1, "regularizer.dropconnect": 0.2, "optimizer": "lion"},
]


def trained(change: dict, way: dict, epochs: int = 3) -> Engine:
    engine = Engine([settings(SHAPE, **change | way)], [data(13, 2)])
    for _ in range(epochs):
        engine.train_epoch([1.0])
    return engine


def zeros(engine: Engine, state: str = "theta") -> list[np.ndarray]:
    """Where the weights of each layer are exactly 0."""
    return [slot.true(as_array(engine.shown[state]))[0] == 0 for slot in engine.layout.weight_slots]


@pytest.mark.parametrize("parametrization", ["none", "weight_norm", "weight_standardization"])
@pytest.mark.parametrize("change", HARD, ids=lambda c: next(iter(c)))
def test_pruned_weights_are_exactly_zero_whatever_moves_the_others(change, parametrization, way):
    change = change | {"model.prune": 0.4, "model.parametrization": parametrization}
    before, after = (zeros(trained(change, way, epochs)) for epochs in (0, 3))
    for was, now in zip(before, after, strict=True):
        assert was.sum() == round(0.4 * was.size)
        assert now[was].all()
    if "regularizer.l1" not in change:
        assert [int(each.sum()) for each in after] == [int(each.sum()) for each in before]


def test_the_smallest_weights_are_pruned_and_each_layer_may_have_a_share(way):
    whole, pruned = (trained({"model.prune": share}, way, 0) for share in (0.0, [0.9, 0.0, 0.5]))
    for layer, share in enumerate((0.9, 0.0, 0.5)):
        every, left = (
            engine.layout.slots[f"{layer}.weight"].true(as_array(engine.theta))[0] for engine in (whole, pruned)
        )
        gone = left == 0
        assert gone.sum() == round(share * gone.size)
        assert np.array_equal(every[~gone], left[~gone])
        assert not gone.any() or np.abs(every[gone]).max() <= np.abs(every[~gone]).min()
    assert pruned.weight_statistics()["sparsity"][0] == pytest.approx((82 + 0 + 5) / (91 + 35 + 10))


def masks(path, **arrays) -> str:
    np.savez(path, **arrays)
    return str(path)


def test_a_mask_of_a_file_holds_and_layers_without_one_are_whole(tmp_path, way):
    wanted = np.random.default_rng(0).integers(0, 2, (7, 13))
    path = masks(tmp_path / "mask.npz", **{"0": wanted})
    engine = trained({"model.mask": path, "regularizer.gradient_noise.s": 0.1}, way)
    found = zeros(engine)
    assert np.array_equal(found[0], wanted == 0)
    assert not found[1].any() and not found[2].any()


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"0": np.ones((13, 7))}, r"the mask of layer 0 has the shape \(13, 7\), its weights have \(6, 64\)"),
        ({"0": np.full((6, 64), 0.5)}, "the mask of layer 0 holds other numbers than 0 and 1"),
        ({"layer5": np.ones((6, 64))}, "there is no layer 5"),
        ({"first": np.ones((6, 64))}, "array 'first' names no layer"),
    ],
    ids=["shape", "numbers", "layer", "name"],
)
def test_a_mask_that_does_not_fit_is_refused_with_its_key(arrays, words, tmp_path):
    path = masks(tmp_path / "mask.npz", **arrays)
    with pytest.raises(ConfigError, match=f"model.mask = {path}: .*{words}"):
        runner.train([QUICK | {"model.mask": path}], outputs=tmp_path)


@pytest.mark.parametrize("content", ["npy", "cut", "text", "damaged"])
def test_a_file_that_holds_no_masks_is_refused(content, tmp_path):
    path = tmp_path / "mask.npz"
    masks(path, **{"0": np.ones((6, 64))})
    if content == "npy":
        with path.open("wb") as file:
            np.save(file, np.ones((6, 64)))
    elif content == "damaged":
        np.savez_compressed(path, **{"0": np.random.default_rng(0).random((6, 64)) < 0.5})
        raw = path.read_bytes()
        path.write_bytes(raw[:100] + bytes(x ^ 0x55 for x in raw[100:150]) + raw[150:])
    else:
        path.write_bytes(path.read_bytes()[:100] if content == "cut" else b"0, 1, 1\n")
    with pytest.raises(ConfigError, match=r"model\.mask = .*: cannot be read .*an array a layer, named 0, 1"):
        runner.train([QUICK | {"model.mask": str(path)}], outputs=tmp_path)


def test_a_mask_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"model\.mask = .*none\.npz: no such file"):
        runner.train([QUICK | {"model.mask": str(tmp_path / "none.npz")}], outputs=tmp_path)
    with pytest.raises(ConfigError, match=r"model\.mask = .*: is a folder; name an \.npz file"):
        runner.train([QUICK | {"model.mask": str(tmp_path)}], outputs=tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"model.parametrization": "weight_norm"},
        {"model.parametrization": "weight_standardization", "model.norm": "layer"},
        {"regularizer.direct_dropout": 0.5, "regularizer.direct_input_dropout": 0.1},
        {"model.prune": 0.5, "model.bias": False},
        {"regularizer.dropconnect": 0.3},
    ],
    ids=lambda c: next(iter(c)),
)
def test_the_model_file_is_a_plain_network_that_says_what_was_evaluated(change, tmp_path, way):
    [outcome] = runner.train([QUICK | way | change], outputs=tmp_path)
    run = runner.load(outcome.folder)
    kinds = {type(m).__name__ for m in run.network}
    assert kinds <= {"Linear", "ReLU", "LayerNorm"}
    assert all(
        (m.bias is None) == (change.get("model.bias") is False) for m in run.network if hasattr(m, "in_features")
    )
    from runner.data.prepare import prepare

    table = prepare(run.settings)
    x, y = (torch.from_numpy(part[table.val]) for part in (table.x, table.y))
    loss = torch.nn.functional.cross_entropy(run.network(x), y).item()
    assert loss == pytest.approx(outcome.summary["val"]["loss"], rel=1e-5)


def test_a_run_begins_with_the_weights_of_another(tmp_path, way):
    normed = {"model.parametrization": "weight_norm", "model.norm": "batch"}
    [first] = runner.train([QUICK | way | normed], outputs=tmp_path)
    changes = [{}, normed, {"model.prune": 0.5}, {"seed": 7}]
    every = runner.train(
        [QUICK | way | {"model.norm": "batch", "model.init_from": str(first.folder)} | c for c in changes],
        outputs=tmp_path,
    )
    for outcome, change in zip(every, changes, strict=True):
        start = runner.curves(outcome.folder).iloc[0]
        if "model.prune" in change:
            assert start["sparsity"] == 0.5
        else:
            assert start["val/loss"] == pytest.approx(first.summary["val"]["loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model.hidden": [5]}, r"its network is 64-6-10 \(relu, norm none, biases\), this one 64-5-10 "),
        ({"model.bias": False}, "this one 64-6-10 .relu, norm none, no biases"),
        ({"model.norm": "batch"}, "this one 64-6-10 .relu, norm batch"),
        ({"model.activation": "prelu"}, "this one 64-6-10 .prelu"),
    ],
    ids=lambda c: next(iter(c)) if isinstance(c, dict) else "",
)
def test_weights_of_a_network_of_another_shape_are_refused(change, words, tmp_path):
    [first] = runner.train([QUICK], outputs=tmp_path)
    with pytest.raises(ConfigError, match=f"model.init_from = {first.folder}: .*{words}.*choose the same model"):
        runner.train([QUICK | {"model.init_from": str(first.folder)} | change], outputs=tmp_path)


def test_weights_of_a_run_on_other_data_are_refused_as_such(tmp_path):
    [first] = runner.train([QUICK], outputs=tmp_path)
    with pytest.raises(ConfigError, match=r"64-6-10 .*, this one 4-6-3 .*; take a run on data like these"):
        runner.train([QUICK | {"model.init_from": str(first.folder), "dataset": "iris"}], outputs=tmp_path)


def test_weights_of_no_finished_run_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"model\.init_from = .*: holds no model\.safetensors; name the folder"):
        runner.train([QUICK | {"model.init_from": str(tmp_path)}], outputs=tmp_path)


def test_a_file_that_has_changed_since_is_said_on_resume(tmp_path):
    """Of runs that were started together, before any of them has begun."""
    path = masks(tmp_path / "mask.npz", **{"0": np.ones((6, 64))})
    outcome, _ = runner.train([QUICK | {"model.mask": path, "seed": seed} for seed in (0, 1)], outputs=tmp_path)
    (outcome.folder / "summary.json").unlink()
    masks(tmp_path / "mask.npz", **{"0": np.eye(6, 64)})
    with pytest.raises(ConfigError, match=r"model\.mask = .* holds something else than when the sweep was begun"):
        resume(resumed_in(outcome.folder))


def test_a_checkpoint_knows_the_files_that_its_run_began_with(tmp_path):
    from runner.training.trial import check_unchanged, fixed

    path = masks(tmp_path / "mask.npz", **{"0": np.ones((7, 13))})
    run, table = settings(SHAPE, **{"model.mask": path}), data(13, 2)
    state = {"settings": fixed(run), "data_sha256": table.sha256, "files": digests(run)}
    check_unchanged(json.loads(json.dumps(state)), run, table, "here")
    masks(tmp_path / "mask.npz", **{"0": np.eye(7, 13)})
    with pytest.raises(RunError, match=r"here: what model\.mask = .* holds has changed since the run began"):
        check_unchanged(state, run, table, "here")


def test_the_file_of_synonyms_is_one_of_them_where_words_are_replaced(tmp_path):
    path = tmp_path / "synonyms.csv"
    path.write_text("big,large\n")
    key = "augmentation.word_synonyms"
    used, unused = (settings(SHAPE, **{f"{key}.p": p, f"{key}.file": str(path)}) for p in (0.1, 0.0))
    before = digests(used)
    assert before == {f"{key}.file": hashlib.sha256(b"big,large\n").hexdigest()}
    path.write_text("big,huge\n")
    assert digests(used) != before and digests(unused) == {}


@pytest.mark.parametrize("change", [{"model.prune": 0.5}, {"model.parametrization": "weight_norm"}], ids=str)
def test_rows_that_leave_and_join_keep_their_masks_and_scales(change, way):
    runs = [settings(SHAPE, seed=i, **change | way) for i in range(4)]
    alone = [trained(change | {"seed": i}, way) for i in range(4)]
    engine = Engine(runs[:2], [data(13, 2)] * 2)
    engine.train_epoch([1.0] * 2)
    engine.keep([1])
    engine = engine.joined(1, runs[2:], [data(13, 2)] * 2, [0, 1, 2])
    for _ in range(2):
        engine.train_epoch([1.0] * 3)
    assert np.array_equal(as_array(engine.theta)[0], as_array(alone[1].theta)[0])
    engine.keep([1, 2])
    engine.train_epoch([1.0] * 2)
    for row, i in enumerate((2, 3)):
        assert np.array_equal(as_array(engine.shown["theta"])[row], as_array(alone[i].shown["theta"])[0])


@pytest.mark.parametrize(
    "change",
    [
        {"model.parametrization": "weight_norm", "regularizer.dropconnect": 0.2},
        {"model.prune": 0.5, "model.bias": False, "regularizer.direct_dropout": 0.3},
    ],
    ids=lambda c: next(iter(c)),
)
def test_what_one_engine_began_the_other_continues(change):
    """To the same weights, but for rounding."""
    from runner.training.other_engine import converted

    found = {}
    for first, second in ((STACKED, NATIVE), (NATIVE, STACKED), (NATIVE, NATIVE)):
        runs = [settings(SHAPE, **change | {"trainer.engine": e, "trainer.dtype": "float64"}) for e in (first, second)]
        begun, ended = (Engine([run], [data(13, 2, dtype="float64")]) for run in runs)
        begun.train_epoch([1.0])
        state = {name: as_array(array) for name, array in begun.state().items()}
        state = state if first == second else converted(state, ended.layout, "float64")
        ended.load_state(state, begun.epochs)
        ended.train_epoch([1.0])
        shown = as_array(ended.shown["theta"])
        found[first, second] = np.concatenate([s.true(shown).ravel() for s in ended.layout.slots.values()])
    one = found.pop((NATIVE, NATIVE))
    for other in found.values():
        np.testing.assert_allclose(other, one, rtol=1e-8, atol=1e-11)
