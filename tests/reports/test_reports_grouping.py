"""Settings that are the same run are one row under the names of all; what never acted is marked."""

import csv
import math

from made_sweeps import make_sweep

from runner.cli import main
from runner.execution.configurations import read
from runner.execution.start import start
from runner.reports.grouping import group
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections

ENDS = (0.1, 0.3, 0.2, 0.25)


def runs(optimizers, seeds=range(3), **more):
    return [({"optimizer": name, "seed": s, **more}, ENDS[s]) for name in optimizers for s in seeds]


def settings(folder):
    return [(s.keys["optimizer"], [row.setting("seed") for row in s.rows]) for s in group(read_sources(folder))]


def test_adam_and_adamw_without_decay_are_one_row(tmp_path):
    folder = make_sweep(tmp_path / "s", runs(["adamw", "sgd", "adam"]))
    assert settings(folder) == [("adamw = adam", ["0", "1", "2"]), ("sgd", ["0", "1", "2"])]


def test_with_decay_they_are_two(tmp_path):
    folder = make_sweep(tmp_path / "s", runs(["adamw", "adam"], **{"optimizer.weight_decay": 0.1}))
    assert settings(folder) == [("adamw", ["0", "1", "2"]), ("adam", ["0", "1", "2"])]


def test_no_seed_counts_twice_and_none_is_lost(tmp_path):
    """Grown in turns: each has seeds that the other has copied, and some of its own."""
    grown = runs(["adam"], [0, 1]) + runs(["adamw"], [0, 1, 2]) + runs(["adam"], [2, 3])
    folder = make_sweep(tmp_path / "s", grown)
    with (folder / "results.csv").open(newline="") as file:
        assert [bool(row["same_as"]) for row in csv.DictReader(file)] == [False, False, True, True, False, True, False]
    assert settings(folder) == [("adam = adamw", ["0", "1", "2", "3"])]
    (section,) = make_sections(read_sources(folder))
    spread = section.settings[0].spread("val/loss")
    assert spread.n == 4 and math.isclose(spread.mean, sum(ENDS) / 4, rel_tol=1e-12)
    deviation = math.sqrt(sum((x - sum(ENDS) / 4) ** 2 for x in ENDS) / 3)
    assert math.isclose(spread.sd, deviation, rel_tol=1e-12)


def test_a_copy_that_holds_counts_where_the_run_it_repeats_is_damaged(tmp_path):
    folder = make_sweep(tmp_path / "s", runs(["adam", "adamw"]))
    (damaged,) = folder.glob("001_*")
    (damaged / "summary.json").write_text("{}")
    (found,) = group(read_sources(folder))
    assert [row.setting("optimizer") for row in found.rows] == ["adam", "adamw", "adam"]
    assert found.spread("val/loss").n == 3 and damaged not in [row.folder for row in found.finished]


def test_names_of_several_keys(tmp_path):
    key = "regularizer.elastic_net.l1_ratio"
    same = [({"optimizer": name, key: share, "seed": 0}, 0.1) for name in ("adam", "adamw") for share in (0.1, 0.9)]
    (found,) = group(read_sources(make_sweep(tmp_path / "s", [*same, ({"optimizer": "adam", "seed": 0}, 0.1)])))
    assert (found.keys["optimizer"], found.keys[key]) == ("adam = adamw", "0.1 = 0.9 = 0.5")
    assert len(found.rows) == 1


def test_every_form_of_a_report_takes_the_names(tmp_path, capsys):
    folder = make_sweep(tmp_path / "s", runs(["adamw", "sgd", "adam"], **{"optimizer.lr": 0.1}))
    assert main(["report", str(folder), "--csv", str(tmp_path / "t.csv"), "--html", str(tmp_path / "t.html")]) == 0
    out = capsys.readouterr().out
    assert "2 settings, 6 runs: 6 finished" in out and "adamw = adam" in out
    assert "adamw = adam" in (tmp_path / "t.html").read_text()
    with (tmp_path / "t.csv").open(newline="") as file:
        assert [(row["optimizer"], row["runs"]) for row in csv.DictReader(file)] == [
            ("adamw = adam", "3"),
            ("sgd", "3"),
        ]
    assert main(["best", str(folder)]) == 0
    assert "optimizer=adamw seed=0" in capsys.readouterr().out


def test_what_had_no_effect_is_not_reported_as_if_it_had(tmp_path):
    def ended(loss, *without):
        return {"val": {"loss": loss}, "without_effect": list(without)}

    swa = [({"averaging": "swa", "optimizer.lr": lr, "seed": s}, None) for lr in (0.1, 0.2) for s in (0, 1)]
    outcomes = [ended(0.1, "averaging"), ended(0.2, "averaging"), ended(0.1, "averaging"), ended(0.2)]
    folder = make_sweep(tmp_path / "s", [(given, end) for (given, _), end in zip(swa, outcomes, strict=True)])
    found = [setting.keys["averaging"] for setting in group(read_sources(folder))]
    assert found == ["swa (no effect)", "swa (no effect in 1 of 2 runs)"]


def test_runs_that_belong_to_no_sweep_are_told_apart_by_the_same_rule(tmp_path):
    for name in ("adam", "adamw", "sgd"):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        changes = {"dataset": "two_moons", "dataset.n": 60, "model.hidden": [2], "trainer.epochs": 1}
        start(read(changes | {"optimizer": name, "trainer.figures": False}), folder)
    assert settings(tmp_path / "runs") == [("adam = adamw", ["0"]), ("sgd", ["0"])]
