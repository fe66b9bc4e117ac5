"""`runner repeat DIR --winner`: the best of many, with fresh seeds on fresh splits."""

import json

import pytest

from runner.cli import main
from runner.errors import ConfigError, RunError
from runner.execution.configurations import read
from runner.reports.runs import read_sources, read_sweep
from runner.reports.searches.fresh import fresh_lines, optimism, repeated
from runner.reports.sections import make_sections
from runner.reports.statistics import Spread

WORDS = [
    "-m",
    "dataset=iris",
    "model.hidden=[4]",
    "optimizer.lr=1e-4,0.05",
    "seed=0,1",
    "trainer.epochs=3",
    "trainer.progress=false",
    "hydra.launcher.executor=serial",
]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("winner") / "search"
    assert main([*WORDS, f"hydra.sweep.dir={folder}"]) == 0
    return folder


def section(folder):
    (found,) = make_sections(read_sources(folder))
    return found


def test_the_winner_meets_seeds_and_splits_that_the_search_has_not(sweep, tmp_path, capsys):
    capsys.readouterr()
    folder = tmp_path / "fresh"
    assert main(["repeat", str(sweep), "--winner", "--times", "3", f"hydra.sweep.dir={folder}"]) == 0
    said = capsys.readouterr().out
    rows = read_sweep(folder).rows
    assert [(row.setting("seed"), row.setting("dataset.split_seed")) for row in rows] == [
        ("2", "1"),
        ("3", "2"),
        ("4", "3"),
    ]
    assert {row.setting("optimizer.lr") for row in rows} == {"0.05"}
    won, fresh = (section(each).settings[0].spread("val/loss").mean for each in (sweep, folder))
    assert json.loads((folder / "winner.json").read_text())["value"] == won
    (line,) = fresh_lines(section(folder))
    assert "the best of 2; fresh it is" in line and "(3 splits)" in line and line in said
    assert ("not too optimistic" in line) == (won >= fresh)
    assert main(["report", str(folder)]) == 0 and line in capsys.readouterr().out
    (folder / "winner.json").write_text("{}")
    with pytest.raises(RunError, match=r"winner.json: damaged or edited"):
        fresh_lines(section(folder))


@pytest.mark.parametrize(
    ("better", "sd", "n", "said"),
    [
        (-0.1, 0.1, 5, "The search was not too optimistic."),
        (0.05, 0.1, 5, "was better by 0.050, within the interval of the fresh mean."),
        (0.3, 0.1, 5, "too optimistic by 0.30, more than the interval of the fresh mean."),
        (0.3, 0.1, 2, "was better by 0.30; with 2 no interval can be given."),
    ],
)
def test_optimism_is_said_with_what_it_is_measured_by(better, sd, n, said):
    assert optimism(better, Spread(1.0, sd, n)).endswith(said)


def test_folds_are_dealt_anew_and_ensembles_have_no_member_in_common():
    folds = [read({"dataset.folds": 3, "dataset.fold": k}) for k in range(3)]
    made = repeated(folds, (4, 7), 2)
    assert [(s.seed, s.dataset.split_seed, s.dataset.fold) for s in made] == [
        (5, 8, 0), (5, 8, 1), (5, 8, 2), (6, 9, 0), (6, 9, 1), (6, 9, 2)
    ]  # fmt: skip
    deep = repeated([read({"ensemble.name": "deep", "ensemble.size": 4})], (0, 0), 2)
    assert [s.seed for s in deep] == [4, 8]


def test_a_split_that_no_seed_decides_stays_and_only_seeds_are_fresh():
    whole = read({"dataset.val_fraction": 0, "dataset.test_fraction": 0, "early_stopping.monitor": "train/loss"})
    assert [(s.seed, s.dataset.split_seed) for s in repeated([whole], (0, 0), 2)] == [(1, 0), (2, 0)]


@pytest.mark.parametrize(
    "words, said",
    [
        (["--times", "3"], "--times: is about the best setting of a sweep; add --winner, or leave it out"),
        (["--winner", "trainer.epochs=9"], "--winner trains the best setting as it is; leave out one of the two"),
        (["--winner", "--where", "lr=7"], "no setting has that"),
        (["--winner", "--metric", "val/los"], "did you mean val/loss?"),
    ],
)
def test_what_makes_no_sense_is_refused(sweep, tmp_path, capsys, words, said):
    assert main(["repeat", str(sweep), *words, f"hydra.sweep.dir={tmp_path / 'x'}"]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "x").exists()


def test_one_run_and_several_problems_have_no_winner(sweep, tmp_path, capsys):
    (one, *_) = read_sweep(sweep).rows
    assert main(["repeat", str(one.folder), "--winner"]) == 2
    assert "is one run; a sweep has a winner" in capsys.readouterr().err
    from runner.reports.searches.fresh import fresh

    with pytest.raises(ConfigError, match=r"2 problems, each with a winner of its own.*--where KEY=VALUE"):
        fresh([section(sweep), section(sweep)], sweep, 1)
