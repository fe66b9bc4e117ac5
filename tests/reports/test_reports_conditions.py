"""Conditions and treatments: settings are compared within each condition; what a report can be asked for."""

import re

import pytest
from made_sweeps import grid, make_sweep

from runner.cli import main
from runner.errors import ConfigError
from runner.reports.across import over_data_sets
from runner.reports.answer import answer
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections
from runner.screen.conclusion import best_settings

STOP = "early_stopping.patience"


def sections(folder, **asked):
    return make_sections(read_sources(folder, force=True), asked.pop("metric", None), **asked)


def crossed(condition, values, key="optimizer.lr"):
    """`values[condition's value][key's value]` are what the seeds reach."""
    return [run for value, table in values.items() for run in grid(table, key, **{condition: value})]


EASY_AND_HARD = {
    0: {0.1: [0.10, 0.11, 0.12], 0.01: [0.20, 0.22, 0.21]},
    0.2: {0.1: [0.9, 0.91, 0.92], 0.01: [0.5, 0.51, 0.52]},
}


@pytest.fixture
def noisy(tmp_path):
    return make_sweep(tmp_path / "noisy", crossed("dataset.label_noise", EASY_AND_HARD))


@pytest.mark.parametrize("condition", ["dataset.label_noise", "dataset.train_size"])
def test_settings_are_compared_within_each_condition(tmp_path, condition):
    values = {200 + 100 * place: each for place, each in enumerate(EASY_AND_HARD.values())}
    values = EASY_AND_HARD if condition.endswith("noise") else values
    first, second = sections(make_sweep(tmp_path / "s", crossed(condition, values)))
    assert [first.title, second.title] == [f"{condition}={value}" for value in values]
    assert answer(first).startswith("Best: lr=0.1,") and answer(second).startswith("Best: lr=0.01,")


def test_a_condition_alone_has_no_best(tmp_path):
    (found,) = sections(
        make_sweep(tmp_path / "s", grid({0: [0.1, 0.2, 0.1], 0.2: [0.5, 0.6, 0.7]}, "dataset.label_noise"))
    )
    assert not found.comparable
    assert answer(found).startswith("Lowest: label_noise=0") and "beats" not in answer(found)


def test_a_chart_over_a_condition_keeps_the_settings_together_and_names_no_best(noisy):
    (found,) = sections(noisy, across="label_noise")
    assert len(found.settings) == 4 and not found.comparable


def test_the_end_of_a_sweep_names_the_condition_of_each_answer(noisy):
    lines = best_settings(sections(noisy))
    assert [line for line in lines if line.endswith(":")] == ["dataset.label_noise=0:", "dataset.label_noise=0.2:"]


def test_of_many_conditions_only_the_answers_are_said(tmp_path):
    runs = crossed("dataset.train_size", dict.fromkeys((100, 200, 300, 400), EASY_AND_HARD[0]))
    lines = best_settings(sections(make_sweep(tmp_path / "s", runs)))
    assert len(lines) == 4 and all(re.match(r"dataset.train_size=\d00: Best: lr=0.1", line) for line in lines)


def test_over_several_data_sets_settings_are_ranked(tmp_path, capsys):
    values = dict.fromkeys(("iris", "wine", "digits", "breast_cancer", "circles", "two_moons"), EASY_AND_HARD[0])
    folder = make_sweep(tmp_path / "s", crossed("dataset", values))
    found = over_data_sets(sections(folder))
    assert found.names == ("lr=0.1", "lr=0.01") and found.average == (1.0, 2.0) and found.sets == 6
    assert main(["report", str(folder)]) == 0
    assert "lr=0.1 is ahead of lr=0.01" in capsys.readouterr().out


def test_ranks_are_not_taken_over_conditions_of_one_data_set(noisy):
    assert over_data_sets(sections(noisy)) is None


