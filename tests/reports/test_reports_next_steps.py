"""What a report suggests to type next: more seeds for the settings that may be the best, by their values."""

import json
import shlex

from made_sweeps import grid, make_sweep

from runner.records.checksums import write_summary
from runner.records.summary import read_summary
from runner.reports.next_steps import next_commands
from runner.reports.report_text import closing, heading
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections


def section_of(folder):
    (found,) = make_sections(read_sources(folder))
    return found


def suggested(folder):
    """The words of each command that a report suggests."""
    return [shlex.split(command)[1:] for command in next_commands(*make_sections(read_sources(folder)))]


def test_more_seeds_are_suggested_for_drawn_settings_by_their_values(tmp_path):
    drawn = [(0.011, 0.1, 0.4), (0.02, 0.3, 0.2), (0.5, 0.25, 0.3)]
    runs = [({"optimizer.lr": lr, "regularizer.dropout": p, "dataset.split_seed": 7}, loss) for lr, p, loss in drawn]
    folder = make_sweep(tmp_path / "it's", runs, ["optimizer.lr=interval(0,1)"])
    (words,) = suggested(folder)
    place = str(folder).replace("'", "\\'")
    zipped = "hydra.sweeper.zip=[[optimizer.lr,regularizer.dropout]]"
    values = ["optimizer.lr=0.02,0.5,0.011", "regularizer.dropout=0.3,0.25,0.1", zipped]
    assert words == ["-m", *values, "dataset.split_seed=7", "seeds=5", f"hydra.sweep.dir='{place}'", "--extend"]


def test_more_seeds_for_a_grid_are_a_grid_and_settings_of_other_choices_another_command(tmp_path):
    runs = [({"optimizer.lr": lr, "model.hidden": h}, lr + h[0]) for lr in (0.1, 0.2) for h in ([4], [8, 2])]
    (words,) = suggested(make_sweep(tmp_path / "grid", runs))
    assert words[1:3] == ["model.hidden=[4],[8,2]", "optimizer.lr=0.1,0.2"] and "zip" not in " ".join(words)
    runs = [({"optimizer": "sgd", "optimizer.momentum": m}, m) for m in (0.1, 0.5)]
    found = suggested(make_sweep(tmp_path / "rules", [*runs, ({"optimizer": "adam"}, 0.3)]))
    assert [words[1:-3] for words in found] == [["optimizer=sgd", "optimizer.momentum=0.1,0.5"], ["optimizer=adam"]]


def test_what_cannot_be_the_best_gets_no_more_seeds_and_the_launcher_stays(tmp_path):
    runs = grid({0.1: [0.30, 0.31, 0.32, 0.33], 0.2: [0.31, 0.30, 0.33, 0.32], 0.3: [5.0, 5.1, 5.2, 5.3]})
    folder = make_sweep(tmp_path / "s", runs)
    about = ["hydra.launcher.workers=1", "hydra/sweeper=random", "hydra.sweep.dir=old", "hydra.mode=MULTIRUN"]
    (folder / "multirun.yaml").write_text(f"hydra:\n  overrides:\n    hydra: {json.dumps(about)}\n")
    (words,) = suggested(folder)
    place = ["hydra.launcher.workers=1", f"hydra.sweep.dir={folder}", "--extend"]
    assert words == ["-m", "optimizer.lr=0.1,0.2", "seeds=5", *place]


def test_a_sweep_whose_list_cannot_be_read_is_not_said_to_be_extended(tmp_path):
    folder = make_sweep(tmp_path / "s", grid({0.1: [0.1], 0.2: [0.2]}))
    assert "--extend" in suggested(folder)[0]
    listed = (folder / "sweep.yaml").read_text()
    for other in (listed.replace("format: 1", "format: 2"), listed[:-20]):
        (folder / "sweep.yaml").write_text(other)
        assert suggested(folder) == []


def test_runs_over_folds_get_more_seeds_with_all_their_folds(tmp_path):
    runs = [({"dataset.folds": 3, "dataset.fold": f, "optimizer.lr": lr}, lr) for lr in (0.1, 0.2) for f in range(3)]
    (words,) = suggested(make_sweep(tmp_path / "all", runs))
    assert words[1:3] == ["dataset.folds=3", "optimizer.lr=0.1,0.2"] and "dataset.fold=" not in " ".join(words)
    (words,) = suggested(make_sweep(tmp_path / "some", [run for run in runs if run[0]["dataset.fold"] < 2]))
    assert "dataset.fold=0,1" in words


def test_settings_that_are_left_out_of_the_commands_are_counted(tmp_path):
    twelve = section_of(make_sweep(tmp_path / "s", grid({lr / 100: [lr / 10] for lr in range(1, 13)})))
    title, command = closing(twelve)[-2:]
    assert title == "next: (for the first 10 of 12 settings that may be the best)"
    assert "optimizer.lr=0.01,0.02,0.03,0.04,0.05,0.06,0.07,0.08,0.09,0.1" in shlex.split(command)
    assert closing(section_of(make_sweep(tmp_path / "t", grid({0.1: [0.1], 0.2: [0.2]}))))[-2] == "next:"


def test_as_long_as_runs_are_missing_only_resuming_is_suggested(tmp_path):
    ends = {0.1: [0.1, 0.2, 0.3], 0.2: [0.15, 0.25]}
    whole = section_of(make_sweep(tmp_path / "whole", grid(ends)))
    assert len(next_commands(whole)) == 1
    folder = make_sweep(tmp_path / "s", grid(ends))
    for name in ("001_lr=0.1_seed=1", "004_lr=0.2_seed=1"):
        write_summary(folder / name, read_summary(folder / name), {"metrics.csv": "0" * 64})
    damaged = section_of(folder)
    lines = [*heading(damaged), *closing(damaged)]
    assert lines[0] == "2 settings, 5 runs: 3 finished, 2 damaged"
    assert lines[-2:] == ["2 runs are damaged:", f"  runner resume {folder}"]
    (note,) = [line for line in lines if "damaged, left out" in line]
    assert "001_lr=0.1_seed=1/metrics.csv: does not" in note and "004_lr=0.2_seed=1/metrics.csv: does not" in note
    (folder / "000_lr=0.1_seed=0" / "summary.json").unlink()
    assert "2 runs are damaged, 1 run has not ended:" in closing(section_of(folder))


def test_more_seeds_for_settings_whose_initializations_read_other_keys_name_them_all(tmp_path):
    runs = [({"model.init": "he"}, 0.1), ({"model.init": "normal", "model.init_sd": 0.3}, 0.2)]
    (words,) = suggested(make_sweep(tmp_path / "inits", [(given, loss) for given, loss in runs]))
    assert "model.init=he,normal" in words and "model.init_sd=0.01,0.3" in words
    assert "hydra.sweeper.zip=[[model.init,model.init_sd]]" in words
