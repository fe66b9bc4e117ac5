"""What finished runs with several targets of which some are classes predict, draw and say together."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

import runner
from runner.cli import main
from runner.errors import ConfigError, DataError
from runner.reports.predict import _named_apart

TARGETS = ["kind", "size", "yes"]
QUICK = {
    "dataset": "csv", "dataset.target": TARGETS, "trainer.epochs": 5, "model.hidden": [8], "trainer.progress": False,
    "optimizer.lr": 0.02, "early_stopping.patience": None, "early_stopping.monitor": "val/yes/accuracy",
}  # fmt: skip


@pytest.fixture(scope="module")
def table():
    draw = np.random.default_rng(0)
    u, v = draw.normal(size=(2, 120)).round(4)
    kind = np.where(u + v > 0.8, "red", np.where(u > v, "green", "blue"))
    return pd.DataFrame({"u": u, "v": v, "kind": kind, "size": (100 * u).round(3), "yes": np.where(v > 0, "y", "n")})


@pytest.fixture(scope="module")
def path(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("heads") / "t.csv"
    table.to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def sweep(path, tmp_path_factory):
    """Two runs, with dropout."""
    root = tmp_path_factory.mktemp("sweep")
    keys = QUICK | {"dataset.path": path, "regularizer.dropout": 0.1, "trainer.figures": False}
    runner.train([keys | {"seed": seed} for seed in range(2)], outputs=root)
    return next(root.rglob("results.csv")).parent


def test_predict_writes_labels_numbers_and_probabilities_and_scores_each(sweep, table, path, tmp_path, capsys):
    run = next(sweep.glob("000*"))
    assert main(["predict", str(run), path, "--out", str(tmp_path / "p.csv")]) == 0
    said, written, loaded = capsys.readouterr().out, pd.read_csv(tmp_path / "p.csv"), runner.load(run)
    answers, sure = loaded.predict(table[["u", "v"]]), loaded.predict_proba(table[["u", "v"]])
    assert written["prediction_kind"].tolist() == answers[:, 0].tolist()
    np.testing.assert_allclose(written["prediction_size"], answers[:, 1].astype(float))
    for name, labels in {"kind": ["blue", "green", "red"], "yes": ["n", "y"]}.items():
        p = written[[f"prob_{name}_{label}" for label in labels]].to_numpy()
        np.testing.assert_allclose(p, sure[name])
        np.testing.assert_allclose(p.sum(1), 1)
        right = sk.accuracy_score(table[name], written[f"prediction_{name}"])
        assert f"{name} accuracy {right:.6g}, {name} log loss {sk.log_loss(table[name], p):.6g}" in said
    rmse = sk.root_mean_squared_error(table["size"], written["prediction_size"])
    assert f"size rmse {rmse:.6g}" in said and "3 columns prediction_<target> and 5 columns prob_<label>" in said


def test_rows_whose_answers_are_not_all_known_are_not_scored(sweep, table, tmp_path, capsys):
    new = table.copy()
    new.loc[0, "kind"], new.loc[1, "size"], new.loc[2, "yes"] = "pink", np.nan, None
    new.to_csv(tmp_path / "new.csv", index=False)
    run = next(sweep.glob("000*"))
    assert main(["predict", str(run), str(tmp_path / "new.csv"), "--out", str(tmp_path / "p.csv")]) == 0
    out = capsys.readouterr()
    assert "not scored: 3 of 120 rows, in which one of 'kind', 'size', 'yes' is missing" in out.out + out.err
    assert "over 117 rows" in out.out


def test_a_sweep_is_ranked_by_the_metric_of_one_target(sweep, capsys):
    results = runner.results(sweep)
    assert {"val/loss", "val/kind/accuracy", "test/size/r2", "val/yes/loss"} <= set(results.columns)
    np.testing.assert_allclose(results["val/accuracy"], results[["val/kind/accuracy", "val/yes/accuracy"]].mean(axis=1))
    assert main(["report", str(sweep), "--html"]) == 0
    said = capsys.readouterr().out
    assert "val/yes/accuracy" in said and "val/yes/accuracy 0" in said.partition("leaves open: ")[2]
    assert ", val/accuracy" not in said.partition("leaves open: ")[2]  # a mean over targets is no share of the rows
    best = results.sort_values("val/size/rmse")["run"].iloc[0]
    assert main(["report", str(sweep), "--metric", "val/size/rmse"]) == 0 and "val/size/rmse" in capsys.readouterr().out
    assert runner.load(sweep / best).encoding.heads


@pytest.mark.parametrize("words", [["ensemble"], ["predict", "--combine", "mean"], ["predict", "--mc", "5"]])
def test_what_has_no_one_answer_is_refused_in_words(sweep, path, tmp_path, capsys, words):
    given = [str(sweep)] if words[0] == "ensemble" else [str(sweep), path, "--out", str(tmp_path / "p.csv")]
    assert main([words[0], *given, *words[1:]]) == 2
    said = capsys.readouterr().err
    assert "several targets of which some are classes" in said and "for one target" in said
    with pytest.raises(ConfigError, match="several targets of which some are classes"):
        runner.load(sweep, combine="mean")


def test_each_target_that_is_classes_has_its_pictures(path, tmp_path):
    [outcome] = runner.train([QUICK | {"dataset.path": path, "trainer.figures": True}], outputs=tmp_path)
    drawn = {file.stem for file in (outcome.folder / "figures").iterdir()}
    assert {"confusion_kind", "confusion_yes", "reliability_kind", "reliability_yes"} <= drawn
    assert not {"confusion", "reliability", "confusion_size", "fit", "boundary"} & drawn
    assert "no figure" not in (outcome.folder / "train.log").read_text()


def test_columns_of_probabilities_are_told_apart():
    clear = [("a", "b_c"), ("a", "z"), ("a_b", "d")]
    assert _named_apart(clear) == ["prob_a_b_c", "prob_a_z", "prob_a_b_d"]
    assert _named_apart([*clear, ("a_b", "c")]) == ["prob_a=b_c", "prob_a=z", "prob_a_b=d", "prob_a_b=c"]
    with pytest.raises(DataError, match="two columns of probabilities would have the name 'prob_a=b=c'"):
        _named_apart([("a", "b_c"), ("a_b", "c"), ("a", "b=c"), ("a=b", "c")])
