"""What a report says and shows of a search: its way to the best trial, keys that matter, where good settings lie."""

import json
import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from made_sweeps import make_sweep
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from runner.cli import main
from runner.errors import ConfigError
from runner.reports import overview
from runner.reports.html import page
from runner.reports.ranking import rank
from runner.reports.report_text import said_left
from runner.reports.run_row import RunRow
from runner.reports.runs import read_sources
from runner.reports.searches import contour, importance, pareto
from runner.reports.searches import page as search_page
from runner.reports.searches.made import is_search
from runner.reports.searches.picture import picture
from runner.reports.searches.scales import keys_of
from runner.reports.searches.sweeper import sweeper_of
from runner.reports.searches.trials import Trial, best_so_far, spent, trials_of
from runner.reports.searches.words import search_lines
from runner.reports.sections import make_sections
from runner.reports.settings_table import Setting

RATES = (1e-1, 1e-4, 1e-2, 1e-3)
RANDOM = (
    "hydra:\n  sweeper:\n    _target_: hydra_plugins.runner_sweeper.RandomSweeper\n    n_trials: 4\n{}  sweep: {{}}\n"
)


def searched(root, runs, more=""):
    """A sweep of a sampler, which is all that multirun.yaml says."""
    sweep = make_sweep(root, runs)
    (sweep / "multirun.yaml").write_text(RANDOM.format(more))
    return sweep


def section(folder, **more):
    (found,) = make_sections(read_sources(folder), **more)
    return found


def rates(values, seeds=2):
    return [
        ({"optimizer.lr": lr, "seed": seed}, v) for lr, v in zip(RATES, values, strict=True) for seed in range(seeds)
    ]


def drawn(n, keys=3):
    """Trials of which only the rate matters."""
    chance = random.Random(0)
    runs = []
    for _ in range(n):
        lr, dropout, rule = 10 ** chance.uniform(-4, -1), chance.uniform(0, 0.5), chance.choice(["sgd", "adam"])
        given = {"optimizer.lr": float(f"{lr:.3g}"), "regularizer.dropout": round(dropout, 3), "optimizer": rule}
        runs.append((dict(list(given.items())[:keys]), 0.1 + abs(np.log10(lr) + 2)))
    return runs


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    return searched(tmp_path_factory.mktemp("searches") / "forty", drawn(40))


@pytest.fixture(scope="module")
def forty_page(forty):
    return page([section(forty)], "t")


@pytest.fixture
def quick(monkeypatch):
    """Importance with few repetitions, where nothing is asked of them."""
    monkeypatch.setattr(importance, "REPEATS", 3)


# ---- trials


def test_the_best_so_far_goes_by_the_order_of_the_trials_and_counts_the_epochs_of_all_runs(tmp_path):
    found = section(searched(tmp_path / "s", rates([0.5, 0.7, 0.2, 0.4])))
    trials = trials_of(found)
    assert [(t.number, t.setting.shown("optimizer.lr"), t.epochs) for t in trials] == [
        (1, "0.1", 8),
        (2, "0.0001", 8),
        (3, "0.01", 8),
        (4, "0.001", 8),
    ]
    assert [(b.epochs, b.value, b.trial.number) for b in best_so_far(trials, maximize=False)] == [
        (8, 0.5, 1),
        (24, 0.2, 3),
    ]
    assert spent(trials) == 32


def test_what_diverged_or_was_pruned_costs_epochs_but_is_never_the_best(tmp_path):
    runs = [({"optimizer.lr": 0.1}, "diverged"), ({"optimizer.lr": 0.2}, 0.3), ({"optimizer.lr": 0.3}, 0.1)]
    found = section(searched(tmp_path / "s", runs))
    for row in (row for setting in found.settings for row in setting.rows if row.keys["optimizer.lr"] == "0.3"):
        row.status = "pruned"
    trials = trials_of(found)
    assert [(t.value, t.reached, t.epochs, t.pruned) for t in trials] == [
        (None, None, 3, False),
        (0.3, 0.3, 4, False),
        (None, 0.1, 4, True),
    ]
    assert [b.trial.number for b in best_so_far(trials, maximize=False)] == [2]


