"""What finished runs with several targets, and autoencoders, predict and say together."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score, root_mean_squared_error

import runner
from runner.cli import main
from runner.ensembles.selection import squares

QUICK = {
    "dataset": "csv", "trainer.epochs": 4, "model.hidden": [8], "trainer.figures": False, "trainer.progress": False,
    "optimizer.lr": 0.02, "early_stopping.patience": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def table():
    draw = np.random.default_rng(0)
    u, v = draw.normal(size=(2, 150))
    kind = draw.choice(["p", "q"], 150)
    return pd.DataFrame({"u": u, "v": v, "kind": kind, "a": u + v, "b": 500 * u * v + 20 * (kind == "p")}).round(4)


@pytest.fixture(scope="module")
def path(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("several") / "t.csv"
    table.to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def sweep(path, tmp_path_factory):
    """Three runs of two targets."""
    root = tmp_path_factory.mktemp("sweep")
    keys = QUICK | {"dataset.path": path, "dataset.target": ["a", "b"], "regularizer.dropout": 0.1}
    runner.train([keys | {"seed": seed} for seed in range(3)], outputs=root)
    return next(root.rglob("results.csv")).parent


def test_predict_writes_a_column_a_target_and_scores_each(sweep, table, path, tmp_path, capsys):
    run = next(sweep.glob("000*"))
    assert main(["predict", str(run), path, "--out", str(tmp_path / "p.csv"), "--mc", "5"]) == 0
    written, loaded = pd.read_csv(tmp_path / "p.csv"), runner.load(run)
    answers = loaded.predict(table)
    np.testing.assert_allclose(written[["prediction_a", "prediction_b"]], answers)
    truth = table[["a", "b"]].to_numpy()
    rmse = root_mean_squared_error(truth, answers, multioutput="raw_values")
    r2 = r2_score(truth, answers, multioutput="raw_values")
    said = capsys.readouterr().out
    assert f"a rmse {rmse[0]:.6g}, a r2 {r2[0]:.6g}, b rmse {rmse[1]:.6g}, b r2 {r2[1]:.6g}" in said
    assert "2 columns prediction_<target>" in said
    spread = loaded.mc(table, 5)
    np.testing.assert_allclose(written[["mc_sd_a", "mc_sd_b"]], spread.sd)
    np.testing.assert_allclose(written[["mc_mean_a", "mc_mean_b"]], spread.mean)


def test_a_table_without_one_of_the_targets_is_predicted_and_not_scored(sweep, table, tmp_path, capsys):
    table.drop(columns="b").to_csv(tmp_path / "new.csv", index=False)
    run = next(sweep.glob("000*"))
    assert main(["predict", str(run), str(tmp_path / "new.csv"), "--out", str(tmp_path / "p.csv")]) == 0
    assert "score" not in capsys.readouterr().out
    assert list(pd.read_csv(tmp_path / "p.csv").columns) == ["u", "v", "kind", "a", "prediction_a", "prediction_b"]


def test_the_table_of_a_sweep_has_a_column_a_target_and_the_report_reads_it(sweep, capsys):
    results = runner.results(sweep)
    assert {"val/loss", "val/a/rmse", "test/b/r2"} <= set(results.columns)
    both = results[["val/a/r2", "val/b/r2"]].mean(axis=1)
    np.testing.assert_allclose(results["val/r2"], both)
    assert main(["report", str(sweep), "--html"]) == 0
    assert "val/loss" in capsys.readouterr().out and (sweep / "report.html").exists()


@pytest.mark.parametrize("words", [[], ["--greedy", "2"], ["--top", "2"]])
def test_runs_of_several_targets_answer_together(sweep, table, words):
    assert main(["ensemble", str(sweep), *words]) == 0
    members = [runner.load(folder).predict(table) for folder in sorted(sweep.glob("00*"))]
    together = runner.load(sweep / "ensemble").predict(table)
    assert together.shape == (150, 2)
    if not words:
        np.testing.assert_allclose(together, np.mean(members, axis=0))


def test_a_selection_weighs_targets_by_their_variance():
    """Errors of a tenth of a standard deviation count alike in grams and in tonnes."""
    truth = np.array([[1.0, 1e6], [2.0, 3e6], [3.0, 2e6]])
    sd = truth.std(0)
    first, second = (truth + 0.1 * sd * np.array(which) for which in ([1, 0], [0, 1]))
    assert squares(first, truth) == pytest.approx(0.005) == pytest.approx(float(squares(second, truth)))


def test_an_autoencoder_predicts_its_inputs_and_is_scored_by_them(path, table, tmp_path, capsys):
    keys = QUICK | {"dataset.path": path, "dataset.task": "autoencoder", "dataset.drop": ["a", "b"]}
    [outcome] = runner.train([keys], outputs=tmp_path)
    assert not [name for name in runner.curves(outcome.folder).columns if name.count("/") > 1]
    assert main(["predict", str(outcome.folder), path, "--out", str(tmp_path / "p.csv")]) == 0
    written = pd.read_csv(tmp_path / "p.csv")
    names = ["u", "v", "kind=p", "kind=q"]
    answers = written[[f"prediction_{name}" for name in names]].to_numpy()
    truth = np.stack([table["u"], table["v"], table["kind"] == "p", table["kind"] == "q"], 1).astype(float)
    said = capsys.readouterr().out
    rmse, r2 = root_mean_squared_error(truth, answers), r2_score(truth, answers)
    assert f"score: rmse {rmse:.5g}" in said.replace(f"{rmse:.6g}", f"{rmse:.5g}")
    assert f"r2 {r2:.3g}" in said.replace(f"{r2:.6g}", f"{r2:.3g}")
    run = runner.load(outcome.folder)
    test = root_mean_squared_error(truth[run.rows["test"]], answers[run.rows["test"]])
    assert outcome.summary["test"]["rmse"] == pytest.approx(test, rel=1e-5)
