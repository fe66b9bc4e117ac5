"""Experiments that are swept over each run their own sweep; where they cannot, the commands to type are named."""

from collections import Counter
from pathlib import Path

import pytest

from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.errors import ConfigError
from runner.plan.command_line import read_command_line
from runner.plan.recipes import node, sweep_words

HEAD = "# @package _global_\n"
GLOBAL = {
    "walk": "model: {hidden: [3]}\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    zip: [[optimizer.lr, seed]]\n"
    "    params: {optimizer.lr: '0.1,0.2', seed: '1,2'}\n",
    "grid": "model: {hidden: [4]}\nhydra: {sweeper: {params: {regularizer.l2: '0,1', seeds: 2}}}\n",
    "three": "hydra: {sweeper: {n_trials: 3, params: {regularizer.l1: 'interval(0,1)'}}}\n",
    "two": "hydra: {sweeper: {n_trials: 2, seed: 5, params: {regularizer.l2: 'interval(0,1)'}}}\n",
    "plain": "model: {hidden: [5]}\n",
    "placed": "hydra: {launcher: {workers: 1}, sweeper: {params: {seed: '1,2'}}}\n",
}


@pytest.fixture(scope="module", autouse=True)
def ready(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("configs")
    (folder / "experiment").mkdir()
    for name, content in GLOBAL.items():
        (folder / "experiment" / f"{name}.yaml").write_text(HEAD + content)
    with hydra_ready(config_dir(), str(folder)):
        yield


def jobs(*words: str) -> list[list[str]]:
    line = read_command_line(list(words), multirun=True)
    found = [[each.input_line or "" for each in job] for job in line.jobs]
    task = [word for word in line.words if not word.startswith("hydra")]
    sweeper = node(line.composer.unswept([parse_word(word) for word in line.words]), "sweeper")
    assert sweep_words(task, sweeper, line.composer) == found
    return found


def sets(listed: list[list[str]]) -> Counter:
    return Counter(frozenset(job) for job in listed)


def test_each_runs_its_own_sweep():
    both = jobs("experiment=walk,grid,plain")
    assert len(both) == 2 + 4 + 1
    assert sets(both) == sum((sets(jobs(f"experiment={name}")) for name in ("walk", "grid", "plain")), Counter())
    assert [job for job in both if "experiment=walk" in job] == [
        [f"optimizer.lr={lr}", f"seed={seed}", "experiment=walk"] for lr, seed in ((0.1, 1), (0.2, 2))
    ]
    settings = read_command_line(["experiment=walk,grid,plain"], multirun=True).settings
    assert [each.model.hidden for each in settings] == [[3]] * 2 + [[4]] * 4 + [[5]]


def test_each_draws_as_often_as_it_says():
    found = jobs("experiment=three,two", "hydra/sweeper=random")
    assert ["experiment=three" in job for job in found] == [True] * 3 + [False] * 2
    assert found[3:] == jobs("experiment=two", "hydra/sweeper=random")


def test_the_command_line_holds_for_all_of_them():
    found = jobs("experiment=walk,grid", "seeds=3", "optimizer=sgd,adam", "hydra.sweeper.zip=null")
    assert len(found) == 2 * 3 * 2 + 2 * 3 * 2
    assert Counter(word for job in found for word in job)["optimizer=adam"] == 12


def test_the_shipped_ones():
    alone = [len(jobs(f"experiment={name}")) for name in ("overfit", "penalties")]
    assert alone == [12, 30]
    assert len(jobs("experiment=overfit,penalties")) == 42
    assert len(jobs("experiment=glob(*pen*)")) == 30


def test_all_of_them_together_are_no_more_than_allowed():
    with pytest.raises(ConfigError, match=r"the sweep has 6 jobs \(walk \+ grid\).*hydra.sweeper.max_jobs=6"):
        jobs("experiment=walk,grid", "hydra.sweeper.max_jobs=5")


@pytest.mark.parametrize("words", [["experiment=grid,placed"], ["experiment=grid,plain", "hydra/sweeper=basic"]])
def test_what_cannot_share_a_sweep_is_refused_with_the_commands(words):
    with pytest.raises(ConfigError) as error:
        jobs(*words)
    (first, *_) = error.value.problems
    names = words[0].partition("=")[2].split(",")
    assert first.startswith(f"{words[0]}: each brings its own sweep")
    assert all(f"runner -m experiment={name}" in first for name in names)


def test_an_experiment_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"experiment = wlak: unknown choice; did you mean experiment=walk\?"):
        jobs("experiment=wlak,grid")


def test_an_experiment_that_does_not_compose_is_shown_with_the_reason():
    with pytest.raises(ConfigError, match=r"penalties.*: Key 'zip' not in 'RandomSweeperConf'"):
        read_command_line(["experiment=penalties", "hydra/sweeper=random"], multirun=True)
