"""What was recorded is enough to report: choices and metrics whose classes are not installed any more."""

import pytest
from made_sweeps import make_sweep

import runner
from runner.cli import main
from runner.config import choices, compact
from runner.errors import ConfigError
from runner.reports.shown import choose

OLD = {"optimizer": "lion", "scheduler": "cosine", "dataset": "two_moons", "loss": "binary_cross_entropy"}
GONE = [("optimizer", "lion"), ("scheduler", "cosine"), ("dataset", "two_moons"), ("loss", "binary_cross_entropy")]


@pytest.fixture
def remove(monkeypatch):
    """Takes entries out of the registry, as if their modules were not installed; they are back after the test."""

    def taken_out(*gone):
        for group, name in gone:
            choices.entries(group)
            monkeypatch.delitem(choices._ENTRIES[group], name)
        compact.defaults.cache_clear()

    yield taken_out
    monkeypatch.undo()
    compact.defaults.cache_clear()


def reached(loss, other="accuracy"):
    return {"val": {"loss": loss, other: loss}, "test": {"loss": loss}}


def says(capsys, *words):
    assert main([str(word) for word in words]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_a_sweep_is_reported_as_before(tmp_path, capsys, remove):
    runs = [({**OLD, "optimizer.lr": lr, "seed": s}, reached(lr + s / 100)) for lr in (0.1, 0.2) for s in (0, 1, 2)]
    sweep = make_sweep(tmp_path / "s", [*runs, ({**OLD, "optimizer.lr": 0.2, "seed": 7}, None)])
    table = tmp_path / "table.csv"
    before = [says(capsys, "report", sweep), says(capsys, "best", sweep), runner.results(sweep)]
    remove(*GONE)
    after = says(capsys, "report", sweep, "--csv", table, "--html", tmp_path / "p.html")
    assert after.startswith(before[0].partition("next:")[0])  # commands that would train are left out
    assert "two_moons" in table.read_text() and "lr=0.1" in (tmp_path / "p.html").read_text()
    assert runner.results(sweep).equals(before[2])
    assert ["optimizer.lr", "0.1"] in [line.split()[:2] for line in says(capsys, "best", sweep).splitlines()]
    assert main(["resume", str(sweep)]) == 2  # training needs the class
    said = capsys.readouterr().err
    assert "optimizer = lion: unknown choice" in said and "damaged" not in said


def test_single_runs_are_reported_by_all_that_their_choice_had_set(tmp_path, capsys, remove):
    config = OLD | {"trainer.epochs": 1, "trainer.histograms": 0, "optimizer.beta1": 0.8}
    (old, _) = runner.train([config, {"trainer.epochs": 1, "trainer.histograms": 0}], tmp_path)
    remove(*GONE)
    said = says(capsys, "report", tmp_path)
    assert "optimizer=lion" in said and "beta1=0.8" in said
    frame = runner.results(tmp_path).set_index("status")
    assert frame["optimizer"].tolist() == ["lion", "adamw"] and frame["optimizer.beta1"].tolist() == [0.8, 0.9]
    assert frame["trainer.epochs"].tolist() == [1, 1] and "dataset.split_seed" not in frame  # as all choices have it
    assert "optimizer" in says(capsys, "best", tmp_path) and len(runner.curves(tmp_path)) == 4
    assert runner.load(old.folder).predict([[0.0, 0.0]]).shape == (1,)
    with pytest.raises(ConfigError, match="optimizer = lion: unknown choice"):
        _ = runner.load(old.folder).settings


def test_a_metric_that_is_not_known_ranks_only_if_runs_say_what_is_better(tmp_path, capsys, remove):
    f1 = {"early_stopping.monitor": "val/f1", "trainer.metrics": ["f1"]}
    silent = make_sweep(tmp_path / "a", [({**f1, "seed": s}, reached(0.1 + s, "f1")) for s in range(3)])
    says_max = make_sweep(
        tmp_path / "b", [({**f1, "early_stopping.mode": "max", "seed": s}, reached(0.1 + s, "f1")) for s in range(3)]
    )
    many = make_sweep(tmp_path / "c", [({**f1, "seed": s}, reached(0.1 + s, "f1")) for s in range(13)])
    remove(("metric", "f1"))
    assert "note: val/f1: no metric of this version of runner; ranked by val/loss" in says(capsys, "report", silent)
    out = says(capsys, "best", says_max)
    assert "one setting by val/f1" in out and "best run (val/f1 2.1" in out
    assert main(["report", str(silent), "--metric", "val/f1"]) == 1
    assert "it is unknown whether larger is better" in capsys.readouterr().err
    for run in many.iterdir():
        if run.is_dir():
            (run / "events.out.tfevents.0.runner").touch()
    shown = choose(many)
    assert shown and shown.said == ["c: the best 10 of 13 runs by val/loss"]