def test_larger_is_better_where_the_metric_says_so(tmp_path):
    found = section(searched(tmp_path / "s", rates([0.5, 0.7, 0.2, 0.4])), metric="val/accuracy")
    assert [b.trial.number for b in best_so_far(trials_of(found), maximize=True)] == [1, 3]


# ---- what is a search, and what it says


def test_a_small_grid_is_no_search_but_many_settings_of_two_numbers_are(tmp_path):
    small = make_sweep(tmp_path / "small", rates([0.5, 0.7, 0.2, 0.4]))
    both = [({"optimizer.lr": lr, "trainer.batch_size": b}, lr * b) for lr in RATES for b in (8, 16, 32)]
    assert not is_search(section(small)) and search_lines(section(small)) == []
    assert is_search(section(make_sweep(tmp_path / "grid", both)))
    assert "Best so far" not in page([section(small)], "t") and "data-trials" not in page([section(small)], "t")


def test_its_words_say_when_the_best_came_and_how_to_learn_what_it_is_worth(tmp_path, capsys):
    sweep = searched(tmp_path / "s", rates([0.5, 0.7, 0.2, 0.4]))
    (said,) = search_lines(section(sweep))
    assert said.startswith("Search: the best came with trial 3 of 4, after 24 of 32 epochs. The best of 4 looks better")
    assert f"`runner repeat {sweep} --winner`" in said
    assert main(["report", str(sweep)]) == 0
    assert said in capsys.readouterr().out


def test_a_search_ranks_by_what_it_went_after(tmp_path):
    sweep = searched(tmp_path / "s", rates([0.5, 0.7, 0.2, 0.4]), more="    objective: val/accuracy\n")
    assert section(sweep).metric == "val/accuracy" and section(sweep, metric="test/loss").metric == "test/loss"


# ---- figures


def test_the_page_shows_progress_importance_slices_a_contour_and_all_keys_together(forty_page):
    text = forty_page
    titles = ["Best so far", "Importance of the keys", "A slice for each key", "lr and dropout", "All keys together"]
    assert [title for title in re.findall(r"<h3>([^<]+)</h3>", text) if title in titles] == titles
    assert len(re.findall(r'class="chart cloud', text)) == 1 + 3 + 1  # progress, a slice a key, the contour
    words = json.loads(re.search(r'data-trials="([^"]+)"', text)[1].replace("&quot;", '"'))
    assert len(words) == 40 and words[0][0].startswith("trial 1: val/loss ")
    assert {int(t) for t in re.findall(r'data-t="(\d+)"', text)} == set(range(40))
    assert text.count("<script>") == 1 and "svg.cloud" in text


def test_of_many_trials_the_best_are_drawn_and_some_of_the_others():
    chance = random.Random(0)
    trials = [Trial(i + 1, None, value, value, 4) for i, value in enumerate(chance.random() for _ in range(700))]
    shown = search_page.drawn(trials, maximize=False)
    best = sorted(trials, key=lambda trial: trial.value)[:150]
    assert len(shown) <= search_page.DOTS and {t.number for t in best} <= {t.number for t in shown}
    assert [t.number for t in shown] == sorted(t.number for t in shown)


def test_a_map_of_two_keys_is_left_out_where_values_were_drawn(forty, forty_page, quick):
    assert 'class="heat' not in forty_page and 'class="heat' in page([section(forty)], "t", "lr,dropout")


