"""results.csv and the curves of a sweep as data frames: types, exactness, damage."""

import math

import numpy as np
import pytest

import runner
from runner.errors import RunError
from runner.records.read import typed

HEADER = (
    "run,status,optimizer,optimizer.lr,model.hidden,optimizer.nesterov,seed,best_epoch,epochs,val/loss,seconds,error"
)
ROWS = [
    '000_a,completed,sgd,0.1,"[64,64]",true,0,3,5,0.30000000000000004,1.5,',
    "001_b,diverged,adamw,1e+30,[64],,1,0,1,,0.2,",
    '002_c,failed,adamw,0.001,[64],,2,,,,,"ValueError: ""two""\nlines"',
]


@pytest.fixture
def sweep(tmp_path):
    """A folder with the table only, the folders of its runs being gone."""
    (tmp_path / "results.csv").write_text("\n".join([HEADER, *ROWS]) + "\n")
    return tmp_path


def read(folder):
    """The table of a sweep of which the folders of two runs are missed."""
    with pytest.warns(UserWarning, match="2 runs without a folder here: as results.csv has them, unchecked"):
        return runner.results(folder)


def test_a_sweep_is_its_table_with_numbers_as_numbers(sweep):
    frame = read(sweep)
    assert list(frame.columns) == HEADER.split(",")
    assert frame["run"].tolist() == ["000_a", "001_b", "002_c"]
    assert frame["optimizer.lr"].tolist() == [0.1, 1e30, 0.001]
    assert frame["seed"].tolist() == [0, 1, 2] and frame["seed"].dtype.kind == "i"
    assert frame["val/loss"][0] == 0.1 + 0.2 and math.isnan(frame["val/loss"][1])
    assert frame["model.hidden"].tolist() == ["[64,64]", "[64]", "[64]"]
    assert frame["optimizer.nesterov"][0] is True and frame["optimizer.nesterov"][1] is None
    assert frame["error"][2] == 'ValueError: "two"\nlines'


@pytest.mark.parametrize("cells", [["2024_01", "2024_02"], ["007", "010"], ["1E5", "1E6"], ["1_0", "null"]])
def test_text_that_only_looks_like_a_number_stays_text(cells):
    assert typed(cells) == [None if cell == "null" else cell for cell in cells]


def test_numbers_are_known_however_the_program_writes_them():
    cells = ["0.1", "1e-05", "1e+30", "-3.5", "12345678", "0.30000000000000004", "nan", "null"]
    assert typed(cells)[:6] == [0.1, 1e-5, 1e30, -3.5, 12345678, 0.1 + 0.2]
    assert all(map(math.isnan, typed(cells)[6:])) and typed(["3", "-1"]) == [3, -1]


def test_what_is_being_written_is_left_out(sweep):
    path = sweep / "results.csv"
    path.write_text(path.read_text() + "003_d,compl")
    assert len(read(sweep)) == 3
    path.write_text(path.read_text() + 'eted,sgd,1,[1],,3,1,1,1.0,1.0,"text\nunfinished')
    assert len(read(sweep)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEADER}\n{ROWS[0]}\n001_b,completed\n", "line 3: 2 cells, the header has 12"),
        (f'{HEADER}\n000_a,"comp"leted\n', "line 2"),
        ("a,b\n1,2\n", "line 1: the header is not"),
        ("", "line 1: it is empty"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, text, message):
    (tmp_path / "sweep.yaml").touch()
    (tmp_path / "results.csv").write_text(text)
    with pytest.raises(RunError, match=message) as raised:
        runner.results(tmp_path)
    assert f"runner resume {tmp_path}" in str(raised.value)


def test_bytes_that_are_no_text_are_named_with_their_line(sweep):
    path = sweep / "results.csv"
    path.write_bytes(path.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(RunError, match=r"results\.csv: line 6: .*can't decode"):
        runner.results(sweep)


def test_the_table_of_folds_is_not_a_sweeps(tmp_path):
    (tmp_path / "results.csv").write_text("run,status,best_epoch,val/loss,seconds,reason\n")
    with pytest.raises(RunError, match="no finished run"):
        runner.results(tmp_path)


def test_curves_of_a_sweep_are_all_runs_one_below_the_other(tmp_path):
    for name, text in (("000_a", "epoch,val/loss\n0,0.5\n1,0.25\n"), ("001_b", "epoch,lr\n0,0.1\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.csv").write_text(text)
    frame = runner.curves(tmp_path)
    assert list(frame.columns) == ["run", "epoch", "val/loss", "lr"]
    assert frame["run"].tolist() == ["000_a", "000_a", "001_b"]
    assert frame["epoch"].tolist() == [0, 1, 0]
    assert frame["val/loss"].tolist()[:2] == [0.5, 0.25] and math.isnan(frame["val/loss"][2])


def test_steps_are_a_table_of_their_own_with_objective_and_rate(tmp_path):
    """The objective of an epoch is the mean of its steps by their examples; the rate is that of the schedule."""
    keys = ["dataset.train_size=200", "model.hidden=[4]", "trainer.epochs=3", "trainer.log_every_steps=1"]
    (outcome,) = runner.train([[*keys, "scheduler=cosine", "scheduler.unit=steps", "early_stopping=none"]], tmp_path)
    steps, epochs = runner.curves(outcome.folder, steps=True), runner.curves(outcome.folder)
    assert steps["step"].tolist() == list(range(1, 22))
    sizes = np.array([32] * 6 + [8])
    means = (steps["loss"].to_numpy().reshape(3, 7) * sizes).sum(1) / 200
    np.testing.assert_allclose(means, epochs["train/objective"][1:], rtol=1e-12)
    np.testing.assert_allclose(steps["lr"], 1e-3 * (1 + np.cos(np.pi * np.arange(21) / 21)) / 2, rtol=1e-12)
    assert epochs["lr"].tolist()[1:] == steps["lr"].tolist()[6::7]


def test_runs_that_log_no_steps_have_no_table_of_them(tmp_path):
    (outcome,) = runner.train([["dataset.train_size=200", "model.hidden=[4]", "trainer.epochs=1"]], tmp_path)
    assert not (outcome.folder / "steps.csv").exists()
    with pytest.raises(RunError, match=r"steps\.csv"):
        runner.curves(outcome.folder, steps=True)
