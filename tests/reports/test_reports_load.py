"""A loaded run says what it said when it was trained; what is wrong with its model is found before it speaks."""

from __future__ import annotations

import json
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_iris
from torch import nn

import runner
from runner.cli import main
from runner.data.prepare import prepare
from runner.errors import ConfigError, DamagedError, DataError, RunError

CLASSES = ["classes", "classes, batch norm", "classes, layer norm, float64"]
NUMBERS = ["numbers", "numbers, batch norm", "numbers, float64"]


def rows_of(run, table: pd.DataFrame, split="test") -> pd.DataFrame:
    return table.iloc[getattr(prepare(run.settings), split)]


def test_a_loaded_run_is_shown_in_one_line(trained):
    run = runner.load(trained["classes"].folder)
    widths = [each.weight.shape for each in run.network if isinstance(each, nn.Linear)]
    layers = "-".join(str(n) for n in [widths[0][1], *(each[0] for each in widths)])
    assert repr(run) == f"LoadedRun({str(run.folder)!r}, network {layers}, {trained['classes'].status})"


@pytest.mark.parametrize("split", ["test", "val"])
@pytest.mark.parametrize("name", [*CLASSES, "classes, residual", "classes, slopes"])
def test_the_accuracy_of_the_reloaded_network_is_the_one_in_the_summary(trained, csv, name, split):
    run = runner.load(trained[name].folder)
    table = rows_of(run, pd.read_csv(csv, dtype={"id": str}), split)
    right = run.predict(table) == table["sold"].to_numpy()
    assert right.mean() == run.summary[split]["accuracy"] == trained[name].summary[split]["accuracy"]
    assert 0.5 < right.mean() < 1


@pytest.mark.parametrize("name", CLASSES)
def test_the_probabilities_give_the_loss_in_the_summary(trained, csv, name):
    run = runner.load(trained[name].folder)
    table = rows_of(run, pd.read_csv(csv))
    p = run.predict_proba(table)
    true = [run.encoding.labels.index(label) for label in table["sold"]]
    assert -np.log(p[np.arange(len(p)), true]).mean() == pytest.approx(run.summary["test"]["loss"], rel=1e-5)
    assert p.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert (np.array(run.encoding.labels)[p.argmax(axis=1)] == run.predict(table)).all()


def test_probabilities_after_binary_cross_entropy_are_sigmoids_divided_by_their_sum(trained, csv):
    run = runner.load(trained["classes, residual"].folder)
    table = rows_of(run, pd.read_csv(csv))
    z = run.outputs(run.transform(table))
    right = 1 / (1 + np.exp(-z))
    p = run.predict_proba(table)
    np.testing.assert_allclose(p, right / right.sum(axis=1, keepdims=True), rtol=1e-12)
    assert (np.array(run.encoding.labels)[p.argmax(axis=1)] == run.predict(table)).all()
    true = np.array([[label == each for each in run.encoding.labels] for label in table["sold"]])
    loss = -np.where(true, np.log(right), np.log(1 - right)).sum(axis=1).mean()
    assert loss == pytest.approx(run.summary["test"]["loss"], rel=1e-5)
    far = run.probabilities(np.array([[-800.0, -801.0], [0.0, 900.0], [-900.0, 0.0]]))
    np.testing.assert_allclose(far, [[0.7310585786300049, 0.2689414213699951], [1 / 3, 2 / 3], [0, 1]], rtol=1e-12)


@pytest.mark.parametrize("name", NUMBERS)
def test_the_rmse_in_original_units_is_the_one_in_the_summary(trained, csv, name):
    run = runner.load(trained[name].folder)
    table = rows_of(run, pd.read_csv(csv))
    rmse = np.sqrt(np.square(run.predict(table) - table["price"]).mean())
    exact = 1e-12 if "float64" in name else 1e-5
    assert rmse == pytest.approx(run.summary["test"]["rmse"], rel=exact)
    assert rmse > 1  # in thousands, not in standard deviations