def test_a_contour_shows_the_weighted_mean_of_the_trials_around_and_nothing_far_from_them():
    points, values = np.array([[100.0, 100.0], [140.0, 100.0]]), np.array([1.0, 3.0])
    found = contour.smoothed(points, values, np.array([100.0, 120.0, 500.0]), np.array([100.0]))
    left, right, bottom, top = contour.FRAME
    h = contour.WIDTH * np.hypot(right - left, bottom - top)
    weight = np.exp(-(40**2) / (2 * h * h))
    assert found[0, 0] == pytest.approx((1 + 3 * weight) / (1 + weight)) and found[0, 1] == pytest.approx(2.0)
    assert np.isnan(found[0, 2])


def test_numbers_that_were_drawn_evenly_have_an_even_axis_and_those_by_their_logarithm_a_logarithmic_one(forty):
    assert {key.name: key.log for key in keys_of(section(forty))} == {"lr": True, "dropout": False, "optimizer": False}


def test_the_way_to_the_best_is_a_picture_and_a_curve_in_tensorboard(tmp_path, forty):
    assert picture(section(forty)).png.startswith(b"\x89PNG")
    overview.write(forty, tmp_path / "overview", alone=True)
    events = EventAccumulator(str(tmp_path / "overview"))
    events.Reload()
    told = [(e.step, pytest.approx(e.value)) for e in events.Scalars("search/best val/loss")]
    assert told == picture(section(forty)).steps and len(told) > 1
    assert "search/best val/loss so far" in events.Tags()["images"] + events.Tags()["tensors"]


def test_the_page_comes_with_the_picture_in_the_figures_of_the_sweep(tmp_path):
    sweep = searched(tmp_path / "s", rates([0.5, 0.7, 0.2, 0.4]))
    assert main(["report", str(sweep), "--html"]) == 0
    assert (sweep / "figures" / "search.png").read_bytes().startswith(b"\x89PNG")


# ---- importance


def test_the_key_that_decides_is_the_most_important_and_the_others_no_more_than_chance(forty):
    found = importance.importances(trials_of(section(forty)), keys_of(section(forty)), maximize=False)
    assert found[0].key.name == "lr" and [each.matters for each in found] == [True, False, False]
    assert sum(each.share for each in found) == pytest.approx(1.0) and found[0].share > 0.6
    assert all(0 <= each.low <= each.share <= each.high <= 1 for each in found)
    again = importance.importances(trials_of(section(forty)), keys_of(section(forty)), maximize=False)
    assert [(e.share, e.low, e.high, e.chance) for e in again] == [(e.share, e.low, e.high, e.chance) for e in found]


def test_importance_is_printed_where_it_is_asked_for(forty, capsys, quick, tmp_path):
    assert main(["report", str(forty), "--importance"]) == 0
    told = capsys.readouterr().out.split("importance for being among the best settings")[1].split("\n")
    assert told[1].split()[:2] == ["key", "importance"] and told[2].split()[0] == "lr"
    assert {line.split()[0] for line in told[2:5]} == {"lr", "dropout", "optimizer"} and " to " in told[2]
    assert main(["report", str(make_sweep(tmp_path / "few", rates([0.5, 0.7, 0.2, 0.4]))), "--importance"]) == 2
    assert "takes 10 trials or more" in capsys.readouterr().err


def test_a_key_that_only_some_trials_have_takes_part(tmp_path):
    chance = random.Random(1)
    runs = []
    for _ in range(40):
        rule, dropout, momentum = (
            chance.choice(["sgd", "adam"]),
            chance.uniform(0, 0.5),
            round(chance.random() * 0.9, 3),
        )
        given = {"regularizer.dropout": round(dropout, 3), "optimizer": rule}
        given |= {"optimizer.momentum": momentum} if rule == "sgd" else {}
        runs.append((given, 2.0 if rule == "adam" else 1.0 - momentum))
    found = section(searched(tmp_path / "s", runs))
    shares = {e.key.name: e.share for e in importance.importances(trials_of(found), keys_of(found), maximize=False)}
    assert max(shares, key=shares.get) == "momentum" and len(shares) == 3
    assert "A slice for each key" in page([found], "t")


