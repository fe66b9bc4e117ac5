"""What a search is checked by before it knows its trials: each value and both ends of intervals, where they exist."""

import pytest

from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.errors import ConfigError
from runner.plan.probes import probes
from runner.plan.sweeper import SweeperOptions

NODE = {
    "_target_": "hydra_plugins.runner_sweeper.OptunaSweeper", "n_trials": 10, "seed": 0, "max_jobs": 1000,
    "sampler": "tpe", "batch": 4, "startup": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def composer():
    with hydra_ready(config_dir()):
        yield Composer()


@pytest.fixture
def probed(composer):
    def jobs(*words, **changes):
        options = SweeperOptions.of(NODE | changes)
        return [[each.input_line for each in job] for job in probes(list(map(parse_word, words)), options, composer)]

    return jobs


def test_every_value_and_both_ends_come_up(probed):
    rates = "optimizer.lr=tag(log,interval(0.001,1))"
    jobs = probed("optimizer=adamw,sgd", rates, "model.hidden=[4],[8]", "seed=0,1")
    words = {word for job in jobs for word in job}
    assert {"optimizer=adamw", "optimizer=sgd", "model.hidden=[4]", "model.hidden=[8]", "seed=0", "seed=1"} <= words
    assert {"optimizer.lr=0.001", "optimizer.lr=0.99"} <= words
    assert len(jobs) == 5  # two seeds of the first, and one job for each other value


def test_a_key_is_probed_with_the_choice_that_has_it(probed):
    jobs = probed("optimizer=adamw,sgd", "optimizer.momentum=interval(0.1,0.9)")
    momenta = [(job[0], word) for job in jobs for word in job if word.startswith("optimizer.momentum")]
    assert {by for by, _ in momenta} == {"optimizer=sgd"}
    assert {word for _, word in momenta} == {"optimizer.momentum=0.1", "optimizer.momentum=0.899"}


def test_so_many_trials_of_so_many_seeds_are_refused_if_they_are_too_many_jobs(probed):
    with pytest.raises(ConfigError, match=r"max_jobs = 29: the sweep has 30 jobs \(10 trials x 3\)"):
        probed("optimizer.lr=interval(0.1,0.2)", "seed=0,1,2", max_jobs=29)


def test_nothing_to_search_is_refused(probed):
    with pytest.raises(ConfigError, match="nothing is searched"):
        probed("optimizer=sgd", "seed=0,1")
