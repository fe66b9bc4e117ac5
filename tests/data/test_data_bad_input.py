"""Every way a data file can be wrong: one message that names file, column or key and the fix; exit code 2."""

import gzip
import io
import pickle
import sys
import zipfile

import pytest

from runner.data.sources.csv import CSV
from runner.data.sources.parquet import Parquet
from runner.errors import ConfigError, DataError

GOOD = "".join(f"{i},{i * i},{'ab'[i % 2]}\n" for i in range(30))


def rows(change):
    """Thirty good rows "x,z,y", with `change(i)` in place of row i if it is not None."""
    return "x,z,y\n" + "".join(change(i) or line + "\n" for i, line in enumerate(GOOD.splitlines()))


def only(row, line):
    """Rows where one is replaced."""
    return rows(lambda i: line if i == row else None)


def zipped(**files):
    """The bytes of an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


CASES = {
    "0 bytes": ("", {}, r"table\.csv is empty \(0 bytes\)\. It needs a header line"),
    "nothing but comments": ("%x\n%y\n", {"comment": "%"}, r"table\.csv is empty, but for blanks and comments"),
    "blank": ("\n\n", {}, r"table\.csv is empty"),
    "header only": ("x,z,y\n", {}, r"table\.csv has 3 columns but no rows below the header"),
    "no target": (rows(lambda i: None), {"target": "Y2"}, r"no column 'Y2' \(dataset\.target\).*Columns: x, z, y"),
    "target misspelt": (
        "x,quality\n" + "1,a\n2,b\n" * 9,
        {"target": "qualty"},
        r"no column 'qualty' .*Did you mean 'quality'\?",
    ),
    "unknown split column": (
        rows(lambda i: None),
        {"split_column": "fold"},
        r"no column 'fold' \(dataset\.split_column\)",
    ),
    "unknown dropped column": (rows(lambda i: None), {"drop": ["w"]}, r"no column 'w' \(dataset\.drop\)"),
    "one class": (rows(lambda i: f"{i},1,a\n"), {}, r"target 'y' has one class only, 'a'.*choose another target"),
    "infinity": (only(4, "1,inf,a\n"), {}, r"column 'z' holds an infinite value \(inf\) in line 6"),
    "too large": (only(4, "-1e999,1,a\n"), {}, r"column 'x' holds an infinite value \(-inf\) in line 6"),
    "another encoding than was said": (
        only(2, "1,2,ä\n").encode("latin-1"),
        {"encoding": "utf-8"},
        r"table\.csv is not utf-8 text \(byte 0xe4 in line 4\)\. Save it as UTF-8.*dataset\.encoding=latin-1",
    ),
    "mixed encodings": (
        only(2, "1,2,ä\n").encode() + "5,6,ö\n".encode("latin-1"),
        {},
        r"table\.csv mixes encodings: line 4 is UTF-8, line 32 is not.*dataset\.encoding=latin-1",
    ),
    "split without train": (
        rows(lambda i: f"{i},test,{'ab'[i % 2]}\n"),
        {"split_column": "z"},
        r"column 'z' marks no row as train",
    ),
    "unknown split word": (
        rows(lambda i: f"{i},{'holdout' if i == 7 else 'train'},{'ab'[i % 2]}\n"),
        {"split_column": "z"},
        r"column 'z' says 'holdout' in line 9; allowed are train, val and test",
    ),
    "hole in the split column": (
        rows(lambda i: f"{i},{'' if i == 7 else 'train'},{'ab'[i % 2]}\n"),
        {"split_column": "z"},
        r"column 'z' says nothing in line 9",
    ),
    "column twice": ("x,x,y\n" + GOOD, {}, r"table\.csv has more than one column named 'x'\. Rename or remove"),
    "holes in the target": (rows(lambda i: f"{i},{i * i},\n"), {}, r"target 'y' is missing in every row"),
    "blank target": (rows(lambda i: f"{i},{i * i},  \n"), {}, r"target 'y' is missing in every row"),
    "text in numbers": (
        only(9, "1,n.a.?,a\n"),
        {},
        r"column 'z' holds numbers, but 'n\.a\.\?' in line 11.*dataset\.categorical=\[z\]",
    ),
    "text as regression": (
        rows(lambda i: None),
        {"task": "regression"},
        r"target 'y' says 'a' in line 2 \(also 'b'\), but dataset\.task=regression.*dataset\.task=classification",
    ),
    "constant number": (rows(lambda i: f"{i},1,2\n"), {"task": "regression"}, r"target 'y' is 2 in every row"),
    "a long row": (
        only(6, "1,2,a,4\n"),
        {},
        r"table\.csv is not a proper CSV file: .*line 8.*as many fields as the header",
    ),
    "all rows long": (
        "x,y\n" + "1,5,a\n1,5,b\n2,5,a\n" * 9,
        {},
        r"table\.csv is not a proper CSV file: line 2 has 3 fields, the header 2 .*decimal commas, they need quotes",
    ),
    "decimal commas in two columns": (
        "x,z,y\n" + "".join(f"{i},5,{i},25,a\n" for i in range(9)),
        {},
        r"table\.csv is not a proper CSV file: line 2 has 5 fields, the header 3 .*decimal commas, they need quotes",
    ),
    "decimal commas in some rows": (
        "x,z,y\n" + "1,5,2,25,a\n2,5,7,25,b\n1,5,2,25,a\n3,4,b\n1,5,2,25,a\n" * 3,
        {},
        r"line 2 has 5 fields, the header 3 .*decimal commas, they need quotes",
    ),
    "decimal commas that look like row names": (
        "x,z,y\n" + "".join(f"{i},7,{9 * i:02},a\n" for i in range(9)),
        {},
        r"line 2 has 4 fields, the header 3 .*decimal commas, they need quotes",
    ),
    "an open quote": (only(6, '1,2,"a\n'), {}, r"table\.csv is not a proper CSV file"),
    "an endless header": ('"' + "x" * 200_000, {}, r"table\.csv is not a proper CSV file: its header cannot be read"),
    "several words among numbers": (
        rows(lambda i: f"{'unknown' if i % 4 else 'n/a yet'},1,a\n" if i in (3, 8, 9) else None),
        {},
        r"column 'x' holds numbers, but 'unknown' in line 5 \(also 'n/a yet'\)\..*na_values=\[unknown,'n/a yet'\]",
    ),
    "many words among numbers": (
        "x,z,y\n" + "".join(f"{i if i > 8 else f'w{i}'},{i * i},{'ab'[i % 2]}\n" for i in range(200)),
        {},
        r"but 'w0' in line 2 \(also 'w1', 'w2', 'w3', 'w4', 'w5', \.\.\.\)\. .*dataset\.na_values=\[w0\], or",
    ),
    "words among dates": (
        "x,z,y\n" + "".join(f"{('soon', '2020-01-05', 'later')[i % 3]},{i * i},{'ab'[i % 2]}\n" for i in range(30)),
        {"na_values": ["soon"]},
        r"column 'x' holds dates in 10 of 30 rows, but 'later' in line 4\. ",
    ),
    "all inputs dropped": (
        "x,z,y\n" + GOOD,
        {"drop": ["x", "z"]},
        r"no input column .* \(dataset\.drop leaves out x, z\)",
    ),
    "no inputs": ("y\n" + "a\nb\n" * 9, {}, r"has no input column besides the target 'y'"),
    "two header lines": (
        "x,z,y\nmm,kg,\n" + GOOD,
        {},
        r"table\.csv, line 2: 'mm, kg' stands where the rows below have numbers: a second header line\?.*"
        r"dataset\.header=2",
    ),
    "names in two lines": (
        "A,A,B\nx,z,y\n" + GOOD,
        {},
        r"more than one column named 'A'\. .*dataset\.header=LINE",
    ),
    "a header that is not there": ("x,z,y\n" + GOOD, {"header": 99}, r"dataset\.header=99: line 99 of .* is empty"),
    "bytes that are no text": (b"x,y\n1,\0\n", {}, r"table\.csv is no text: byte 7 \(line 2\) is zero"),
    "a web page": ("<!DOCTYPE html><html>", {}, r"table\.csv is a web page, not the file that it shows"),
    "a PDF": (b"%PDF-1.7 ...", {}, r"table\.csv is a PDF document"),
    "a pickle": (pickle.dumps({"x": 1}), {}, r"table\.csv is a pickle, which is never read"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(100), {}, r"table\.csv is an Excel workbook of the old kind"),
    "Git LFS": ("version https://git-lfs.github.com/spec/v1\n", {}, r"table\.csv is a note of Git LFS.*git lfs pull"),
    "an OpenDocument sheet": (
        zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        {},
        r"table\.csv is an OpenDocument file: save its sheet",
    ),
    "a zip of two": (zipped(a="x", b="y"), {}, r"table\.csv is a zip archive of 2 files \(a, b\); one is read"),
    "a zip of none": (b"PK\x03\x04" + bytes(40), {}, r"table\.csv is a zip archive that cannot be unpacked"),
    "a workbook cut short": (
        zipped(**{"[Content_Types].xml": "<"})[:90],
        {},
        r"is an Excel workbook that cannot be read",
    ),
    "a gzip cut short": (
        gzip.compress(GOOD.encode())[:60],
        {},
        r"is not a whole gzip file \(60 bytes found\).*Fetch it",
    ),
    "a cut gzip": (b"\x1f\x8b\x08\x00abc", {}, r"table\.csv is not a whole gzip file \(7 bytes found\)"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_csv(case, csv_file, run_data):
    content, keys, message = CASES[case]
    with pytest.raises(DataError, match=message) as caught:
        run_data(CSV(**{"path": csv_file(content), "target": "y", **keys}))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_train_size_larger_than_available(csv_file, run_data):
    with pytest.raises(ConfigError, match=r"dataset\.train_size=500 is more than the 22 training rows"):
        run_data(CSV(path=csv_file("x,z,y\n" + GOOD), target="y", train_size=500))


def test_missing_file_names_its_neighbour(csv_file, run_data, tmp_path):
    csv_file("x,y\n", "houses.csv")
    with pytest.raises(
        DataError, match=r"house\.csv does not exist \(from dataset\.path.*Did you mean 'houses\.csv'\?"
    ):
        run_data(CSV(path=str(tmp_path / "house.csv"), target="y"))


def test_missing_folder(run_data, tmp_path):
    with pytest.raises(DataError, match=r"none/x\.csv does not exist"):
        run_data(CSV(path=str(tmp_path / "none" / "x.csv"), target="y"))


def test_a_folder_is_no_file(run_data, tmp_path):
    with pytest.raises(DataError, match=r"is a folder, not a file\. Set dataset\.path"):
        run_data(CSV(path=str(tmp_path), target="y"))


def test_a_file_that_may_not_be_read(run_data, csv_file, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    path = csv_file(GOOD)
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(DataError, match=r"table\.csv cannot be read: Permission denied"):
        run_data(CSV(path=path, target="y"))


@pytest.mark.parametrize("keys", [{}, {"path": ""}])
def test_path_not_set(run_data, keys):
    with pytest.raises(ConfigError, match=r"dataset\.path is not set.*dataset\.path=FILE"):
        run_data(CSV(target="y", **keys))


def test_target_not_set_lists_the_columns(run_data, csv_file):
    with pytest.raises(ConfigError, match=r"dataset\.target is not set\. Columns of .*table\.csv: x, z, y"):
        run_data(CSV(path=csv_file("x,z,y\n" + GOOD)))


@pytest.mark.parametrize("content", [b"not parquet at all", b"PAR1" + bytes(50), b"PAR1"])
def test_unreadable_parquet(run_data, csv_file, content):
    with pytest.raises(DataError, match=r"table\.parquet is not a readable Parquet file: .* Write it again"):
        run_data(Parquet(path=csv_file(content, "table.parquet"), target="y"))


def test_truncated_parquet(run_data, tmp_path):
    import pandas as pd

    path = tmp_path / "table.parquet"
    pd.DataFrame({"x": range(50), "y": ["a", "b"] * 25}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"table\.parquet is not a readable Parquet file"):
        run_data(Parquet(path=str(path), target="y"))


def test_parquet_with_a_column_twice(run_data, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.Table.from_arrays([pa.array([1, 2]), pa.array([3, 4]), pa.array(["a", "b"])], names=["x", "x", "y"])
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"more than one column named 'x'"):
        run_data(Parquet(path=str(tmp_path / "t.parquet"), target="y"))


def test_parquet_columns_that_are_neither_numbers_nor_text(run_data, tmp_path):
    import pandas as pd

    spans = pd.to_timedelta(range(20), unit="h")
    for name, column in (("span", spans), ("tags", [[1, 2]] * 20)):
        path = tmp_path / f"{name}.parquet"
        pd.DataFrame({name: column, "x": range(20), "y": ["a", "b"] * 10}).to_parquet(path)
        with pytest.raises(DataError, match=rf"column '{name}' holds .*dataset\.drop=\[{name}\]"):
            run_data(Parquet(path=str(path), target="y"))


def test_an_encoding_that_does_not_exist(run_data, csv_file):
    with pytest.raises(ConfigError, match=r"dataset\.encoding = 'utf-99': no such encoding; for example utf-8"):
        run_data(CSV(path=csv_file("x,z,y\n" + GOOD), target="y", encoding="utf-99"))


def test_all_problems_of_a_file_are_said_at_once(run_data, csv_file):
    days = ["2020-01-01", "soon"] * 20
    lines = [f"{i},{days[i]},{'?' if i == 3 else i % 7},{'odd' if i == 5 else i},a" for i in range(40)]
    path = csv_file("x,when,z,w,y\n" + "\n".join(lines))
    with pytest.raises(DataError) as caught:
        run_data(CSV(path=path, target="y"))
    assert str(caught.value).split("\n") == [
        f"{path} has 3 problems:",
        "- column 'when' holds dates in 20 of 40 rows, but 'soon' in line 3. Correct it, leave the cell empty, say "
        "that it means nothing: dataset.na_values=[soon], or take the column as categories: dataset.categorical=[when]",
        "- column 'w' holds numbers, but 'odd' in line 7. Correct it, leave the cell empty, say that it means nothing: "
        "dataset.na_values=[odd], or take the column as categories: dataset.categorical=[w]",
        "- the target 'y' has one class only, 'a'. There is nothing to tell apart: choose another target.",
    ]


def test_all_names_that_a_file_lacks_are_said_at_once(run_data, csv_file):
    path = csv_file("x,z,y\n" + GOOD)
    with pytest.raises(DataError, match=r"(?s)'Y' \(dataset\.target\).*'w' \(dataset\.drop\).*Columns: x, z, y"):
        run_data(CSV(path=path, target="Y", drop=["w"]))


def test_a_file_too_large_for_the_memory_is_refused_with_both_sizes(run_data, tmp_path, monkeypatch):
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(2 * 2**30)  # two GB without a byte on the disk
    monkeypatch.setattr("runner.data.files.free_memory", lambda: 4 * 2**30)
    with pytest.raises(
        DataError, match=r"large\.csv holds 2 GB, which take about 6 GB of memory to read, but 4 GB are"
    ):
        run_data(CSV(path=str(tmp_path / "large.csv"), target="y"))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_many_small_cells_take_more_memory_than_their_file(run_data, tmp_path, monkeypatch, kind):
    import pandas as pd

    path = tmp_path / f"table.{kind}"
    frame = pd.DataFrame({f"x{i}": range(300) for i in range(9)} | {"y": ["a", "b", "a"] * 100})
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)
    cells = 3010 if kind == "csv" else 3000  # the names too
    monkeypatch.setattr("runner.data.files.free_memory", lambda: 48 * 3000)
    with pytest.raises(DataError, match=rf"table\.{kind} holds .* GB in {cells:,} cells, which take about "):
        run_data((CSV if kind == "csv" else Parquet)(path=path, target="y"))


def test_a_packed_file_too_large_for_the_memory_is_refused_while_it_is_unpacked(run_data, csv_file, monkeypatch):
    monkeypatch.setattr("runner.data.files.BLOCK", 1000)
    monkeypatch.setattr("runner.data.files.free_memory", lambda: 4 * 2**10)
    path = csv_file(gzip.compress(bytes(10**6)), "bomb.csv.gz")
    with pytest.raises(DataError, match=r"bomb\.csv\.gz holds .* of memory to read"):
        run_data(CSV(path=path, target="y"))


def test_without_openpyxl_it_is_said_what_to_install(run_data, tmp_path, monkeypatch):
    import pandas as pd

    pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}).to_excel(tmp_path / "t.xlsx", index=False)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DataError, match=r"t\.xlsx is an Excel workbook.*pip install 'runner\[excel\]'"):
        run_data(CSV(path=str(tmp_path / "t.xlsx"), target="y"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("decimal", ";"), ("decimal", "none"), ("thousands", "kk"), ("quote", "abc"), ("separator", "§")],
)
def test_a_mark_that_cannot_be(run_data, csv_file, key, value):
    with pytest.raises(ConfigError, match=rf"dataset\.{key} = '{value}': must be .*, or null to have it found"):
        run_data(CSV(path=csv_file("x,z,y\n" + GOOD), target="y", **{key: value}))


def test_a_name_that_a_file_without_header_lacks_is_refused_with_how_it_was_read(run_data, csv_file):
    with pytest.raises(
        DataError, match=r"no column 'y'.*Columns: c1, c2, c3 \(no header: line 1 holds data \(0, 0, a\)"
    ):
        run_data(CSV(path=csv_file(GOOD), target="y"))
