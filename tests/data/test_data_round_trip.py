"""One table in eight ways of writing it, as Parquet, Excel and a data frame: one network, one prediction."""

import csv
import gzip
import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import runner
from runner.cli import main

ROWS = 120


def made() -> pd.DataFrame:
    """Numbers with holes, whole numbers with holes, words beyond ASCII, codes that are numbers, a class 0 or 1."""
    random = np.random.default_rng(3)
    amount = np.round(random.gamma(2, 3000, ROWS), 2)
    kind = random.choice(["Äpfel", "Birnen", "None"], ROWS)
    frame = pd.DataFrame({"amount": amount, "rooms": random.integers(1, 6, ROWS).astype(float), "kind": kind})
    frame["code"] = random.choice([1067, 53111, 4109], ROWS)
    frame["sold"] = (amount + 2000 * (kind == "Birnen") > 6000).astype(int)
    frame.loc[::11, "amount"], frame.loc[3::13, "rooms"] = np.nan, np.nan
    return frame


def rows(frame, amount, rooms, code, hole):
    """The cells as text, written by one function a column."""
    for row in frame.itertuples():
        yield [
            hole if row.amount != row.amount else amount(row.amount),
            hole if row.rooms != row.rooms else rooms(row.rooms),
            row.kind,
            code(row.code),
            str(row.sold),
        ]