TABLES = {0.1: {0: [0.3, 0.31, 0.32], 9: [0.2, 0.23, 0.22]}, 0.01: {0: [0.1, 0.11, 0.12], 9: [0.4] * 3}}
TWO_KEYS = [run for lr, table in TABLES.items() for run in grid(table, STOP, **{"optimizer.lr": lr})]


@pytest.mark.parametrize("key", ["lr", "optimizer.lr"])
def test_each_value_of_a_key_stands_with_its_best_other_keys(tmp_path, key):
    (found,) = sections(make_sweep(tmp_path / "s", TWO_KEYS), by=key)
    kept = [(each.keys["optimizer.lr"], each.keys[STOP]) for each in found.settings]
    assert kept == [("0.01", "0"), ("0.1", "9")]
    assert "beats the runner-up (patience=9 lr=0.1)" in answer(found)
    assert any("chosen by val/loss of these same runs" in note for note in found.notes)


@pytest.mark.parametrize(
    ("where", "left"),
    [(["lr=1e-1"], 2), (["lr=0.1,0.01", "patience=9"], 2), (["optimizer.lr=0.1", "patience=0"], 1)],
)
def test_only_the_settings_that_were_asked_for_are_compared(tmp_path, where, left):
    (found,) = sections(make_sweep(tmp_path / "s", TWO_KEYS), where=where)
    assert len(found.settings) == left


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"by": "lrr"}, r"--by lrr: no key that varies; did you mean lr\?; vary: patience, lr"),
        ({"where": ["lr"]}, "--where lr: write KEY=VALUE"),
        ({"where": ["lr=3"]}, "no setting has that; values of lr: 0.1, 0.01"),
        ({"where": ["patienc=3"]}, r"did you mean patience\?"),
        ({"metric": "val/los"}, r"did you mean val/loss\?; recorded: .*weight_norm"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_way_out(tmp_path, asked, says):
    folder = make_sweep(tmp_path / "s", TWO_KEYS)
    with_columns(folder)
    with pytest.raises(ConfigError, match=says):
        sections(folder, **asked)


def with_columns(folder, kept="epoch,train/loss,val/loss,weight_norm,sparsity\n"):
    """Columns of metrics.csv that results.csv lacks: the norm falls from run to run, over the epochs it rises."""
    for place, run in enumerate(sorted(folder.glob("*/metrics.csv"))):
        rows = "".join(f"{epoch},1,1,{100 - place * place / 10 + epoch},{place / 100}\n" for epoch in range(5))
        run.write_text(kept + rows)


def test_any_column_of_metrics_csv_answers_by_the_epoch_that_was_kept(tmp_path):
    folder = make_sweep(tmp_path / "s", TWO_KEYS)
    with_columns(folder)
    (norm,) = sections(folder, metric="weight_norm")
    assert norm.settings[0].values("weight_norm") == pytest.approx(
        dict(zip(norm.settings[0].lucks, (93.9, 92, 89.9), strict=True))
    )  # runs 9 to 11, at epoch 2
    assert answer(norm).startswith("Lowest: patience=9 lr=0.01") and "It differs from the runner-up" in answer(norm)
    (zeros,) = sections(folder, metric="sparsity")
    assert answer(zeros).startswith("Highest: patience=9 lr=0.01, sparsity 0.10")


def test_the_page_of_several_data_sets_has_the_diagram_of_their_ranks(tmp_path):
    values = dict.fromkeys(("iris", "wine", "digits", "breast_cancer", "circles", "two_moons"), EASY_AND_HARD[0])
    folder = make_sweep(tmp_path / "s", crossed("dataset", values))
    assert main(["report", str(folder), "--html", str(tmp_path / "p.html")]) == 0
    page = (tmp_path / "p.html").read_text()
    assert "Over several data sets" in page and "lr=0.1 is ahead of lr=0.01" in page


def test_metrics_are_drawn_over_a_condition_with_a_line_for_each_treatment(noisy, capsys):
    assert main(["report", str(noisy), "--over", "label_noise", "--html", str(noisy / "p.html")]) == 0
    said = capsys.readouterr().out
    assert "over label_noise:" in said and "Best:" not in said