def test_an_array_in_the_order_of_the_columns_is_as_good_as_a_table(classes, csv):
    run, table = runner.load(classes), pd.read_csv(csv)
    assert run.encoding.columns == ["size", "age", "town"]
    array = table[run.encoding.columns].to_numpy()
    np.testing.assert_array_equal(run.predict_proba(array), run.predict_proba(table))


def test_the_order_of_columns_and_rows_does_not_matter(classes, csv):
    run, table = runner.load(classes), pd.read_csv(csv)
    p = run.predict_proba(table)
    shuffled = table.sample(frac=1, random_state=0)[["town", "sold", "age", "size"]]
    np.testing.assert_allclose(run.predict_proba(shuffled), p[shuffled.index], rtol=1e-6)


def test_more_rows_than_a_chunk_and_none_at_all(classes, csv):
    run, table = runner.load(classes), pd.read_csv(csv)
    many = pd.concat([table] * 9, ignore_index=True)
    assert (run.predict(many) == np.tile(run.predict(table), 9)).all()
    assert run.predict_proba(table.head(0)).shape == (0, 2)
    assert run.predict(table.head(0)).shape == (0,)


def test_images_may_come_flat_or_in_their_shape(trained):
    run = runner.load(trained["digits"].folder)
    digits, test = run.settings.dataset.read(), prepare(run.settings).test
    flat = digits.numeric_ND
    assert (run.predict(flat[test]) == digits.target[test].astype(str)).mean() == run.summary["test"]["accuracy"]
    for shape in ((-1, 8, 8), (-1, 1, 8, 8)):
        np.testing.assert_array_equal(run.predict_proba(flat.reshape(shape)), run.predict_proba(flat))
    table = pd.DataFrame(flat, columns=run.encoding.columns)
    np.testing.assert_array_equal(run.predict_proba(table), run.predict_proba(flat))


@pytest.mark.parametrize("shape", [(3,), (5, 2), (5, 4), (2, 3, 1), ()])
def test_an_array_of_another_shape_is_refused(classes, shape):
    with pytest.raises(DataError, match=r"expected \[rows, 3\].*size, age, town"):
        runner.load(classes).predict(np.zeros(shape))


def test_missing_columns_are_named(classes, csv):
    with pytest.raises(DataError, match="'age', 'town'"):
        runner.load(classes).predict(pd.read_csv(csv).drop(columns=["age", "town"]))


def test_a_column_that_is_there_twice_is_refused(classes, csv):
    table = pd.read_csv(csv)
    with pytest.raises(DataError, match="more than one column 'age'"):
        runner.load(classes).predict(pd.concat([table, table[["age"]]], axis=1))


def test_names_of_columns_that_are_numbers_are_those_of_the_file(tmp_path):
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(60, 2))).assign(y=random.choice(["a", "b"], 60))
    table.to_csv(tmp_path / "numbers.csv", index=False)
    dataset = {"name": "csv", "path": tmp_path / "numbers.csv", "target": "y"}
    (outcome,) = runner.train([{"dataset": dataset, "trainer.epochs": 1, "trainer.figures": False}], tmp_path)
    run = runner.load(outcome.folder)
    assert (run.predict(table) == run.predict(table[[0, 1]].to_numpy())).all()


def test_a_regression_has_no_probabilities(numbers, csv):
    with pytest.raises(RunError, match=r"'price'.*use predict"):
        runner.load(numbers).predict_proba(pd.read_csv(csv))


def test_a_number_too_large_is_an_error(classes, csv):
    table = pd.read_csv(csv)
    table.loc[3, "size"] = 1e300
    with pytest.raises(DataError, match="column 'size' holds a number too large for float32 in data row 4"):
        runner.load(classes).predict(table)


def test_a_column_of_dates_among_numbers_is_refused(classes, csv):
    table = pd.read_csv(csv).assign(age=pd.Timestamp("2020-01-01"))
    with pytest.raises(DataError, match="column 'age' holds values of type Timestamp"):
        runner.load(classes).predict(table)


