"""`runner predict` writes what the run says; nothing is lost, replaced by mistake, or passed over in silence."""

from __future__ import annotations

import errno
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import runner
from runner.cli import main
from runner.data.prepare import prepare


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def table(csv):
    """The houses, every cell as text."""
    return pd.read_csv(csv, dtype=str, keep_default_na=False)


@pytest.fixture
def test_rows(table, classes, here):
    """The test split of the run on classes, as a file."""
    rows = table.iloc[prepare(runner.load(classes).settings).test]
    rows.to_csv(here / "test.csv", index=False)
    return rows


def predict(*words) -> int:
    return main(["predict", *map(str, words)])


def read(path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_the_test_rows_score_what_the_summary_says(classes, test_rows, capsys):
    assert predict(classes, "test.csv", "--out", "out.csv") == 0
    said = capsys.readouterr()
    test = runner.load(classes).summary["test"]
    assert f"score: accuracy {test['accuracy']:.6g}, log loss {test['loss']:.6g} (over 36 rows)" in said.out
    assert "wrote: out.csv (36 rows, with prediction and 2 columns prob_<label>)" in said.out
    out = read("out.csv")
    assert (out["prediction"] == out["sold"]).mean() == test["accuracy"]


def test_a_regression_is_scored_in_original_units(numbers, csv, here, capsys):
    run = runner.load(numbers)
    prepared = prepare(run.settings)
    pd.read_csv(csv).iloc[prepared.test].to_csv("test.csv", index=False)
    assert predict(numbers, "test.csv", "--out", "out.csv") == 0
    rmse, r2 = map(float, re.search(r"rmse (\S+), r2 (\S+) \(over 36 rows\)", capsys.readouterr().out).groups())
    assert rmse == pytest.approx(run.summary["test"]["rmse"], rel=1e-5)
    assert r2 == pytest.approx(run.summary["test"]["r2"], rel=1e-4)
    out = pd.read_csv("out.csv")
    assert list(out.columns) == ["id", "size", "age", "town", "price", "sold", "prediction"]
    assert np.corrcoef(out["prediction"], out["price"])[0, 1] > 0.5


def test_columns_written_are_the_input_as_it_stood_and_what_the_run_says(classes, test_rows):
    assert predict(classes, "test.csv", "--out", "out.csv") == 0
    out, run = read("out.csv"), runner.load(classes)
    pd.testing.assert_frame_equal(out[list(test_rows.columns)], test_rows.reset_index(drop=True))
    assert list(out.columns[-3:]) == ["prediction", "prob_no", "prob_yes"]
    raw = pd.read_csv("test.csv")
    assert (out["prediction"] == run.predict(raw)).all()
    np.testing.assert_array_equal(out[["prob_no", "prob_yes"]].astype(float), run.predict_proba(raw))


def test_without_the_target_there_is_no_score(classes, table, here, capsys):
    table.drop(columns="sold").to_csv("in.csv", index=False)
    assert predict(classes, "in.csv", "--out", "out.csv") == 0
    assert "score" not in capsys.readouterr().out
    assert len(read("out.csv")) == 240


def test_the_default_name_is_beside_the_caller(classes, test_rows, here, capsys):
    (here / "deep").mkdir()
    shutil.move("test.csv", "deep/test.csv")
    assert predict(classes, "deep/test.csv") == 0
    assert "wrote: test.predictions.csv" in capsys.readouterr().out
    assert predict(classes, "deep/test.csv") == 0
    assert "replaced: test.predictions.csv" in capsys.readouterr().out
    assert len(read("test.predictions.csv")) == 36


def test_parquet_in_and_out(classes, csv, here):
    pd.read_csv(csv, dtype={"id": str}).to_parquet("in.parquet")
    assert predict(classes, "in.parquet") == 0
    assert predict(classes, csv, "--out", "from_csv.parquet") == 0
    assert predict(classes, "in.parquet", "--out", "from_parquet.csv") == 0
    found = pd.read_parquet("in.predictions.parquet")
    assert found["id"].iloc[7] == "0007" and found["size"].dtype == float
    for other in (pd.read_parquet("from_csv.parquet"), pd.read_csv("from_parquet.csv")):
        np.testing.assert_allclose(other["prob_yes"], found["prob_yes"], rtol=1e-12)


def test_numbers_are_numbers_in_parquet_and_codes_are_text(classes, csv, here):
    assert predict(classes, csv, "--out", "out.parquet") == 0
    out, expected = pd.read_parquet("out.parquet"), pd.read_csv(csv)
    np.testing.assert_array_equal(out["size"], expected["size"])
    assert out["id"].iloc[7] == "0007" and out["town"].iloc[0] == expected["town"].iloc[0]


def test_gzip_and_semicolons(classes, test_rows, here):
    test_rows.to_csv("test.csv.gz", index=False, sep=";")
    assert predict(classes, "test.csv", "--out", "a.csv") == 0
    assert predict(classes, "test.csv.gz") == 0
    assert (here / "a.csv").read_bytes() == (here / "test.predictions.csv").read_bytes()


def test_pixels_are_columns_by_name(trained, here, capsys):
    run = runner.load(trained["digits"].folder)
    digits = run.settings.dataset.read()
    frame = pd.DataFrame(digits.numeric_ND.astype(int), columns=run.encoding.columns).assign(target=digits.target)
    frame.iloc[prepare(run.settings).test].to_csv("digits.csv", index=False)
    assert predict(run.folder, "digits.csv", "--out", "out.csv") == 0
    assert f"accuracy {run.summary['test']['accuracy']:.6g}" in capsys.readouterr().out
    assert list(read("out.csv").columns[-11:]) == ["prediction", *(f"prob_{digit}" for digit in range(10))]


# ---- what is said


def test_ignored_columns_holes_and_unseen_categories_are_said(classes, table, here, capsys):
    table.loc[[2, 9], "town"] = ["Bern", "Rom"]
    table.drop(columns=["sold", "price"]).to_csv("in.csv", index=False)
    assert predict(classes, "in.csv", "--out", "out.csv") == 0
    said = capsys.readouterr().err
    assert re.search("ignored columns .*: id$", said, re.M)
    assert "missing numbers filled with the median of the training data: size 13" in said
    assert re.search(r"'town': 2 rows with categories not seen in training \(Bern, Rom\)", said)


def test_rows_whose_answer_is_unknown_are_predicted_but_not_scored(classes, test_rows, capsys):
    test_rows = test_rows.copy()
    test_rows.iloc[:3, test_rows.columns.get_loc("sold")] = ["", "perhaps", "NA"]
    test_rows.to_csv("test.csv", index=False)
    assert predict(classes, "test.csv", "--out", "out.csv") == 0
    said = capsys.readouterr()
    assert "not scored: 3 of 36 rows, whose 'sold' is missing or none of the classes no, yes" in said.err
    out = read("out.csv")
    accuracy = (out["prediction"] == out["sold"])[3:].mean()
    assert f"accuracy {accuracy:.6g}" in said.out and "(over 33 rows)" in said.out
    assert out["prediction"].isin(["yes", "no"]).all()


def test_a_target_without_a_single_number_is_not_scored(numbers, table, here, capsys):
    table.assign(price="?").to_csv("in.csv", index=False)
    assert predict(numbers, "in.csv", "--out", "out.csv") == 0
    said = capsys.readouterr()
    assert "not scored: 240 of 240 rows, whose 'price' is missing or no number" in said.err
    assert "score:" not in said.out


def test_a_column_in_other_units_is_said(classes, table, here, capsys):
    table.assign(age=(table["age"].astype(float) * 365).astype(str)).to_csv("in.csv", index=False)
    assert predict(classes, "in.csv", "--out", "out.csv") == 0
    said = capsys.readouterr().err
    assert re.search(
        r"'age': far outside the training range \S+ to \S+ in \d+ of 240 rows .*is it in other units", said
    )
    table.to_csv("in.csv", index=False)
    assert predict(classes, "in.csv", "--out", "out.csv") == 0
    assert "far outside" not in capsys.readouterr().err


def test_what_the_command_notes_is_a_warning_in_python(classes, table, here, capsys):
    table.loc[[2, 9], "town"] = ["Bern", "Rom"]
    table.to_csv("in.csv", index=False)
    assert predict(classes, "in.csv", "--out", "out.csv") == 0
    noted = [line.removeprefix("note: ") for line in capsys.readouterr().err.splitlines()]
    for answer in ("predict", "predict_proba", "transform"):
        with pytest.warns(UserWarning) as caught:
            getattr(runner.load(classes), answer)(pd.read_csv("in.csv"))
        assert [str(each.message) for each in caught] == noted
        assert {each.filename for each in caught} == {__file__}


def test_several_columns_with_text_among_numbers_are_named_at_once(classes, table, here, capsys):
    table.loc[4, "age"], table.loc[7, "size"] = "old", "wide"
    table.to_csv("in.csv", index=False)
    assert predict(classes, "in.csv", "--out", "out.csv") == 2
    said = capsys.readouterr().err
    assert "'old' in line 6" in said and "'wide' in line 9" in said


@pytest.mark.parametrize(
    "words", [["dataset.separator=colon", "--out", "out.csv"], ["--out", "out.csv", "separator=:"]]
)
def test_what_is_typed_of_the_input_holds(classes, test_rows, here, words):
    test_rows.to_csv("colons.csv", index=False, sep=":")
    assert predict(classes, "colons.csv", *words) == 0
    assert predict(classes, "test.csv", "--out", "expected.csv") == 0
    assert (here / "out.csv").read_bytes() == (here / "expected.csv").read_bytes()


# ---- what is refused


def refused(capsys, *words, code: int = 2) -> str:
    """The one line on the screen of a command that fails with `code`."""
    assert predict(*words) == code
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err and said.err.count("\n") == 1
    return said.err


def test_missing_columns_are_named_with_the_file(classes, table, here, capsys):
    table.drop(columns=["age", "town"]).rename(columns={"size": "sizes"}).to_csv("in.csv", index=False)
    said = refused(capsys, classes, "in.csv", "--out", "out.csv")
    assert "in.csv: the table lacks the columns 'size', 'age', 'town'" in said and "Did you mean 'sizes'?" in said
    assert os.listdir() == ["in.csv"]


def test_the_input_is_never_replaced(classes, test_rows, here, capsys):
    before = (here / "test.csv").read_bytes()
    os.link("test.csv", "hard.csv")
    os.symlink("test.csv", "soft.csv")
    for out in ("test.csv", here / "test.csv", "hard.csv", "soft.csv"):
        assert "is the input itself" in refused(capsys, classes, "test.csv", "--out", out)
    assert (here / "test.csv").read_bytes() == before


def test_the_records_of_a_run_are_never_replaced(classes, test_rows, capsys):
    before = (classes / "metrics.csv").read_bytes()
    assert "the record of a run" in refused(capsys, classes, "test.csv", "--out", classes / "metrics.csv")
    assert (classes / "metrics.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("nowhere/out.csv", "there is no folder nowhere"),
        ("out.xlsx", "allowed: .csv, .parquet, .pq"),
        ("out", "allowed: .csv, .parquet, .pq"),
        ("folder.csv", "is a folder"),
        ("test.csv/out.csv", "there is no folder test.csv"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_any_work(classes, test_rows, here, capsys, out, why):
    (here / "folder.csv").mkdir()
    said = refused(capsys, classes, "test.csv", "--out", out)
    assert f"--out {out}: " in said and why in said


def test_a_folder_that_cannot_be_written_to_is_refused(classes, test_rows, here, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK))
    assert "can't be written to" in refused(capsys, classes, "test.csv", "--out", "out.csv")


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_former_file_as_it_was(classes, test_rows, here, capsys, monkeypatch, call):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (here / "out.csv").write_text("former\n")
    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        code = predict(classes, "test.csv", "--out", "out.csv")
    assert code == 1
    assert "--out out.csv: can't be written (No space left on device); nothing was changed" in capsys.readouterr().err
    assert (here / "out.csv").read_text() == "former\n"
    assert sorted(os.listdir()) == ["out.csv", "test.csv"]


def test_a_table_that_has_predictions_already_is_refused(classes, test_rows, capsys):
    assert predict(classes, "test.csv", "--out", "once.csv") == 0
    capsys.readouterr()
    assert "once.csv already has the column 'prediction'" in refused(capsys, classes, "once.csv", "--out", "twice.csv")


def test_an_input_that_is_not_there_or_no_table(classes, here, capsys):
    assert "none.csv does not exist (from INPUT" in refused(capsys, classes, "none.csv")
    (here / "empty.csv").write_text("")
    assert "empty.csv is empty" in refused(capsys, classes, "empty.csv")


def test_a_number_that_is_text_names_file_column_and_row(classes, table, here, capsys):
    table.loc[4, "age"] = "old"
    table.to_csv("in.csv", index=False)
    assert "in.csv: column 'age' holds numbers, but 'old' in line 6" in refused(capsys, classes, "in.csv")


def test_a_run_that_is_none_and_one_that_is_damaged(classes, test_rows, here, capsys):
    assert "nowhere: no such folder" in refused(capsys, "nowhere", "test.csv")
    said = refused(capsys, classes.parent, "test.csv")
    assert f"{classes.parent} is not the folder of one run, it holds 9, of which none is the best, as" in said
    shutil.copytree(classes, "copy")
    (here / "copy" / "model.safetensors").write_bytes(b"x" * 100)
    said = refused(capsys, "copy", "test.csv", code=1)
    assert "copy/model.safetensors cannot be read" in said and "Train again" in said


def test_a_model_alone_is_enough(classes, test_rows, here):
    (here / "moved").mkdir()
    shutil.copy(classes / "model.safetensors", "moved")
    assert predict("moved", "test.csv", "--out", "a.csv") == 0 == predict(classes, "test.csv", "--out", "b.csv")
    assert (here / "a.csv").read_bytes() == (here / "b.csv").read_bytes()


def test_last_is_the_newest_run_under_outputs(classes, test_rows, here, capsys):
    shutil.copytree(classes, here / "outputs" / "today" / "1")
    assert predict("last", "test.csv") == 0
    assert "run: outputs/today/1" in capsys.readouterr().out


def test_monte_carlo_dropout_adds_columns_and_scores(tmp_path, csv, here, capsys):
    """As runner.load(...).mc says; equal seeds give equal numbers, and the other columns stay what they are."""
    keys = {"dataset": "csv", "dataset.path": str(csv), "dataset.target": "sold", "regularizer.dropout": 0.3}
    [outcome] = runner.train([keys | {"trainer.epochs": 3, "trainer.progress": False}], outputs=tmp_path / "mc")
    assert predict(outcome.folder, csv, "--out", "plain.csv") == 0
    assert "mc accuracy" not in capsys.readouterr().out
    for seed, out in ((0, "a.csv"), (0, "b.csv"), (1, "c.csv")):
        assert predict(outcome.folder, csv, "--mc", 40, "--mc-seed", seed, "--out", out) == 0
    said = capsys.readouterr().out
    assert "mc accuracy" in said and "mc log loss" in said and "and 5 of Monte Carlo dropout" in said
    plain, a, b, c = map(pd.read_csv, ("plain.csv", "a.csv", "b.csv", "c.csv"))
    pd.testing.assert_frame_equal(a, b)
    pd.testing.assert_frame_equal(a[plain.columns], plain)
    labels = runner.load(outcome.folder).encoding.labels
    added = [*(f"mc_prob_{label}" for label in labels), "mc_sd", "entropy", "mutual_information"]
    assert list(a.columns) == [*plain.columns, *added]
    assert (a["mc_sd"] != c["mc_sd"]).any()
    found = runner.load(outcome.folder).mc(pd.read_csv(csv), 40)
    np.testing.assert_allclose(a[added[:-3]], found.probabilities, rtol=1e-12)
    np.testing.assert_allclose(found.probabilities.sum(1), 1)
    assert (a["mutual_information"] <= a["entropy"]).all() and (a["mutual_information"] >= 0).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--mc", 20], "was trained without dropout"),
        (["--length-scale", 1.0], "add --mc 100"),
        (["--mc", 20, "--length-scale", 0], "must be > 0"),
        (["--mc", 20, "--mc-seed", -1], "must be >= 0"),
    ],
)
def test_what_monte_carlo_dropout_cannot_do_is_said(numbers, csv, here, capsys, words, message):
    assert predict(numbers, csv, "--out", "out.csv", *words) == 2
    assert message in capsys.readouterr().err
    assert not (here / "out.csv").exists()
