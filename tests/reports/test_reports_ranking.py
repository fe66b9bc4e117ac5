"""Settings are ranked over the draws, splits and folds that they share; one that lacks some does not win by luck."""

import re

import pytest
from made_sweeps import make_sweep

from runner.cli import main
from runner.reports.answer import answer
from runner.reports.ranking import shared_cells
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections
from runner.screen.conclusion import best_settings

EASY = {0: 0.3, 1: 0.1, 2: 0.2, 3: 0.05}  # what a split adds to the loss


def on_splits(splits, key="dataset.split_seed", seeds=2, **more):
    """Runs of settings (a rate, which is its loss but for the split's) on the splits they met."""
    return [
        ({"optimizer.lr": rate, key: split, "seed": seed, **more}, rate + EASY[split] + seed / 1000)
        for rate, met in splits.items()
        for split in met
        for seed in range(seeds)
    ]


def section(folder):
    (found,) = make_sections(read_sources(folder))
    return found


def rates(found):
    return [float(each.keys["optimizer.lr"]) for each in found.settings]


@pytest.mark.parametrize("key", ["dataset.split_seed", "dataset.data_seed"])
def test_a_setting_on_an_easy_split_alone_does_not_win(tmp_path, key):
    more = {"dataset": "two_moons"}
    met = {0.01: (0, 1, 2), 0.02: (0, 1, 2), 0.03: (0, 1, 2), 0.04: (1,)}  # the last one has the lowest mean
    found = section(make_sweep(tmp_path / "s", on_splits(met, key, **more)))
    assert rates(found) == [0.01, 0.02, 0.03, 0.04]
    assert sorted(found.comparisons) == [1, 2]
    what = "split" if key.endswith("split_seed") else "draw of the data"
    note = (
        f"1 setting did not meet every {what} that the others met: ranked after them, since the values do not compare"
    )
    assert found.notes == [note]


def test_folds_rank_by_their_mean_and_not_by_the_luckiest(tmp_path):
    met = {0.01: (0, 1, 2, 3), 0.02: (0, 1, 2, 3), 0.001: (3, 1)}
    runs = on_splits(met, "dataset.fold", **{"dataset.folds": 4})
    assert rates(section(make_sweep(tmp_path / "s", runs))) == [0.01, 0.02, 0.001]


def test_folds_of_another_number_are_other_rows(tmp_path):
    four = on_splits({0.01: range(4), 0.02: range(4)}, "dataset.fold", **{"dataset.folds": 4})
    three = on_splits({0.001: range(3)}, "dataset.fold", **{"dataset.folds": 3})
    found = section(make_sweep(tmp_path / "s", four + three))
    assert rates(found) == [0.01, 0.02, 0.001] and list(found.comparisons) == [1]


def test_a_setting_that_met_more_is_ranked_over_what_is_shared(tmp_path):
    met = {0.01: (0, 1, 2), 0.05: (0, 1, 2)}
    runs = on_splits(met) + [({"optimizer.lr": 0.05, "dataset.split_seed": 9, "seed": s}, 0.0) for s in range(2)]
    found = section(make_sweep(tmp_path / "s", runs))
    assert rates(found) == [0.01, 0.05]  # though the mean of the second over all that it met is lower
    assert found.settings[1].spread("val/loss").mean < found.settings[0].spread("val/loss").mean
    assert found.notes == ["ranked by the mean over the 3 splits that the settings share"]
    assert found.comparisons[1].n == 3 and found.comparisons[1].difference == pytest.approx(-0.04)


def test_where_nothing_is_shared_nothing_is_best(tmp_path, capsys):
    folder = make_sweep(tmp_path / "s", on_splits({0.01: (0,), 0.02: (1,), 0.03: (2,)}))
    found = section(folder)
    note = "no two settings met the same split: a better value may only mean an easier one"
    assert not found.comparisons and found.notes == [note]
    assert answer(found).startswith("Lowest: lr=0.02, val/loss 0.12") and "runner-up" not in answer(found)
    assert main(["report", str(folder)]) == 0
    assert f"note: {note}" in capsys.readouterr().out
    assert f"note: {note}" in best_settings(make_sections(read_sources(folder)))


def test_the_settings_that_were_carried_on_are_compared_over_all_they_met(tmp_path):
    met = {0.01: (0, 1, 2, 3), 0.02: (0, 1, 2, 3)} | dict.fromkeys((0.001, 0.1, 0.2, 0.3), (0,))
    found = section(make_sweep(tmp_path / "s", on_splits(met)))
    assert rates(found)[:2] == [0.01, 0.02] and found.comparisons[1].n == 4
    assert re.match("4 settings did not meet every split", found.notes[0])


def test_the_most_cells_that_two_settings_share():
    a, b, c = frozenset("abc"), frozenset("ab"), frozenset("x")
    assert shared_cells([a]) == a
    assert shared_cells([a, b]) == b
    assert shared_cells([a, a, b, b, b]) == a
    assert shared_cells([c, b, b, frozenset("xy"), frozenset("xy")]) in (b, frozenset("xy"))
    assert shared_cells([c, b, b, a]) == b
    assert shared_cells([b, c]) is None
    assert shared_cells([]) is None


def test_seeds_may_differ_without_a_word(tmp_path):
    runs = on_splits({0.01: (0,)}, seeds=5) + on_splits({0.02: (0,)}, seeds=3)
    found = section(make_sweep(tmp_path / "s", runs))
    assert not found.notes and found.comparisons[1].n == 3