def test_an_answer_that_is_not_finite_is_an_error(classes, csv):
    table = pd.read_csv(csv)
    table.loc[3, "size"] = 3e38
    run = runner.load(classes)
    with torch.no_grad():
        run.network[0].weight *= 1e6
    with pytest.raises(RunError, match=r"data row 4 is not finite \(1 of 240 rows\)"):
        run.predict(table)


def test_it_is_in_evaluation_mode_and_leaves_the_network_alone(trained, csv):
    run = runner.load(trained["classes, batch norm"].folder)
    before = {name: tensor.clone() for name, tensor in run.network.state_dict().items()}
    first = run.predict_proba(pd.read_csv(csv))
    assert not run.network.training
    np.testing.assert_array_equal(run.predict_proba(pd.read_csv(csv)), first)
    assert all(torch.equal(tensor, before[name]) for name, tensor in run.network.state_dict().items())
    statistics = [tensor for name, tensor in before.items() if name.endswith("running_mean")]
    assert len(statistics) == 2 and all(tensor.abs().max() > 0 for tensor in statistics)


def test_settings_and_summary_are_those_of_the_run(trained):
    run = runner.load(str(trained["numbers, float64"].folder))
    assert run.settings.trainer.dtype == "float64" and run.settings.dataset.target == "price"
    assert run.summary == trained["numbers, float64"].summary
    assert next(run.network.parameters()).dtype == torch.float64


def test_the_rows_of_each_split_are_those_whose_scores_are_in_the_summary(trained, csv):
    run = runner.load(trained["classes"].folder)
    table = pd.read_csv(csv, dtype={"id": str})
    assert sorted(np.concatenate(list(run.rows.values()))) == list(range(len(table)))
    for split, rows in run.rows.items():
        part = table.iloc[rows]
        assert (run.predict(part) == part["sold"]).mean() == run.summary[split]["accuracy"]


def test_rows_are_counted_as_in_their_file_where_some_have_no_target(tmp_path):
    lines = [f"{i},{'' if i % 10 == 3 else 2 * i + 0.5}\n" for i in range(60)]
    train, test = tmp_path / "a.csv", tmp_path / "b.csv"
    train.write_text("x,y\n" + "".join(lines))
    test.write_text("x,y\n7,\n" + "".join(lines[:3]))
    dataset = {"name": "csv", "path": train, "test_path": test, "target": "y"}
    (outcome,) = runner.train([{"dataset": dataset, "trainer.epochs": 12}], tmp_path)
    rows = runner.load(outcome.folder).rows
    known = sorted([*rows["train"], *rows["val"]])
    assert known == [i for i in range(60) if i % 10 != 3] and rows["test"].tolist() == [1, 2, 3]
    test.write_text("x,y\n7,8\n")
    with pytest.raises(RunError, match="its data have changed since it was trained"):
        _ = runner.load(outcome.folder).rows
    assert runner.load(outcome.folder, force=True).rows["test"].tolist() == [0]


def test_of_a_sweep_the_best_run_is_loaded(tmp_path):
    configs = [{"dataset": "iris", "optimizer.lr": lr, "trainer.epochs": 12} for lr in (1e-6, 1e-2, 1e-5)]
    outcomes = runner.train(configs, tmp_path)
    best = min(outcomes, key=lambda outcome: outcome.summary["val"]["loss"])
    assert best is outcomes[1]
    assert runner.load(best.folder.parent).folder == best.folder
    rows = tmp_path / "flowers.csv"
    load_iris(as_frame=True).data.to_csv(rows, index=False)
    assert main(["predict", str(best.folder.parent), str(rows), "--out", str(tmp_path / "out.csv")]) == 0
    said = runner.load(best.folder).predict(pd.read_csv(rows))
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == list(said)


