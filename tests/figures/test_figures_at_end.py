"""Which figures a run ends with, where they are found, and that what they show is what happened."""

import json

import numpy as np
import pytest

import runner
from runner.data.prepare import prepare
from runner.records.events import png_size

QUICK = {"trainer.epochs": 3, "early_stopping.patience": None, "trainer.progress": False}
MOONS = QUICK | {"dataset": "two_moons", "dataset.n": 200, "model.hidden": [8]}
CLASSES = {"confusion", "reliability", "learning_curves", "weights"}  # one hidden layer, a constant rate
PLANE, BY_EPOCH = {"boundary", "boundary_by_epoch"}, "by_epoch/boundary"  # two inputs
NUMBERS = {"fit", "learning_curves", "weights"}


def train(tmp_path, *changes, console=False):
    return runner.train([MOONS | change for change in changes], outputs=tmp_path, console=console)


def files(outcome):
    """Name -> bytes of the PNG files in a run's folder."""
    return {path.stem: path.read_bytes() for path in (outcome.folder / "figures").glob("*")}


def shown(outcome):
    """Tags of the pictures in a run's TensorBoard events."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    values = [
        value
        for event in EventFileLoader(str(outcome.folder / "events.out.tfevents.0.runner")).Load()
        for value in event.summary.value
    ]
    return {v.tag for v in values if v.metadata.plugin_data.plugin_name == "images" or v.HasField("image")}


def test_a_single_run_on_the_command_line_shows_in_tensorboard_what_its_curves_do_not(tmp_path, capsys):
    [outcome] = train(tmp_path, {}, console=True)
    assert shown(outcome) == {f"figures/{name}" for name in PLANE | {"confusion", "reliability"}} | {BY_EPOCH}
    assert not (outcome.folder / "figures").exists()


def test_asked_for_all_of_them_are_files_too(tmp_path):
    [outcome] = train(tmp_path, {"trainer.figures": True})
    assert set(files(outcome)) == CLASSES | PLANE
    assert shown(outcome) == {f"figures/{name}" for name in files(outcome)} | {BY_EPOCH}
    assert {png_size(picture) for name, picture in files(outcome).items() if name != "boundary_by_epoch"} == {
        (1040, 880)
    }


def test_percentiles_are_drawn_where_they_are_recorded(tmp_path):
    asked = {"trainer.percentiles": True, "model.hidden": [8, 4], "trainer.figures": True}
    deep = {"model.hidden": [4] * 15, "model.norm": "batch"}
    first, without, many = train(tmp_path, asked, asked | {"trainer.percentiles": False}, asked | deep)
    assert set(files(first)) - set(files(without)) == {"percentiles"}
    assert len(files(first)["percentiles"]) > 5000 and "percentiles" in files(many)


def test_a_figure_that_cannot_be_drawn_takes_no_other_with_it(tmp_path, monkeypatch):
    def broken(run):
        raise ZeroDivisionError("division by zero")

    from runner.figures import at_end as figures

    changed = [figures.Figure("layers", broken) if f.name == "layers" else f for f in figures.FIGURES]
    monkeypatch.setattr(figures, "FIGURES", changed)
    [outcome] = train(tmp_path, {"trainer.figures": True})
    assert set(files(outcome)) == (CLASSES | PLANE) - {"layers"}
    assert "no figure layers: ZeroDivisionError: division by zero" in (outcome.folder / "train.log").read_text()


def test_train_measured_on_one_row_beside_batch_norm_has_all_figures(tmp_path):
    [outcome] = train(tmp_path, {"trainer.figures": True, "trainer.train_eval_rows": 1, "model.norm": "batch"})
    assert set(files(outcome)) == CLASSES | PLANE


def test_unwanted_there_are_none(tmp_path, capsys):
    [outcome] = train(tmp_path, {"trainer.figures": False}, console=True)
    assert not shown(outcome) and not (outcome.folder / "figures").exists()


def test_a_run_from_python_has_figures_only_if_asked(tmp_path):
    [outcome] = train(tmp_path, {})
    assert not shown(outcome) and not (outcome.folder / "figures").exists()


def test_runs_together_have_figures_only_if_asked_and_then_those_of_a_run_alone(tmp_path):
    asked = {"trainer.figures": True, "seed": 1}
    silent, together = train(tmp_path / "two", {}, asked)
    [alone] = train(tmp_path / "one", asked)
    assert not shown(silent)
    assert set(files(together)) == CLASSES | PLANE and files(together) == files(alone)


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"dataset": "sine"}, NUMBERS),
        ({"dataset": "diabetes"}, NUMBERS - {"fit"} | {"mistakes"}),
        ({"dataset": "wine"}, CLASSES | {"mistakes"}),
        ({"dataset": "digits"}, CLASSES | {"features", "mistakes"}),
        ({"dataset": "mnist1d", "dataset.n": 500}, CLASSES | {"features", "mistakes"}),
        ({"dataset": "sine", "regularizer.structural_dropout": 1.0}, NUMBERS | {"kept_width"}),
        ({"regularizer.structural_dropout": [1.0]}, CLASSES | PLANE | {"kept_width"}),
        ({"dataset": "sine", "regularizer.dropout": 0.1}, NUMBERS),
        ({"trainer.epochs": 0}, CLASSES | {"boundary"}),
        (
            {"model.hidden": [], "dataset.val_fraction": 0, "early_stopping.monitor": "train/loss"},
            CLASSES | PLANE,
        ),
        (
            {"dataset.val_fraction": 0, "dataset.test_fraction": 0, "early_stopping.monitor": "train/loss"},
            CLASSES | PLANE,
        ),
        (
            {"model.norm": "batch", "scheduler": "plateau", "scheduler.patience": 0},
            CLASSES | PLANE | {"learning_rate"},
        ),
        ({"model.hidden": [4] * 15, "trainer.dtype": "float64"}, CLASSES | PLANE | {"layers"}),
    ],
    ids=[
        "sine",
        "regression",
        "table",
        "images",
        "signals",
        "cut numbers",
        "cut classes",
        "dropout",
        "no epoch",
        "linear, no validation",
        "training only",
        "plateau",
        "deep",
    ],
)
def test_every_kind_of_run_has_the_figures_that_suit_it(tmp_path, change, expected):
    base = {key: value for key, value in MOONS.items() if "dataset" not in change or not key.startswith("dataset")}
    [outcome] = runner.train([base | {"trainer.figures": True} | change], outputs=tmp_path)
    assert outcome.status == "completed"
    assert "no figures" not in (outcome.folder / "train.log").read_text()
    assert set(files(outcome)) == expected


def test_a_schedule_is_drawn_by_default_where_a_curve_by_epoch_would_hide_it(tmp_path):
    [outcome] = train(tmp_path, {"scheduler.warmup": 1}, console=True)
    assert "figures/learning_rate" in shown(outcome)


def test_the_rates_drawn_are_those_of_the_steps(tmp_path, monkeypatch):
    """Warm-up over 1.5 epochs of 5 steps, then halved by the plateau at ends of epochs, as metrics.csv says."""
    drawn = {}
    monkeypatch.setattr(
        "runner.figures.draw.learning_rate", lambda steps, rates, each, **more: drawn.update(rates=rates, each=each)
    )
    plateau = {"scheduler": "plateau", "scheduler.factor": 0.5, "scheduler.patience": 0, "early_stopping.min_delta": 10}
    change = plateau | {"scheduler.warmup": 1.5, "trainer.epochs": 6, "trainer.figures": True, "optimizer.lr": 0.1}
    [outcome] = train(tmp_path, change)
    lr = runner.curves(outcome.folder)["lr"].to_numpy()[1:]
    rates = drawn["rates"].reshape(6, drawn["each"])
    np.testing.assert_allclose(rates[:, -1], lr, rtol=1e-12)
    warmup = round(1.5 * drawn["each"])
    np.testing.assert_allclose(
        rates[0], 0.1 * np.arange(1, drawn["each"] + 1) / warmup * lr[0] / rates[0, -1], rtol=1e-12
    )
    assert lr[-1] < lr[2] / 2


def test_the_fit_of_a_run_with_dropout_has_a_band(tmp_path, monkeypatch):
    """In the unit of the table: the mean of the passes is near the prediction, and they differ."""
    seen = {}

    def fit(predict, examples, *, band, **more):
        x = np.linspace(0.1, 0.9, 50)
        seen.update(prediction=predict(x), band=band(x))

    monkeypatch.setattr("runner.figures.draw.regression_fit", fit)
    change = {"dataset": "sine", "regularizer.dropout": 0.1, "trainer.figures": True, "trainer.epochs": 20}
    runner.train([QUICK | {"model.hidden": [32]} | change], outputs=tmp_path)
    mean, sd = seen["band"]
    assert (sd > 0).all()
    assert (np.abs(mean - seen["prediction"]) < 5 * sd / 100**0.5 + 1e-9).all()


def test_the_width_that_is_kept_is_shown_from_one_unit_to_all(tmp_path, monkeypatch):
    """All units kept is the network itself."""
    seen = {}
    monkeypatch.setattr(
        "runner.figures.draw.value_by_width", lambda kept, values, what, title: seen.update(kept=kept, values=values)
    )
    [outcome] = train(tmp_path, {"regularizer.structural_dropout": 1.0, "trainer.figures": True, "trainer.epochs": 20})
    assert seen["kept"].tolist() == list(range(1, 9))
    assert seen["values"][-1] == outcome.summary["val"]["accuracy"]


def test_the_fit_is_in_the_units_of_the_table_and_knows_the_truth(tmp_path, monkeypatch):
    seen = {}

    def fit(predict, examples, *, truth, names, title, band):
        assert band is None
        x = np.linspace(0.1, 0.9, 50)
        seen.update(
            error=np.abs(predict(x) - truth(x)).mean(), names=names, sizes=[len(y) for _, y in examples.values()]
        )
        x, y = examples["train"]
        seen["noise"] = np.std(y - truth(x))

    monkeypatch.setattr("runner.figures.draw.regression_fit", fit)
    change = {"dataset": "sine", "dataset.n": 400, "dataset.noise": 0.1, "model.activation": "tanh"}
    change |= {"optimizer.lr": 0.01, "trainer.epochs": 60, "model.hidden": [32, 32], "trainer.figures": True}
    runner.train([QUICK | change], outputs=tmp_path)
    assert seen["names"] == ("x", "y") and seen["sizes"] == [280, 60, 60]
    assert seen["noise"] == pytest.approx(0.1, abs=0.015)
    assert seen["error"] < 0.15


@pytest.mark.parametrize("scaling", ["standardize", "minmax", "quantile", "none"])
def test_the_boundary_is_in_the_units_of_the_table(tmp_path, monkeypatch, scaling):
    seen = {}

    def boundary(predict, x2, y, **more):
        seen.update(x2=x2, agreement=(predict(x2).argmax(1) == y).mean(), names=more["names"])

    monkeypatch.setattr("runner.figures.draw.decision_boundary", boundary)
    change = {"trainer.epochs": 20, "optimizer.lr": 0.03, "dataset.scaling": scaling}
    [outcome] = train(tmp_path, change, console=True)
    settings = runner.load(outcome.folder).settings
    data = prepare(settings)
    np.testing.assert_allclose(seen["x2"], settings.dataset.read().numeric_ND[data.val], atol=0.02)
    assert seen["agreement"] == outcome.summary["val"]["accuracy"]
    assert list(seen["names"]) == ["x1", "x2"]


def test_the_verdict_is_in_the_summary_and_in_tensorboard(tmp_path):
    [outcome] = train(tmp_path, {"trainer.epochs": 40, "optimizer.lr": 0.03})
    words = json.loads((outcome.folder / "summary.json").read_text())["verdict"]
    assert words.startswith("fine: train accuracy 0.9") and "most frequent class: 0.5" in words
    assert words.encode() in (outcome.folder / "events.out.tfevents.0.runner").read_bytes()


def test_a_diverged_run_has_no_figures_and_is_told_what_to_do(tmp_path):
    [outcome] = train(tmp_path, {"optimizer": "sgd", "optimizer.lr": 1e30, "trainer.figures": True})
    assert outcome.status == "diverged"
    assert outcome.summary["verdict"].startswith("diverged: ") and not (outcome.folder / "figures").exists()


def test_the_mistakes_are_those_of_the_network_the_surest_first(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        "runner.figures.draw.examples.examples", lambda pictures, captions, title: seen.update(p=pictures, c=captions)
    )
    base = QUICK | {"trainer.figures": True, "trainer.epochs": 2}
    [outcome] = runner.train([base], outputs=tmp_path)
    network = runner.load(outcome.folder)
    data = prepare(network.settings)
    answers = network.probabilities(network.outputs(data.x[data.val]))
    wrong = np.flatnonzero(answers.argmax(1) != data.y[data.val])
    order = wrong[np.argsort(-answers[wrong].max(1), kind="stable")][:24]
    assert len(seen["c"]) == len(order) == len(seen["p"])
    for i, caption in zip(order, seen["c"], strict=True):
        taken = data.labels[answers[i].argmax()]
        assert caption == f"{taken}, {answers[i].max():.0%}\ntrue: {data.labels[data.y[data.val[i]]]}"
    assert seen["p"].shape[1:] == (1, 8, 8) and seen["p"].min() >= -1e-6 and 0.9 < seen["p"].max() <= 1 + 1e-6


def test_rows_of_a_table_show_the_largest_errors_in_its_units(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr("runner.figures.draw.rows.rows", lambda names, cells, **more: seen.update(n=names, c=cells))
    [outcome] = runner.train([QUICK | {"dataset": "diabetes", "trainer.figures": True}], outputs=tmp_path)
    network = runner.load(outcome.folder)
    data, table = prepare(network.settings), network.settings.dataset.read()
    errors = network.decode(network.outputs(data.x[data.val])) - data.targets(data.val)
    worst = data.val[np.argsort(-np.abs(errors))][: len(seen["c"])]
    assert seen["n"][:4] == ["true", "prediction", "error", "age"] and len(seen["c"]) == 14
    np.testing.assert_allclose([float(row[0]) for row in seen["c"]], data.targets(worst), rtol=1e-3)
    np.testing.assert_allclose([float(row[3]) for row in seen["c"]], table.numeric_ND[worst, 0], rtol=2e-3, atol=1e-4)
    assert all(abs(float(p) - float(t) - float(e)) < 0.2 for t, p, e, *_ in seen["c"])
