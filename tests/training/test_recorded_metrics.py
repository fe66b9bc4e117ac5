"""Which metrics a run records: the usual ones, those asked for, the one it watches, whoever trains beside it."""

import numpy as np
import pytest

import runner
from runner.errors import ConfigError
from runner.training.metrics import calibration, classes, ranking

USUAL = {"loss", "accuracy"}
QUICK = {"dataset": "two_moons", "trainer.epochs": 3, "early_stopping.patience": None, "trainer.figures": False}


def columns(outcome):
    return set(runner.curves(outcome.folder).columns)


def recorded(outcome):
    """{split: names} of metrics.csv, after the summary was found to have the same and test."""
    found = {s: {c.split("/")[1] for c in columns(outcome) if c.startswith(f"{s}/")} for s in ("train", "val")}
    found["train"].remove("objective")
    for split in ("train", "val", "test"):
        assert set(outcome.summary[split]) == found["train"]
    return found


def without_seconds(outcome):
    return runner.curves(outcome.folder).drop(columns="seconds")


def test_each_run_of_a_population_records_its_own(tmp_path, way):
    """And its files are those of the run alone."""
    changes = [
        {},
        {"seed": 1, "trainer.metrics": ["f1", "accuracy", "f1"]},
        {"seed": 2, "trainer.metrics": ["ece"], "early_stopping.monitor": "val/roc_auc"},
    ]
    changes = [way | change for change in changes]
    together = runner.train([QUICK | change for change in changes], outputs=tmp_path)
    asked = [set(), {"f1"}, {"ece", "roc_auc"}]
    for outcome, change, names in zip(together, changes, asked, strict=True):
        assert recorded(outcome) == {"train": USUAL | names, "val": USUAL | names}
        [alone] = runner.train([QUICK | change], outputs=tmp_path)
        assert without_seconds(alone).equals(without_seconds(outcome))
        for split in ("train", "val", "test"):
            assert alone.summary[split] == outcome.summary[split]


def test_regression_records_its_own(tmp_path):
    draw = np.random.default_rng(0)
    x = draw.standard_normal((60, 2))
    lines = ["a,b,y", *(f"{a},{b},{a - b + 0.5}" for a, b in x)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    change = {"dataset": "csv", "dataset.path": str(tmp_path / "t.csv"), "dataset.target": "y"}
    change |= {"trainer.metrics": ["mae"], "early_stopping.monitor": "val/r2"}
    [outcome] = runner.train([QUICK | change], outputs=tmp_path)
    assert recorded(outcome)["val"] == {"loss", "rmse", "r2", "mae"}
    curve = runner.curves(outcome.folder)
    assert outcome.summary["best_epoch"] == curve["val/r2"].idxmax()
    assert (curve["val/mae"] <= curve["val/rmse"]).all()


def test_nobody_pays_for_a_metric_that_nobody_asked_for(tmp_path, monkeypatch):
    def costly(chunk):
        raise AssertionError("computed")

    for cls in (classes.BalancedAccuracy, classes.MacroF1, ranking.RocAuc, calibration.CalibrationError):
        monkeypatch.setattr(cls, "collect", staticmethod(costly))
    [outcome] = runner.train([QUICK], outputs=tmp_path)
    assert outcome.status == "completed"
    assert recorded(outcome)["val"] == USUAL


@pytest.mark.parametrize("monitor", ["val/roc_auc", "train/ece", "val/balanced_accuracy"])
def test_the_epoch_that_is_best_by_the_watched_metric_is_kept(tmp_path, monitor, way):
    change = way | {"early_stopping.monitor": monitor, "optimizer.lr": 0.05, "trainer.epochs": 8}
    [outcome] = runner.train([QUICK | change], outputs=tmp_path)
    curve = runner.curves(outcome.folder)[monitor]
    best = curve.idxmin() if monitor.endswith("ece") else curve.idxmax()
    assert outcome.summary["kept_epoch"] == best
    split, name = monitor.split("/")
    assert outcome.summary[split][name] == curve[best]


def test_epochs_before_the_warmup_are_never_best(tmp_path):
    """With next to no learning rate nothing ever improves."""
    harm = {"optimizer": "sgd", "optimizer.lr": 3e-9, "trainer.epochs": 6, "early_stopping.patience": 2}
    harm |= {"early_stopping.monitor": "val/loss", "early_stopping.min_delta": 0.5}
    found = [runner.train([QUICK | harm | {"early_stopping.warmup": w}], outputs=tmp_path)[0] for w in (0, 3, 6, 9)]
    assert [f.summary["kept_epoch"] for f in found] == [0, 3, 6, 6]
    assert [f.summary["epochs"] for f in found] == [2, 5, 6, 6]
    assert [f.status for f in found] == ["stopped_early", "stopped_early", "completed", "completed"]


def test_the_initial_network_is_saved_with_every_metric(tmp_path, way):
    change = {"trainer.epochs": 0, "early_stopping.warmup": 5, "trainer.metrics": ["balanced_accuracy", "roc_auc"]}
    [outcome] = runner.train([QUICK | way | change | {"early_stopping.monitor": "val/ece"}], outputs=tmp_path)
    assert (outcome.status, outcome.summary["kept_epoch"]) == ("completed", 0)
    assert recorded(outcome)["val"] == USUAL | {"balanced_accuracy", "roc_auc", "ece"}
    assert len(runner.curves(outcome.folder)) == 1
    assert len(runner.load(outcome.folder).predict_proba(np.zeros((3, 2)))) == 3


@pytest.mark.parametrize(("monitor", "refused"), [("val/roc_auc", True), ("train/roc_auc", False), ("val/f1", False)])
def test_a_watched_metric_is_defined_on_its_split(tmp_path, monitor, refused):
    """Without negative examples in the validation split there is no ROC curve, and training would stop on nothing."""
    rows = [f"{i},{i % 2},train" for i in range(40)] + [f"{i},1,val" for i in range(10)]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["x,y,part", *rows]))
    table = {"dataset": "csv", "dataset.path": str(file), "dataset.target": "y", "dataset.split_column": "part"}
    change = table | {"early_stopping.monitor": monitor, "trainer.epochs": 1}
    if refused:
        with pytest.raises(ConfigError, match=r"monitor = val/roc_auc: these examples have only one class"):
            runner.train([change], outputs=tmp_path)
    else:
        assert runner.train([change], outputs=tmp_path)[0].status == "completed"


