"""The sentence of a report: what it is about, when it claims nothing, what few examples leave open, what it advises."""

import itertools
import shlex

import pytest
from made_sweeps import grid, make_sweep

import runner
from runner.cli import main
from runner.records.checksums import write_summary
from runner.records.summary import read_summary
from runner.reports.answer import answer
from runner.reports.next_steps import next_commands
from runner.reports.report_text import columns
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections


def section(folder, metric=None):
    (found,) = make_sections(read_sources(folder), metric)
    return found


def alike(key, values, seeds=3, **more):
    """Two rates that differ by less than their runs do, on each value of a key of luck."""
    noise = itertools.cycle([0.0, 0.5, 0.1, 0.7, 0.2, 0.6, 0.4])
    return [
        ({"optimizer.lr": rate, **more} | {"seed": seed, key: value}, 1 + rate + next(noise))
        for rate in (0.1, 0.2)
        for value in values
        for seed in range(seeds)
    ]


def test_two_seeds_tell_nothing_and_mark_nothing(tmp_path):
    found = section(make_sweep(tmp_path / "s", grid({0.1: [0.2, 0.21], 0.2: [0.3, 0.31], 0.3: [9.0, 9.01]})))
    assert answer(found) == (
        "Best: lr=0.1, val/loss 0.2050 (mean of 2 seeds, on this split). "
        "Two seeds cannot tell whether it is better than the runner-up (lr=0.2) or luckier."
    )
    table = {column.name: column.cells for column in columns(found, 0)}
    assert table[""] == ["1 ", "2 ", "3 "] and "95%" not in table and table["runs"] == ["2", "2", "2"]
    assert found.may_be_best == [0, 1, 2]  # nothing rules any of them out


@pytest.mark.parametrize(
    ("runs", "says", "advice"),
    [
        (alike("seed", range(2), 1), "Two seeds cannot", "seeds=5"),
        (alike("seed", range(5), 1), "over 5 shared seeds", "seeds=10"),
        (alike("dataset.split_seed", (0, 3)), "Two splits cannot", "dataset.split_seed=0,3,4,5,6"),
        (
            alike("dataset.data_seed", range(3), dataset="two_moons"),
            "over 3 shared draws of the data",
            "dataset.data_seed=0,1,2,3,4",
        ),
        (
            alike("dataset.fold", range(3), **{"dataset.folds": 3}),
            "over 3 shared folds",
            "dataset.split_seed=0,1,2,3,4",
        ),
    ],
)
def test_more_of_what_n_counts_is_advised(tmp_path, runs, says, advice):
    found = section(make_sweep(tmp_path / "s", runs))
    assert says in answer(found)
    (command,) = next_commands(found)
    words = shlex.split(command)
    assert advice in words and "--extend" in words
    assert sum(word.partition("=")[0] == advice.partition("=")[0] for word in words) == 1


def test_enough_of_them_need_no_advice(tmp_path):
    runs = alike("dataset.data_seed", range(10), dataset="two_moons")
    assert next_commands(section(make_sweep(tmp_path / "s", runs))) == []


def sweep_on_examples(folder, accuracy, n, *, key="seed"):
    runs = [
        ({key: i, **({"dataset.folds": 3} if "fold" in key else {})}, {"val": {"accuracy": a}, "test": {"accuracy": a}})
        for i, a in enumerate(accuracy)
    ]
    make_sweep(folder, runs)
    for run in folder.glob("00*"):
        write_summary(run, read_summary(run) | {"examples": {"val": 50_000, "test": n}}, {})
    return section(folder, "test/accuracy")


def test_equal_seeds_are_no_certainty_where_examples_are_few(tmp_path):
    said = answer(sweep_on_examples(tmp_path / "s", [21 / 22] * 3, 22))
    assert said == (
        "test/accuracy 0.9545 (the same in all of 3 seeds, on this split). The number of examples alone leaves open: "
        "test/accuracy 0.78 to 0.99 (n = 22), val/accuracy 0.9527 to 0.9563 (n = 50,000); Wilson's 95% interval."
    )


def test_examples_are_not_mentioned_where_they_are_many_or_differ(tmp_path):
    assert "Wilson" not in answer(sweep_on_examples(tmp_path / "many", [0.90, 0.91, 0.93], 10_000))
    assert "Wilson" not in answer(
        sweep_on_examples(tmp_path / "splits", [0.9, 0.91, 0.93], 22, key="dataset.split_seed")
    )
    said = answer(sweep_on_examples(tmp_path / "folds", [19 / 22, 20 / 22, 21 / 22], 22, key="dataset.fold"))
    assert "leaves open: test/accuracy 0.72 to 0.97 (n = 22); Wilson" in said  # the folds share the test rows


def test_a_summary_that_is_gone_or_older_leaves_the_sentence_out(tmp_path):
    found = sweep_on_examples(tmp_path / "s", [0.9] * 3, 22)
    first, *others = sorted((tmp_path / "s").glob("00*"))
    (first / "summary.json").unlink()
    assert answer(found) == "test/accuracy 0.9000 (the same in all of 3 seeds, on this split)."
    for run in (first, *others):
        write_summary(run, {"format": 1, "status": "completed", "test": {"accuracy": 0.9}}, {})
    assert (
        answer(section(tmp_path / "s", "test/accuracy"))
        == "test/accuracy 0.9000 (the same in all of 3 seeds, on this split)."
    )


def test_real_runs_record_how_many_examples_they_have(tmp_path, capsys):
    configs = [{"dataset": "iris", "trainer.epochs": 2, "trainer.figures": False, "seed": seed} for seed in range(2)]
    outcomes = runner.train(configs, tmp_path)
    assert outcomes[0].summary["examples"] == {"train": 106, "val": 22, "test": 22}
    assert main(["report", str(tmp_path), "--metric", "test/accuracy"]) == 0
    assert "(n = 22)" in capsys.readouterr().out


def test_as_many_settings_are_marked_as_are_counted_and_those_with_few_seeds_are_counted_apart(tmp_path):
    """Far is 5 behind; one seed and two tell nothing."""
    ends = {0.1: [0.10, 0.12, 0.11], 0.2: [0.11, 0.11, 0.13], 0.3: [0.14, 0.10, 0.12], 0.4: [5.0, 5.1, 5.2]}
    found = section(make_sweep(tmp_path / "s", grid({**ends, 0.5: [0.2], 0.6: [0.2, 0.3], 0.7: [0.1, None]})))
    said = "Of the 5 other complete settings 2 may be as good (marked ~); 2 more share too few seeds with it to tell."
    assert said in answer(found)
    assert columns(found, 0)[0].cells == ["1 ", "2~", "3~", "4 ", "5 ", "6 ", "7 "]


def test_the_runner_up_alone_is_not_counted(tmp_path):
    ends = {0.1: [0.10, 0.12, 0.11], 0.2: [0.11, 0.11, 0.13], 0.4: [5.0, 5.1, 5.2]}
    assert "marked" not in answer(section(make_sweep(tmp_path / "s", grid(ends))))
