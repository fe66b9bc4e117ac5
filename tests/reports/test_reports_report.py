"""`runner report`: what is one setting, how settings rank, what the sentence claims, what is said of runs that lack."""

import csv
import math
import re

import numpy as np
import pandas as pd
import pytest
from made_sweeps import grid, make_sweep

import runner
from runner.cli import main
from runner.execution import start
from runner.execution.configurations import read
from runner.execution.stored import write_config
from runner.reports.answer import answer
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections

CLEAR = {0.01: [0.10, 0.12, 0.11, 0.09, 0.13], 0.1: [0.30, 0.32, 0.32, 0.29, 0.33], 0.5: [0.40, 0.43, 0.41, 0.4, 0.42]}
NOISE = {0.01: [0.10, 0.32, 0.21, 0.19, 0.13], 0.1: [0.21, 0.12, 0.32, 0.29, 0.13]}


def section(folder, metric=None):
    (found,) = make_sections(read_sources(folder), metric)
    return found


def report(capsys, *words):
    code = main(["report", *map(str, words)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_row_a_setting_with_mean_interval_and_count(tmp_path, capsys):
    make_sweep(tmp_path / "s", grid(CLEAR, **{"trainer.epochs": 7}))
    code, out, _ = report(capsys, tmp_path / "s")
    assert code == 0
    assert "3 settings, 15 runs: 15 finished" in out and "all: trainer.epochs=7" in out
    rows = [line.split() for line in out.splitlines() if re.match(r"\d ", line) and " settings" not in line]
    assert [row[1] for row in rows] == ["0.01", "0.1", "0.5"]
    frame = runner.results(tmp_path / "s")
    for row in rows:
        values = frame[frame["optimizer.lr"] == float(row[1])]["val/loss"]
        assert float(row[2]) == pytest.approx(values.mean(), abs=6e-4)
        assert float(row[4]) == pytest.approx(2.776 * values.std() / math.sqrt(5), abs=6e-4)
        assert float(row[5]) == pytest.approx(values.std(), abs=6e-4)
        assert row[6] == "5"


def test_a_clear_winner_is_claimed_and_noise_is_not(tmp_path):
    found = answer(section(make_sweep(tmp_path / "clear", grid(CLEAR))))
    assert found.startswith("Best: lr=0.01, val/loss 0.110 ± 0.020 (95% interval over 5 seeds, on this split).")
    assert "beats the runner-up (lr=0.1) by 0.20, more than noise (paired t test over 5 shared seeds, p" in found
    assert "corrected (Holm) for having picked the best of 3" in found
    found = answer(section(make_sweep(tmp_path / "noise", grid(NOISE))))
    assert "within noise (paired t test over 5 shared seeds, p = " in found


def test_the_direction_is_the_metrics(tmp_path):
    folder = make_sweep(tmp_path / "s", grid({0.01: [0.1, 0.2], 0.1: [0.3, 0.4]}))  # accuracy = 1 - loss
    for metric, maximize in (("val/accuracy", True), ("val/loss", False), ("test/loss", False)):
        found = section(folder, metric)
        assert found.maximize is maximize
        assert [s.keys["optimizer.lr"] for s in found.settings] == ["0.01", "0.1"]


def test_complete_settings_rank_before_those_that_lack_runs_and_diverged_ones_last(tmp_path, capsys):
    ends = {0.1: [0.5, 0.6], 0.2: [0.1, None], 0.3: [0.2, "failed"], 0.4: [0.01, "diverged"], 0.5: [None, None]}
    folder = make_sweep(tmp_path / "s", grid(ends))
    assert [s.keys["optimizer.lr"] for s in section(folder).settings] == ["0.1", "0.2", "0.3", "0.4", "0.5"]
    code, out, _ = report(capsys, folder)
    assert code == 0
    assert "5 settings, 10 runs: 5 finished, 1 diverged, 1 failed, 3 not ended" in out
    assert sum(" 1/2 " in line for line in out.splitlines()) == 3
    assert "1 run diverged, of 1 setting, ranked last:\n  lr=0.4: 1 of 2" in out
    assert f"  005_lr=0.3_seed=1: failed: because\n    tail -n 30 {folder}/005_lr=0.3_seed=1/train.log" in out
    assert f"3 runs have not ended:\n  runner resume {folder}" in out


def test_one_seed_cannot_tell_and_the_command_with_five_is_given(tmp_path, capsys):
    folder = make_sweep(tmp_path / "s", grid({0.01: [0.2], 0.1: [0.3]}, **{"model.hidden": [8, 8]}))
    _, out, _ = report(capsys, folder)
    assert "One seed cannot tell whether it is better than the runner-up (lr=0.1) or luckier." in out
    again = f"  runner -m 'model.hidden=[8,8]' optimizer.lr=0.01,0.1 seeds=5 hydra.sweep.dir={folder} --extend"
    assert again in out.splitlines()


def test_the_seeds_of_a_fold_are_averaged_and_folds_are_said_to_share_rows(tmp_path):
    runs = [
        ({"dataset.folds": 3, "dataset.fold": f, "seed": s, "optimizer.lr": lr}, lr + f / 100 + s / 1000 + lr * f / 99)
        for lr in (0.1, 0.2)
        for f in range(3)
        for s in range(2)
    ]
    found = section(make_sweep(tmp_path / "s", runs))
    assert [s.spread("val/loss").n for s in found.settings] == [3, 3]
    said = answer(found)
    assert "over 3 folds, each the mean of 2 seeds)" in said and "paired t test over 3 shared folds, p" in said
    assert "Folds share training rows; the interval and p allow for it (Nadeau & Bengio 2003)." in said
    from scipy import stats

    d = np.array([0.1 + 0.1 * f / 99 for f in range(3)])
    t = d.mean() / (d.std(ddof=1) * math.sqrt(1 / 3 + 1 / 2))
    assert found.comparisons[1].raw == pytest.approx(2 * stats.t.sf(t, 2), rel=1e-6)
    means = [0.1 + f / 100 + 0.0005 + 0.1 * f / 99 for f in range(3)]
    half = stats.t.ppf(0.975, 2) * np.std(means, ddof=1) * math.sqrt(1 / 3 + 1 / 2)
    assert found.settings[0].spread("val/loss").half == pytest.approx(half)


def test_what_no_number_depends_on_tells_no_settings_apart(tmp_path):
    runs = [({"seed": s, "trainer.histograms": s, "name": f"n{s}", "trainer.progress": bool(s)}, 0.1) for s in range(2)]
    assert len(section(make_sweep(tmp_path / "s", runs)).settings) == 1


def test_mixed_monitors_are_said(tmp_path, capsys):
    runs = [*grid(CLEAR), ({"early_stopping.monitor": "val/accuracy", "seed": 0}, 0.5)]
    _, out, _ = report(capsys, make_sweep(tmp_path / "s", runs))
    assert "runs monitor different metrics: val/loss (15), val/accuracy (1); ranked by val/loss" in out


@pytest.mark.parametrize(
    ("key", "values"), [("loss", ("cross_entropy", "mse")), ("dataset.target_scaling", ("standardize", "log"))]
)
def test_losses_of_different_kinds_are_said_not_to_compare(tmp_path, capsys, key, values):
    runs = [({key: value, "seed": s}, 0.1) for value in values for s in range(2)]
    _, out, _ = report(capsys, make_sweep(tmp_path / "s", runs))
    assert "each setting's own loss, which does not compare: --metric val/accuracy does" in out


def test_several_sweeps_are_one_table_that_says_what_differs(tmp_path, capsys):
    make_sweep(tmp_path / "one", grid(CLEAR, **{"trainer.epochs": 3}))
    make_sweep(tmp_path / "two", grid({0.01: [0.2, 0.2]}, **{"trainer.epochs": 4, "regularizer.l2": 0.5}))
    code, out, _ = report(capsys, tmp_path / "one", tmp_path / "two", tmp_path / "one")
    assert code == 0 and "4 settings, 17 runs" in out
    assert "fixed within each sweep, not between them: regularizer.l2 = 0 in one; 0.5 in two" in out
    assert "trainer.epochs = 3 in one; 4 in two" in out
    header = next(line for line in out.splitlines() if "sweep" in line and "val/loss" in line)
    assert header.split()[:2] == ["lr", "sweep"]
    assert report(capsys, tmp_path)[1] == out  # the folder above them


def test_sweeps_with_different_tasks_are_tables_of_their_own(tmp_path, capsys):
    make_sweep(tmp_path / "classes", grid(CLEAR))
    numbers = [({**g, "dataset": "diabetes"}, {"val": {"loss": e, "r2": 1 - e}}) for g, e in grid(CLEAR)]
    make_sweep(tmp_path / "numbers", numbers, task="regression")
    code, out, _ = report(capsys, tmp_path / "classes", tmp_path / "numbers")
    assert code == 0
    assert "dataset=digits: 3 settings" in out and "dataset=diabetes: 3 settings" in out
    assert out.count("Best: lr=0.01") == 2
    _, out, _ = report(capsys, tmp_path / "classes", tmp_path / "numbers", "--metric", "val/accuracy")
    assert "note: val/accuracy is not recorded here; ranked by val/loss" in out


def test_settings_on_different_data_are_not_tested_against_each_other(tmp_path, capsys):
    runs = [({"dataset": "two_moons", "dataset.noise": n, "seed": s}, n) for n in (0.1, 0.3) for s in range(3)]
    _, out, _ = report(capsys, make_sweep(tmp_path / "s", runs))
    assert "a better value may only mean an easier problem" in out and "runner-up" not in out


def test_csv_holds_every_setting_at_full_precision(tmp_path, capsys):
    make_sweep(tmp_path / "s", grid({0.1: [0.5, 0.25], 0.2: [0.1, None], 0.3: ["diverged"] * 2}))
    _, out, _ = report(capsys, tmp_path / "s", "--csv", tmp_path / "o.csv", "--top", 1)
    assert "(2 more; --top 0 shows all" in out and f"wrote: {tmp_path}/o.csv" in out
    frame = pd.read_csv(tmp_path / "o.csv")
    assert frame["optimizer.lr"].tolist() == [0.1, 0.2, 0.3]
    assert frame["val/loss mean"].tolist()[:2] == [0.375, 0.1] and frame["finished"].tolist() == [2, 1, 0]
    assert frame["diverged"].tolist() == [0, 0, 2]


def test_a_terminal_gets_a_table_of_its_width(tmp_path, monkeypatch, capsys):
    keys = {"model.hidden": [64, 64], "regularizer.dropout": 0.5, "optimizer.weight_decay": 0.125}
    runs = grid(CLEAR) + grid({0.3: [0.5] * 5}, **keys)
    make_sweep(tmp_path / "s", runs)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    _, out, _ = report(capsys, tmp_path / "s")
    table = re.sub(r"\x1b\[[0-9;]*m", "", out[: out.index("Best:")])
    assert max(map(len, table.splitlines()[2:])) <= 60
    assert "lr=0.01" in table and "hidden=64-64" in table and "± 0.0" in table


def test_a_run_alone_gets_an_answer(trained, capsys):
    code, out, _ = report(capsys, trained["digits"].folder)
    assert code == 0 and "1 setting, 1 run: 1 finished" in out and "One seed cannot tell" in out


def test_folders_of_runs_are_read_by_their_summaries(trained, capsys):
    folder = trained["digits"].folder.parent
    code, out, _ = report(capsys, folder)
    assert code == 0
    assert "dataset=digits: 1 setting, 1 run" in out and "dataset.target=sold" in out and "val/r2" in out


def test_one_setting_over_folds_is_said_without_a_test(tmp_path):
    runs = [({"dataset.folds": 4, "dataset.fold": f}, 0.1 + f / 100) for f in range(4)]
    assert answer(section(make_sweep(tmp_path / "s", runs))) == (
        "val/loss 0.115 ± 0.031 (95% interval over 4 folds). Folds share training rows; "
        "the interval allows for it (Nadeau & Bengio 2003)."
    )


def test_a_run_of_a_sweep_is_said_to_be_one(tmp_path, capsys):
    folder = make_sweep(tmp_path / "s", grid({0.1: [None]}))
    run = next(folder.glob("000_*"))
    write_config(read({"optimizer.lr": 0.1}), run)
    _, out, _ = report(capsys, run)
    assert f"one run of a sweep: `runner report {folder}` is about all" in out and "1 not ended" in out


def test_folds_that_have_not_ended_resume_together(tmp_path, capsys):
    """One of them alone would leave the tables of the folds as they were."""
    small = {"dataset": "two_moons", "dataset.n": 60, "trainer.epochs": 1, "model.hidden": [2], "dataset.folds": 3}
    (tmp_path / "r").mkdir()
    folds = [outcome.folder for outcome in start.start(read(small), tmp_path / "r")]
    for count, said in ((1, "1 run has"), (2, "2 runs have")):
        (folds[count] / "summary.json").unlink()
        assert f"{said} not ended:\n  runner resume {tmp_path / 'r'}\n" in report(capsys, tmp_path / "r")[1] + "\n"


def test_runs_that_were_started_together_resume_together(tmp_path, capsys):
    for seed, name in enumerate(("a", "b", "c")):
        (tmp_path / name).mkdir()
        write_config(read({"seed": seed}), tmp_path / name)
    said = report(capsys, tmp_path)[1]
    assert f"3 runs have not ended, such as {tmp_path / 'a'}" in said and "runner resume" not in said
    (tmp_path / "unfinished.json").write_text('{"format": 1, "runs": ["a", "b", "c"]}')  # as earlier versions did
    assert f"3 runs have not ended:\n  runner resume {tmp_path}\n" in report(capsys, tmp_path)[1] + "\n"
    assert f"1 run has not ended:\n  runner resume {tmp_path}\n" in report(capsys, tmp_path / "a")[1] + "\n"


def test_a_table_is_written_in_the_format_of_its_ending(tmp_path, capsys):
    runs = grid(CLEAR, **{"early_stopping.patience": None, "model.hidden": [8, 8]}) + grid(CLEAR)
    make_sweep(tmp_path / "s", runs)
    report(capsys, tmp_path / "s", "--csv", tmp_path / "t.csv")
    report(capsys, tmp_path / "s", "--csv", tmp_path / "t.PARQUET")
    assert (tmp_path / "t.PARQUET").read_bytes()[:4] == b"PAR1"
    rows, table = list(csv.DictReader((tmp_path / "t.csv").open())), pd.read_parquet(tmp_path / "t.PARQUET")
    assert list(rows[0]) == list(table) and table["model.hidden"].tolist() == [row["model.hidden"] for row in rows]
    assert [row["early_stopping.patience"] for row in rows] == ["null", "10"] * 3  # each pair reaches the same
    assert table["early_stopping.patience"].dropna().tolist() == [10.0] * 3
    for name in ("rank", "seeds", "optimizer.lr", "val/loss mean", "val/loss 95% low"):
        assert table[name].tolist() == [float(row[name]) for row in rows], name


def test_nothing_finished_is_exit_code_1_with_what_to_do(tmp_path, capsys):
    code, out, _ = report(capsys, make_sweep(tmp_path / "s", grid({0.1: [None, "failed"]})))
    assert code == 1
    assert "0 finished, 1 failed, 1 not ended" in out and "runner resume" in out and "nothing to compare" in out


def test_without_validation_rows_the_metrics_that_exist_are_named(tmp_path, capsys):
    ends = [{"train": {"loss": 0.1}, "test": {"loss": 0.2, "accuracy": 0.9}}, {"train": {"loss": 0.3}, "test": {}}]
    folder = make_sweep(
        tmp_path / "s", grid({0.1: ends}, **{"dataset.val_fraction": 0.0, "early_stopping.patience": None})
    )
    said = (
        "No run has val/loss (there are no validation rows): nothing to compare by; --metric NAME ranks by one of "
        "them: train/loss, test/loss, test/accuracy."
    )
    code, out, _ = report(capsys, folder)
    assert code == 0 and said in out
    assert main(["best", str(folder)]) == 1
    assert capsys.readouterr().err == f"runner: {folder}: {said}\n"
    assert main(["best", str(folder), "--metric", "test/accuracy"]) == 0
    unfinished = make_sweep(tmp_path / "u", grid({0.1: [None]}))
    assert main(["best", str(unfinished)]) == 1
    assert "no run in it has finished yet" in capsys.readouterr().err


def test_a_metric_that_is_never_a_number_is_said(tmp_path):
    ends = [{"val": {"loss": float("nan"), "accuracy": 0.5}}] * 2
    said = answer(section(make_sweep(tmp_path / "s", grid({0.1: ends}))))
    assert said.startswith("No run has val/loss (it is no number): nothing to compare by; ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["s/results.csv"], "s/results.csv: a file; give the folder of the sweep, s"),
        (["."], "no run in it"),
        (["s", "--metric", "val/accurcy"], "did you mean val/accuracy?"),
        (["s", "--csv", "no/such/folder.csv"], "--csv no/such/folder.csv: there is no folder no/such"),
        (
            ["s", "--csv", "table.xlsx"],
            "--csv table.xlsx: what to write is told by the ending; allowed: .csv,",
        ),
        (["s", "--csv", "table"], "--csv table: what to write is told by the ending"),
        (["s", "--csv", "s/results.csv"], "--csv s/results.csv: looks like the record of a run"),
        (["s", "--html", "page.csv"], "--html page.csv: what to write is told by the ending; allowed: .html, .htm"),
        (["s", "--html", "s"], "--html s: what to write is told by the ending"),
    ],
)
def test_bad_input_is_named(words, message, tmp_path, monkeypatch, capsys):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty" if words == ["."] else tmp_path)
    make_sweep(tmp_path / "s", grid({0.1: [0.2]}))
    code, _, err = report(capsys, *words)
    assert code in (1, 2) and message in err


def test_damage_is_named_with_its_line(tmp_path, capsys):
    path = make_sweep(tmp_path / "s", grid(CLEAR)) / "results.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], lines[4] + ",more", *lines[5:]]) + "\n")
    code, out, _ = report(capsys, tmp_path / "s")
    assert code == 0 and f"{path}: line 5: " in out and "15 finished" in out
    path.write_text("\n".join([*lines[:4], lines[4].replace("0.09", "0.x9"), *lines[5:]]) + "\n")
    (source,) = read_sources(tmp_path / "s")
    assert any("003" in note and "0.x9" in note for note in source.notes)


def test_a_damaged_list_of_runs_leaves_what_has_ended(tmp_path, capsys):
    path = make_sweep(tmp_path / "s", grid(CLEAR)) / "sweep.yaml"
    path.write_text(path.read_text()[:-100])
    code, out, _ = report(capsys, tmp_path / "s")
    assert code == 0 and "15 finished" in out and "Runs that have not ended are not known." in out


def test_a_repeated_run_counts_once(tmp_path):
    folder = make_sweep(tmp_path / "s", grid({0.1: [0.2, 0.3]}))
    path = folder / "results.csv"
    header, first, *rest = path.read_text().splitlines()
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerows(csv.reader([header, first, first.replace("000_", "009_"), *rest]))
    assert [len(s.rows) for s in section(folder).settings] == [2]


def test_a_sweep_that_has_only_begun(tmp_path, capsys):
    folder = make_sweep(tmp_path / "s", grid({0.1: [None, None], 0.2: [None, None]}))
    (folder / "results.csv").unlink()
    code, out, _ = report(capsys, folder, "--metric", "val/nothing")
    assert code == 1 and "2 settings, 4 runs: 0 finished, 4 not ended" in out


def test_data_that_changed_between_sweeps_are_said(tmp_path):
    sources = [
        source
        for name, digest in (("a", "1"), ("b", "2"))
        for source in read_sources(make_sweep(tmp_path / name, grid(CLEAR)))
        if not source.data.update({"{}": digest})
    ]
    assert any("the content of the data differs" in note for note in make_sections(sources)[0].notes)


def test_a_metric_of_another_version_is_named(tmp_path, capsys):
    make_sweep(tmp_path / "s", grid({0.1: [{"val": {"loss": 0.5, "odd": 0.25}}]}))
    code, _, err = report(capsys, tmp_path / "s", "--metric", "val/odd")
    assert code == 1 and "val/odd: no metric of this version" in err


def test_settings_that_kept_the_untrained_network_are_said_to(tmp_path, capsys):
    """Not those that keep the last epoch whatever comes, nor those that were to train no epoch."""
    untrained = {"val": {"loss": 2.3}, "best_epoch": 0}
    make_sweep(tmp_path / "many", grid({lr: [untrained] for lr in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)}))
    assert main(["report", str(tmp_path / "many")]) == 0
    assert "optimizer.lr there: lr=0.1, lr=0.2, lr=0.3, lr=0.4, lr=0.5, ...\n" in capsys.readouterr().out
    runs = grid({0.1: [untrained, untrained], 0.01: [0.2, 0.3]})
    runs += [({"early_stopping.restore_best": False, "seed": 0}, untrained), ({"trainer.epochs": 0}, untrained)]
    make_sweep(tmp_path / "s", runs)
    assert main(["report", str(tmp_path / "s")]) == 0
    assert "note: 2 runs of 1 setting kept the untrained network (best epoch 0)" in (out := capsys.readouterr().out)
    assert "Try a lower optimizer.lr there: lr=0.1 restore_best=true epochs=100\n" in out
    make_sweep(tmp_path / "t", grid({0.01: [0.2, 0.3]}))
    assert main(["report", str(tmp_path / "t")]) == 0
    assert "untrained" not in capsys.readouterr().out


def test_reports_and_frames_find_the_same_sweeps_below_a_folder(tmp_path):
    """One has lost its sweep.yaml: its results.csv says what its runs are."""
    for name in ("a", "b"):
        make_sweep(tmp_path / name, grid({0.1: [0.5, 0.4], 0.2: [0.3, 0.2]}))
    (tmp_path / "b" / "sweep.yaml").unlink()
    sources = read_sources(tmp_path)
    assert [(source.folder.name, source.is_sweep, len(source.rows)) for source in sources] == [
        ("a", True, 4),
        ("b", True, 4),
    ]
    assert len(runner.results(tmp_path)) == 8