def test_the_objective_has_the_same_digits_alone_and_in_company(tmp_path, way):
    """In double precision a mean over many steps shows in which order they are added up."""
    change = {"dataset": "wine", "trainer.batch_size": 7, "trainer.dtype": "float64", "trainer.epochs": 2} | way
    together = runner.train([QUICK | change | {"seed": seed} for seed in range(3)], outputs=tmp_path / "together")
    for seed, beside in enumerate(together):
        [alone] = runner.train([QUICK | change | {"seed": seed}], outputs=tmp_path / str(seed))
        curves = [runner.curves(outcome.folder)["train/objective"] for outcome in (alone, beside)]
        np.testing.assert_array_equal(*curves)


@pytest.fixture(scope="module")
def rare(tmp_path_factory):
    """4% are `bad`, told by six of 20 columns."""
    draw = np.random.default_rng(1)
    x = draw.normal(size=(1500, 20))
    bad = draw.random(1500) < 1 / (1 + np.exp(3.6 - x[:, :6] @ np.array([0.9, -0.7, 0.5, 0.4, -0.4, 0.4])))
    path = tmp_path_factory.mktemp("rare") / "rare.csv"
    table = np.column_stack([x.astype(str), np.where(bad, "bad", "good")])
    np.savetxt(path, table, "%s", ",", header=",".join([*(f"c{i}" for i in range(20)), "y"]), comments="")
    return {"dataset": "csv", "dataset.path": str(path), "dataset.target": "y", "trainer.figures": False}


def test_stopping_by_what_is_trained_keeps_an_epoch_before_overfitting(rare, tmp_path):
    """The unweighted loss of a network trained with balanced weights falls while it overfits."""
    weighted = rare | {"dataset.class_weights": "balanced", "optimizer.lr": 0.003}
    by = ["val/loss", "val/weighted_loss"]
    plain, right = runner.train([weighted | {"early_stopping.monitor": each} for each in by], outputs=tmp_path)
    assert right.summary["best_epoch"] < plain.summary["best_epoch"]
    assert right.summary["test"]["balanced_accuracy"] > plain.summary["test"]["balanced_accuracy"] + 0.05


def test_the_weighted_loss_of_training_rows_is_the_objective(rare, tmp_path, way):
    """Of a step on all rows at a rate so small that nothing moves; weights have mean 1 over the training rows."""
    change = rare | way | {"dataset.class_weights": {"bad": 7}, "trainer.batch_size": 5000, "trainer.epochs": 1}
    change |= {"optimizer": "sgd", "optimizer.lr": 1e-12, "trainer.metrics": ["weighted_loss"]}
    [outcome] = runner.train([change], outputs=tmp_path)
    last = runner.curves(outcome.folder).iloc[-1]
    assert last["train/weighted_loss"] == pytest.approx(last["train/objective"], rel=1e-6)
    assert last["train/loss"] != pytest.approx(last["train/objective"], rel=0.01)


def test_weighted_runs_record_balanced_accuracy_and_others_do_not(rare, tmp_path):
    changes = [{}, {"dataset.class_weights": "balanced"}]
    outcomes = runner.train([rare | {"trainer.epochs": 1} | change for change in changes], outputs=tmp_path)
    assert [recorded(outcome)["val"] for outcome in outcomes] == [USUAL, USUAL | {"balanced_accuracy"}]