def test_of_runs_on_different_rows_none_is_the_best(tmp_path):
    configs = [{"dataset": "iris", "dataset.split_seed": seed, "trainer.epochs": 12} for seed in (0, 1)]
    folder = runner.train(configs, tmp_path)[0].folder.parent
    with pytest.raises(
        ConfigError, match=r"validated on different rows, where the best is the luckiest. Choose: .*/000"
    ):
        runner.load(folder)


def test_torch_and_safetensors_alone_rebuild_the_network(trained, csv):
    """What the README shows to somebody without this package."""
    folder = trained["classes, batch norm"].folder
    state = load_file(folder / "model.safetensors")
    network = nn.Sequential(
        nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(8, 2),
    )  # fmt: skip
    network.load_state_dict(state, strict=True)
    run = runner.load(folder)
    x = torch.from_numpy(run.transform(pd.read_csv(csv)))
    np.testing.assert_array_equal(network.eval()(x).detach().double().numpy(), run.outputs(x.numpy()))


def test_torch_and_safetensors_alone_rebuild_a_residual_network(trained, csv):
    """Linear, activation, norm, dropout; the second and third layers add their input, as the README says."""
    folder = trained["classes, residual"].folder
    state = load_file(folder / "model.safetensors")
    parts = [
        nn.Linear(6, 12), nn.ReLU(), nn.BatchNorm1d(12), nn.Dropout(0.1),
        nn.Linear(12, 12), nn.ReLU(), nn.BatchNorm1d(12),
        nn.Linear(12, 12), nn.ReLU(), nn.BatchNorm1d(12), nn.Dropout(0.1),
        nn.Linear(12, 2),
    ]  # fmt: skip
    network = nn.Sequential(*parts)
    network.load_state_dict(state, strict=True)
    network.eval()
    run = runner.load(folder)
    x = torch.from_numpy(run.transform(pd.read_csv(csv)))
    h = network[:4](x)
    h = h + network[4:7](h)
    h = h + network[7:11](h)
    np.testing.assert_array_equal(network[11](h).detach().double().numpy(), run.outputs(x.numpy()))


def test_no_pickle_is_read(classes, csv, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a pickle was read")

    for module, name in [(pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), (torch, "load")]:
        monkeypatch.setattr(module, name, refuse)
    run = runner.load(classes)
    assert len(run.predict(pd.read_csv(csv))) == 240
    assert run.summary["status"] in ("completed", "stopped_early")


# ---- what can be wrong with a folder or its model


@pytest.fixture
def copy(classes, tmp_path):
    """A copy of a run that may be damaged."""
    return shutil.copytree(classes, tmp_path / "run")


def rewrite(folder, change) -> None:
    """model.safetensors with other tensors or metadata; `change(state, metadata)` edits both in place."""
    path = folder / "model.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    state = load_file(path)
    change(state, metadata)
    save_file(state, path, metadata)


def sign(state, metadata) -> None:
    """As if a writer with other ideas had written it: the checksum fits."""
    from runner.training.model_file import model_digest

    metadata["sha256"] = model_digest({name: tensor.numpy() for name, tensor in state.items()}, metadata)


def test_every_single_byte_that_changes_is_noticed(copy):
    path = copy / "model.safetensors"
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    header = 8 + int.from_bytes(whole[:8], "little")
    places = [*range(8), *random.integers(8, header, 150), *random.integers(header, len(whole), 50)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        _loads_as_before_or_not_at_all(copy, whole)


def _loads_as_before_or_not_at_all(folder, whole) -> None:
    """A flipped bit may hit nothing but spaces that fill up the header; else it is an error that names the file."""
    path = folder / "model.safetensors"
    try:
        state = runner.load(folder).network.state_dict()
    except RunError as error:
        assert str(path) in str(error) and error.exit_code == 1
    else:
        kept = path.read_bytes()
        path.write_bytes(whole)
        assert all(torch.equal(tensor, load_file(path)[name]) for name, tensor in state.items()), kept[:200]


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.9999])
def test_a_model_cut_short_is_an_error(copy, share):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(RunError, match=r"model.safetensors cannot be read: .*Train again") as caught:
        runner.load(copy)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("key", ["architecture", "encoding", "dtype", "sha256", "format"])