def test_with_few_trials_or_without_optuna_it_is_said_why_there_is_none(tmp_path, forty, monkeypatch, quick):
    few = section(searched(tmp_path / "s", drawn(9)))
    with pytest.raises(ConfigError, match="takes 10 trials or more that have ended well; here are 9"):
        importance.importances(trials_of(few), keys_of(few), maximize=False)
    assert "here are 9" in page([few], "t")
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setitem(sys.modules, "optuna.distributions", None)
    text = page([section(forty)], "t")
    assert "pip install &#x27;runner[optuna]&#x27;" in text and "A slice for each key" in text


# ---- two objectives


SIZES = ((0.5, 4), (0.3, 8), (0.4, 16), (0.1, 32), (0.1, 64))


def sizes():
    """A setting a width, and of each its loss and its number of parameters."""
    told = [(width, {"val": {"loss": loss}, "test": {"loss": loss}, "parameters": width}) for loss, width in SIZES]
    return [({"model.hidden": [width]}, end) for width, end in told]


def test_on_the_front_are_the_settings_that_no_other_betters(tmp_path, capsys):
    sweep = searched(tmp_path / "s", sizes(), more="    objective:\n    - val/loss\n    - parameters\n")
    front = pareto.front_of(section(sweep))
    assert front.names == ("val/loss", "parameters") and front.maximize == (False, False)
    assert [point.values for point in front.members] == [(0.5, 4.0), (0.3, 8.0), (0.1, 32.0)]
    text = page([section(sweep)], "t")
    assert "Pareto front" in text and "3 of 5 settings are on it" in text
    assert main(["report", str(sweep)]) == 0
    said = capsys.readouterr().out
    assert "Pareto front of val/loss and parameters: 3 of 5 settings" in said and "hidden=32" in said


def test_any_sweep_has_a_front_of_what_is_asked_for(tmp_path, capsys):
    sweep = make_sweep(tmp_path / "s", sizes())
    assert pareto.front_lines(section(sweep)) == []
    assert main(["report", str(sweep), "--pareto", "test/loss,parameters"]) == 0
    assert "3 of 5 settings" in capsys.readouterr().out
    assert main(["report", str(sweep), "--pareto", "val/loss,parametrs"]) == 2
    assert "did you mean parameters?" in capsys.readouterr().err
    assert main(["report", str(sweep), "--pareto", "val/loss"]) == 2
    assert "such as --pareto val/loss,parameters" in capsys.readouterr().err


def test_a_sweep_whose_sweeper_cannot_be_read_is_taken_as_a_grid(tmp_path):
    assert sweeper_of(tmp_path) == {}
    for text in ("hydra: {}\n", "hydra:\n  sweeper:\n    a: [1\n  sweep: {}\n", "hydra:\n  sweeper:\n    - 1\n"):
        (tmp_path / "multirun.yaml").write_text(text)
        assert sweeper_of(tmp_path) == {}
    (tmp_path / "multirun.yaml").write_text(RANDOM.format(""))
    assert sweeper_of(tmp_path)["n_trials"] == 4


def test_of_pruned_settings_those_that_came_further_stand_first_then_those_that_had_reached_more():
    rows = {
        "c": ("pruned", "3", 0.1),
        "b": ("pruned", "9", 0.6),
        "a": ("completed", "27", 0.9),
        "d": ("pruned", "9", 0.5),
    }
    settings = [
        Setting(0, {"name": name}, [RunRow(Path(name), status, {}, {"val/loss": value}, epochs=epochs)])
        for name, (status, epochs, value) in rows.items()
    ]
    found = rank(settings, "val/loss", maximize=False, comparable=True).settings
    assert [each.keys["name"] for each in found] == ["a", "d", "b", "c"]
    assert [said_left(each.left("val/loss")) for each in found] == [
        "",
        "9 epochs: 0.5",
        "9 epochs: 0.6",
        "3 epochs: 0.1",
    ]
