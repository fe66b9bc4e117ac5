"""`runner nested`: a search for each outer fold, its winner trained on all other rows, and what that reaches there."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score

import runner
from runner.cli import main
from runner.commands import claim
from runner.commands.nested import carry_on
from runner.data.prepare import prepare
from runner.errors import RunError
from runner.execution.stored import read_config
from runner.reports.nested import Chosen, Nested, agreement, outer_spread
from runner.reports.runs import read_sweep
from runner.training.loop import Interrupted

WORDS = [
    "dataset=wine",
    "dataset.folds=2",
    "model.hidden=[4]",
    "optimizer.lr=1e-4,0.05",
    "trainer.epochs=4",
    "trainer.progress=false",
    "hydra.launcher.executor=serial",
]
OUTER = 3


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nested") / "wine"
    assert main(["nested", *WORDS, "--outer", str(OUTER), f"hydra.sweep.dir={folder}"]) == 0
    return folder


def table(folder):
    with (folder / "nested.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def runs_of(folder):
    return [row for row in read_sweep(folder).rows if row.finished]


def test_there_are_as_many_fits_on_as_many_rows_as_scikit_learn_makes(root):
    fits = []

    class Counted(LogisticRegression):
        def fit(self, x, y, sample_weight=None):
            fits.append(len(y))
            return super().fit(x, y, sample_weight)

    x, y = load_wine(return_X_y=True)
    inner, outer = (StratifiedKFold(k, shuffle=True, random_state=0) for k in (2, OUTER))
    search = GridSearchCV(Counted(max_iter=5), {"C": [0.1, 1.0]}, cv=inner)
    scores = cross_val_score(search, x, y, cv=outer, error_score="raise")
    ours = []
    for k in range(OUTER):
        ours += [prepare(read_config(row.folder)) for row in runs_of(root / f"outer={k}")]
    ours += [prepare(read_config(row.folder)) for row in runs_of(root / "refit")]
    assert sorted(len(data.train) for data in ours) == sorted(fits) and len(scores) == len(table(root))
    tests = [prepare(read_config(row.folder)).test for row in runs_of(root / "refit")]
    assert np.array_equal(np.sort(np.concatenate(tests)), np.arange(len(y)))


def test_no_search_saw_the_rows_that_judge_it(root):
    for k, refit in enumerate(sorted(runs_of(root / "refit"), key=lambda row: row.setting("dataset.test_fold"))):
        judged = set(prepare(read_config(refit.folder)).test)
        assert refit.setting("dataset.test_fold") == str(k)
        for row in runs_of(root / f"outer={k}"):
            data = prepare(read_config(row.folder))
            assert not judged & {*data.train, *data.val} and set(data.test) == judged


def test_the_table_names_what_each_fold_chose_and_what_it_reached(root):
    for k, line in enumerate(table(root)):
        found = runner.results(root / f"outer={k}").groupby("optimizer.lr")["val/loss"].mean()
        assert float(line["optimizer.lr"]) == found.idxmin() and float(line["inner val/loss"]) == pytest.approx(
            found.min()
        )
        (row,) = [row for row in runs_of(root / "refit") if row.setting("dataset.test_fold") == str(k)]
        settings = read_config(row.folder)
        assert float(line["test/loss"]) == row.metrics["test/loss"] and settings.optimizer.lr == found.idxmin()
        assert settings.trainer.epochs == int(line["epochs"]) and settings.dataset.val_fraction == 0


def test_the_interval_allows_for_rows_that_outer_folds_share():
    values = [0.8, 0.9, 0.7, 0.85, 0.75]
    found = outer_spread(values, 5)
    deviation = np.std(values, ddof=1) * math.sqrt(1 / 5 + 1 / 4)  # Nadeau & Bengio: test rows / training rows = 1 / 4
    assert found.mean == pytest.approx(0.8) and found.half == pytest.approx(2.7764451 * deviation, rel=1e-6)


def test_what_folds_agree_on_is_counted_and_numbers_that_differ_are_a_range():
    chosen = [
        {"optimizer": rule, "optimizer.lr": lr} for rule, lr in (("sgd", "0.1"), ("adam", "0.02"), ("sgd", "0.3"))
    ]
    found = agreement([Chosen(i, "", keys, "val/loss", False, 0.5, []) for i, keys in enumerate(chosen)])
    assert found == ["Chosen in 3 folds, most often: optimizer=sgd in 2, optimizer.lr=0.02 to 0.3."]


def test_what_was_stopped_goes_on_and_ends_with_the_same_table(root, tmp_path, monkeypatch, capsys):
    folder, train, calls = tmp_path / "again", claim.train, []

    def stopped(words, where):
        calls.append(where)
        if len(calls) == 2:
            raise Interrupted("interrupted")
        train(words, where)

    monkeypatch.setattr(claim, "train", stopped)
    assert main(["nested", *WORDS, "--outer", str(OUTER), f"hydra.sweep.dir={folder}"]) == 130
    assert f"Continue with: runner resume {folder}" in capsys.readouterr().err
    monkeypatch.setattr(claim, "train", train)
    first = (folder / "outer=0" / "results.csv").read_bytes()
    assert main(["resume", str(folder)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 outer folds, each the test of a search of its own:") and "over 3 outer folds" in said
    assert (folder / "nested.csv").read_bytes() == (root / "nested.csv").read_bytes()
    assert (folder / "outer=0" / "results.csv").read_bytes() == first
    assert carry_on(Nested.read(folder)) == 0 and len(list(folder.iterdir())) == OUTER + 3


@pytest.mark.parametrize(
    "words, said",
    [
        (["dataset=wine", "dataset.test_fraction=0.2"], "each outer fold is once the test; use --outer K"),
        (["dataset=wine,iris"], "makes several problems, each with a winner of its own; search for one at a time"),
        (["dataset=wine", "optimzer.lr=1,2"], "unknown key; did you mean optimizer.lr?"),
        (["dataset=wine", "--outer", "50", "optimizer.lr=1,2"], "Use at most dataset.test_folds=48"),
        (["dataset=wine", "--outer", "1"], "must be >= 2; each fold is once the test"),
    ],
)
def test_what_cannot_be_nested_is_refused_and_leaves_nothing(tmp_path, capsys, words, said):
    try:
        code = main(["nested", *words, f"hydra.sweep.dir={tmp_path / 'n'}"])
    except SystemExit as error:  # argparse's
        code = error.code
    assert code == 2 and said in capsys.readouterr().err and not (tmp_path / "n").exists()


def test_a_dry_run_shows_the_search_of_one_outer_fold_and_trains_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["nested", *WORDS, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("5 outer folds, each the test of a search") and "4 runs" in said
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_something_and_a_damaged_record_are_refused(root, tmp_path, capsys):
    assert main(["nested", *WORDS, f"hydra.sweep.dir={root}"]) == 2
    assert f"runner resume {root}" in capsys.readouterr().err
    Path(tmp_path / "nested.json").write_text('{"words": 3}')
    with pytest.raises(RunError, match="damaged or edited"):
        Nested.read(tmp_path)