def test_metadata_that_is_missing_is_named(copy, key):
    rewrite(copy, lambda state, metadata: metadata.pop(key))
    with pytest.raises(RunError, match=f"model.safetensors is damaged: its metadata .*{key}"):
        runner.load(copy)


def test_a_model_of_a_newer_version_says_update(copy):
    rewrite(copy, lambda state, metadata: metadata.update(format="4"))
    with pytest.raises(RunError, match=r"newer version of runner \(format 4, this one reads up to 3\). Update"):
        runner.load(copy)


def test_a_model_of_the_first_format_is_read_as_it_was_meant(copy, csv):
    expected = runner.load(copy).predict_proba(pd.read_csv(csv))

    def older(state, metadata):
        new = ("norm_position", "residual", "link")
        known = json.loads(metadata["architecture"])
        assert [known.pop(key) for key in new] == ["before", False, "softmax"]
        metadata |= {"architecture": json.dumps(known), "format": "1"}
        sign(state, metadata)

    rewrite(copy, older)
    with pytest.raises(DamagedError, match="does not match its checksum"):
        runner.load(copy)
    np.testing.assert_array_equal(runner.load(copy, force=True).predict_proba(pd.read_csv(csv)), expected)


def _unknown_link(state, metadata):
    metadata["architecture"] = metadata["architecture"].replace('"softmax"', '"chain"')


def _unknown_position(state, metadata):
    metadata["architecture"] = metadata["architecture"].replace('"none"', '"batch"').replace('"before"', '"beside"')


def _drop(state, metadata):
    state.pop("0.bias")


def _reshape(state, metadata):
    state["0.weight"] = torch.zeros(16, 7)


def _unknown_activation(state, metadata):
    metadata["architecture"] = metadata["architecture"].replace('"relu"', '"swoosh"')


def _vast(state, metadata):
    metadata["architecture"] = json.dumps(json.loads(metadata["architecture"]) | {"widths": [10**6, 10**6, 10**6]})


def _no_widths(state, metadata):
    metadata["architecture"] = "{}"


def _not_a_dict(state, metadata):
    metadata["architecture"] = "[1, 2]"


def _broken_json(state, metadata):
    metadata["encoding"] = metadata["encoding"][:-3]


def _other_encoding(state, metadata):
    metadata["encoding"] = '{"task": "classification"}'


@pytest.mark.parametrize(
    "change",
    [
        _unknown_link,
        _unknown_position,
        _drop,
        _reshape,
        _unknown_activation,
        _vast,
        _no_widths,
        _not_a_dict,
        _broken_json,
        _other_encoding,
    ],
)
def test_what_does_not_fit_together_is_an_error_even_if_the_checksum_fits(copy, change):
    def changed(state, metadata):
        change(state, metadata)
        sign(state, metadata)

    rewrite(copy, changed)
    with pytest.raises(RunError, match=r"model.safetensors does not fit this version of runner \(.+\)"):
        runner.load(copy)


def test_a_folder_without_a_model_says_why(copy, tmp_path):
    (copy / "model.safetensors").unlink()
    with pytest.raises(RunError, match="is missing, although the run has ended"):
        runner.load(copy)
    (copy / "summary.json").unlink()
    with pytest.raises(RunError, match=r"has not finished. Continue it with: runner resume .*run"):
        runner.load(copy)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="empty is not the folder of a run"):
        runner.load(tmp_path / "empty")
    with pytest.raises(ConfigError, match="nowhere: no such folder"):
        runner.load(tmp_path / "nowhere")


def test_the_runs_of_a_folder_of_runs_are_named(trained):
    folder = trained["classes"].folder.parent
    with pytest.raises(
        ConfigError, match=rf"it holds {len(trained)}, .*different problems, each .* Choose: "
    ) as caught:
        runner.load(folder)
    assert all(str(outcome.folder) in str(caught.value) for outcome in trained.values())