def text(frame, separator=",", amount=str, rooms=str, code=str, hole="", quoting=csv.QUOTE_MINIMAL, end="\n"):
    """The table as CSV in some dialect."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerows([list(frame.columns), *rows(frame, amount, rooms, code, hole)])
    return buffer.getvalue()


def german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def padded(code: int) -> str:
    return f"{code:05d}"


def whole(value: float) -> str:
    return str(int(value))


def blanks(frame) -> str:
    return (
        "  ".join(frame.columns) + "\n" + "".join("   ".join(row) + "\n" for row in rows(frame, repr, whole, str, "NA"))
    )


def zipped(content: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inside.csv", content)
    return buffer.getvalue()


DIALECTS = {
    "pandas.csv": lambda frame: text(frame, amount=repr),
    "german.csv": lambda frame: text(frame, ";", german, whole, padded).encode("latin-1"),
    "tabs.tsv": lambda frame: text(frame, "\t", rooms=whole, hole="NaN", end="\r\n").encode("utf-8-sig"),
    "quoted.csv": lambda frame: text(frame, "|", code=lambda code: f"{code}.0", quoting=csv.QUOTE_ALL),
    "blanks.txt": blanks,
    "title.csv": lambda frame: ("The year's houses\n\n" + text(frame, rooms=whole, code=padded)).encode("utf-16"),
    "dollars.csv.gz": lambda frame: gzip.compress(text(frame, amount="${:,.2f}".format, hole="?").encode()),
    "swiss.zip": lambda frame: zipped(text(frame, ";", lambda x: f"{x:,.2f}".replace(",", "'"), whole, hole="-")),
}
FILES = [*DIALECTS, "table.parquet", "words.parquet", "table.xlsx"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All files, and a run trained on each, in a folder of its name."""
    place, frame = tmp_path_factory.mktemp("tables"), made()
    for name, write in DIALECTS.items():
        content = write(frame)
        (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    frame.to_parquet(place / "table.parquet")
    frame.astype({"code": float, "sold": str, "kind": "category"}).to_parquet(place / "words.parquet")
    frame.to_excel(place / "table.xlsx", index=False)
    keys = {"name": "csv", "target": "sold", "categorical": ["code"]}
    configs = [{"dataset": keys | {"path": place / name}, "trainer.epochs": 3, "optimizer.lr": 0.05} for name in FILES]
    trained = runner.train([c | {"trainer.figures": False} for c in configs], place / "outputs")
    return place, dict(zip(FILES, (runner.load(each.folder) for each in trained), strict=True))


def test_every_file_gives_the_same_weights_to_the_last_bit(folder):
    expected = folder[1]["pandas.csv"].network.state_dict()
    for name, run in folder[1].items():
        for key, weights in run.network.state_dict().items():
            np.testing.assert_array_equal(weights, expected[key], err_msg=name)


def test_labels_and_categories_are_the_same_values(folder):
    for name, run in folder[1].items():
        assert run.encoding.labels == ["0", "1"], name
        codes = ["01067", "04109", "53111"] if name in ("german.csv", "title.csv") else ["1067", "4109", "53111"]
        assert sorted(map(str, run.encoding.categories["code"])) == codes, name
        assert sorted(map(str, run.encoding.categories["kind"])) == ["Birnen", "None", "Äpfel"], name


@pytest.mark.parametrize("trained", FILES)
def test_trained_on_any_it_predicts_the_same_on_any_other(folder, trained, capsys, tmp_path):
    place, runs = folder
    expected = runs["pandas.csv"].predict_proba(made())
    for name in FILES:
        assert main(["predict", str(runs[trained].folder), str(place / name), "--out", str(tmp_path / "out.csv")]) == 0
        said = capsys.readouterr()
        assert "not seen in training" not in said.err and "not scored" not in said.err, name
        assert f"(over {ROWS} rows)" in said.out
        np.testing.assert_array_equal(pd.read_csv(tmp_path / "out.csv")[["prob_0", "prob_1"]], expected, err_msg=name)


FRAMES = {
    "as it is": lambda frame: frame,
    "objects": lambda frame: frame.astype(object),
    "categories": lambda frame: frame.astype({"kind": "category", "code": "category", "sold": "category"}),
    "text": lambda frame: frame.astype({"code": str, "sold": str}),
    "whole numbers with holes": lambda frame: frame.astype({"rooms": "Int64", "code": "Int32"}),
    "floats": lambda frame: frame.astype({"code": float, "sold": np.float32}),
}


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("trained", ["german.csv", "table.parquet"])
def test_a_data_frame_is_predicted_like_a_file(folder, kind, trained):
    run = folder[1][trained]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = run.predict_proba(FRAMES[kind](made()))
    np.testing.assert_array_equal(found, folder[1]["pandas.csv"].predict_proba(made()))
    assert [str(each.message) for each in caught] == [
        "missing numbers filled with the median of the training data: amount 11, rooms 9"
    ]


def test_what_pandas_makes_of_a_training_file_is_predicted_like_it(folder, tmp_path):
    """Category 1.0 in a file with holes was 3 in a data frame, and unseen."""
    random = np.random.default_rng(0)
    letters = {"1.0": "A", "2.0": "B", "3.0": "C", "": "D"}
    cells = random.choice(list(letters), 200)
    path = tmp_path / "t.csv"
    path.write_text("k,y\n" + "".join(f"{cell},{letters[cell]}\n" for cell in cells))
    keys = {"name": "csv", "path": path, "target": "y", "categorical": ["k"]}
    config = {"dataset": keys, "trainer.epochs": 30, "optimizer.lr": 0.05, "trainer.figures": False}
    run = runner.load(runner.train([config], tmp_path / "outputs")[0].folder)
    assert run.encoding.categories == {"k": ["1", "2", "3", None]}
    assert (run.predict(pd.read_csv(path)) == [letters[cell] for cell in cells]).all()


def test_a_typed_separator_is_remembered_and_one_that_does_not_fit_is_said(tmp_path, capsys):
    colons, commas = tmp_path / "colons.csv", tmp_path / "commas.csv"
    lines = [f"{i},{i % 7},{'ab'[i % 2]}" for i in range(60)]
    commas.write_text("\n".join(["x,z,y", *lines]))
    colons.write_text(commas.read_text().replace(",", ":"))
    keys = {"name": "csv", "path": colons, "target": "y", "separator": ":"}
    config = {"dataset": keys, "trainer.epochs": 2, "trainer.figures": False}
    folder = Path(runner.train([config], tmp_path / "outputs")[0].folder)
    out = tmp_path / "out.csv"
    assert main(["predict", str(folder), str(colons), "--out", str(out)]) == 0
    expected, _ = out.read_bytes(), capsys.readouterr()
    assert main(["predict", str(folder), str(commas), "--out", str(out)]) == 0
    assert "commas.csv is not written as the training file was said to be" in capsys.readouterr().err
    assert out.read_bytes() == expected
    (tmp_path / "bars.csv").write_text(commas.read_text().replace(",", "^"))
    words = ["predict", str(folder), str(tmp_path / "bars.csv"), "--out", str(out)]
    assert main(words) == 2
    assert main([*words, "dataset.separator='^'"]) == 0
    assert out.read_bytes() == expected
    capsys.readouterr()
    assert main([*words, "dataset.target=x"]) == 2
    assert "predict takes dataset.KEY=VALUE with KEY separator, decimal," in capsys.readouterr().err


@pytest.mark.parametrize("keys", [{}, {"header": 0}])
def test_a_model_of_a_file_without_header_predicts_a_single_row_without_one(tmp_path, keys):
    path, one, out = tmp_path / "t.csv", tmp_path / "one.csv", tmp_path / "out.csv"
    path.write_text("".join(f"{i % 9}.5,{i % 7},{'ab'[i % 2]}\n" for i in range(60)))
    one.write_text("3.5,2,a\n")
    config = {"dataset": {"name": "csv", "path": path, "target": "c3"} | keys, "trainer.epochs": 2}
    folder = runner.train([config | {"trainer.figures": False}], tmp_path / "outputs")[0].folder
    assert main(["predict", str(folder), str(one), "--out", str(out)]) == 0
    assert pd.read_csv(out)[["c1", "c2", "c3"]].to_numpy().tolist() == [[3.5, 2, "a"]]


def test_a_decimal_comma_is_remembered_where_a_further_file_can_be_read_both_ways(tmp_path, capsys):
    path, one, out = tmp_path / "t.csv", tmp_path / "one.csv", tmp_path / "out.csv"
    path.write_text("x;y\n" + "".join(f"{i % 9},{i % 5}25;{'ab'[i % 2]}\n" for i in range(60)))
    one.write_text('x,y\n"1,234",a\n')
    config = {"dataset": {"name": "csv", "path": path, "target": "y"}, "trainer.epochs": 2, "trainer.figures": False}
    run = runner.load(runner.train([config], tmp_path / "outputs")[0].folder)
    expected = run.predict_proba(pd.DataFrame({"x": [1.234]}))
    assert main(["predict", str(run.folder), str(one), "--out", str(out)]) == 0
    np.testing.assert_array_equal(pd.read_csv(out)[["prob_a", "prob_b"]], expected)
    assert "column 'x': '1,234' is read as 1.234, the decimal mark being the comma" in capsys.readouterr().err
