"""What Optuna is asked for and told: the same trials in one life or in many, each once, each one that can train."""

import math
from dataclasses import replace

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.errors import ConfigError, RunError
from runner.plan.space import Space
from runner.search.base import Standing
from runner.search.sampling import OptunaSearch, Sampling
from runner.search.storage import FILE, Mirror

WORDS = (
    "optimizer=sgd,adamw",
    "optimizer.lr=tag(log,interval(1e-4,1))",
    "optimizer.momentum=interval(0,0.99)",
    "model.hidden=[16],[32],[64]",
    "trainer.batch_size=range(16,80,16)",
    "seed=0,1",
)
NUMBERS = ("optimizer.lr=tag(log,interval(1e-4,1))", "regularizer.dropout.p=interval(0,0.5)")
HOW = Sampling(n_trials=14, batch=4, sampler="tpe", startup=4, seed=0, maximize=(False,))


@pytest.fixture(scope="module", autouse=True)
def composer():
    with hydra_ready(config_dir()):
        yield Composer()


@pytest.fixture
def space(composer):
    return Space.of([parse_word(word) for word in WORDS], composer)


def settings(words):
    return dict(word.split("=", 1) for word in words)


def bowl(words):
    """Best at a rate of 0.01, and momentum of 0.8."""
    found = settings(words)
    value = (math.log10(float(found["optimizer.lr"])) + 2) ** 2
    return value + (float(found["optimizer.momentum"]) - 0.8) ** 2 if "optimizer.momentum" in found else value + 0.5


def kept(search):
    """The trials in the study that stand for those of the sweep."""
    return [trial for trial in search.study.trials if trial.state != optuna.trial.TrialState.FAIL]


def searched(make, value=bowl, lives=False, trials=()):
    """The trials of a search; in many lives it is made anew before each round."""
    search, found = make(), list(trials)
    while asked := search.next(found):
        for job in asked.jobs:
            words = tuple(word for word in job if not word.startswith("seed="))
            values = value(words) if isinstance(value(words), tuple) else (value(words),)
            found.append(Standing(values, 1, True, words=words))
        if lives:
            search = make()
    return found


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "qmc", "random"])
def test_a_search_that_is_made_anew_goes_on_with_the_same_trials(space, sampler):
    how = replace(HOW, sampler=sampler)
    whole = searched(lambda: OptunaSearch(space, how))
    assert len({trial.words for trial in whole}) == how.n_trials
    assert searched(lambda: OptunaSearch(space, how), lives=True) == whole


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "qmc", "random"])
def test_more_trials_are_those_that_would_have_come(space, sampler):
    short, long = replace(HOW, sampler=sampler, n_trials=6), replace(HOW, sampler=sampler)
    begun = searched(lambda: OptunaSearch(space, short))  # ends in the middle of a batch
    whole = searched(lambda: OptunaSearch(space, long))
    assert begun == whole[:6]
    assert searched(lambda: OptunaSearch(space, long), trials=begun) == whole


def test_a_gaussian_process_goes_on_with_the_same_trials(composer):
    space = Space.of([parse_word(word) for word in NUMBERS], composer)
    how = replace(HOW, sampler="gp", n_trials=5, batch=2, startup=2)

    def value(words):
        return (math.log10(float(settings(words)["optimizer.lr"])) + 2) ** 2

    whole = searched(lambda: OptunaSearch(space, how), value)
    assert searched(lambda: OptunaSearch(space, how), value, trials=whole[:4]) == whole


def test_seeds_search_differently(space):
    first, other = (searched(lambda seed=seed: OptunaSearch(space, replace(HOW, seed=seed))) for seed in (0, 1))
    assert {trial.words for trial in first}.isdisjoint({trial.words for trial in other})


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "qmc"])
def test_a_sampler_that_learns_does_better_than_its_first_draws(space, sampler):
    found = searched(lambda: OptunaSearch(space, replace(HOW, sampler=sampler, n_trials=60, batch=2)))
    first, last = (sorted(trial.values[0] for trial in part) for part in (found[:20], found[-20:]))
    assert sampler == "qmc" or last[10] < first[10]


def test_jobs_have_every_seed_and_keys_where_their_choice_has_them(space):
    (*_,) = jobs = OptunaSearch(space, HOW).next([]).jobs
    assert all(job[-1] == "seed=0,1" for job in jobs)
    assert all(("optimizer.momentum" in settings(job)) == ("optimizer=sgd" in job) for job in jobs)
    assert {len(job) for job in jobs} == {5, 6}  # both optimizers come up


def test_chance_is_met_where_its_key_is_there(composer):
    words = ["dataset=iris,two_moons", "dataset.data_seed=0,1,2", "optimizer.lr=interval(0,1)", "seed=5"]
    space = Space.of([parse_word(word) for word in words], composer)
    asked = OptunaSearch(space, replace(HOW, startup=8, batch=8)).next([])
    assert {"dataset.data_seed=0,1,2" in job for job in asked.jobs} == {True, False}
    assert all(("dataset=two_moons" in job) == ("dataset.data_seed=0,1,2" in job) for job in asked.jobs)
    assert all("seed=5" in job for job in asked.jobs)


def test_the_study_has_the_values_that_train(space):
    search = OptunaSearch(space, HOW)
    trials = searched(lambda: search)
    for trial, recorded in zip(trials, kept(search), strict=True):
        shown = {key: str(value) for key, value in recorded.params.items()}
        assert shown == {
            key: value if "[" in value else str(parse_word(f"{key}={value}").value())
            for key, value in settings(trial.words).items()
        }
        assert [recorded.value] == list(trial.values)


def test_a_setting_is_tried_once_and_the_search_ends_when_all_are(composer):
    space = Space.of([parse_word(word) for word in ("optimizer=sgd,adamw", "model.hidden=[16],[32],[64]")], composer)
    for sampler in ("tpe", "random", "qmc"):
        found = searched(
            lambda of=sampler: OptunaSearch(space, replace(HOW, sampler=of)), lambda words: float(len(words[1]))
        )
        assert len(found) == len({trial.words for trial in found}) == 6


def test_a_setting_that_cannot_be_trained_is_not_asked_for(space):
    def judged(job):
        words = tuple(each.input_line for each in job)
        return str(words), ["too fast"] if float(settings(words)["optimizer.lr"]) > 0.01 else []

    found = searched(lambda: OptunaSearch(space, HOW, judged=judged))
    assert len(found) == HOW.n_trials
    assert all(float(settings(trial.words)["optimizer.lr"]) <= 0.01 for trial in found)
    assert searched(lambda: OptunaSearch(space, HOW, judged=judged), lives=True) == found
    with pytest.raises(ConfigError, match="trial 0: no setting that could be trained is found: too slow"):
        OptunaSearch(space, HOW, judged=lambda job: ("", ["too slow"])).next([])


def test_trials_that_diverged_are_the_worst_and_never_have_a_number(space):
    def value(words):
        rate = float(settings(words)["optimizer.lr"])
        return None if rate > 0.05 else abs(math.log10(rate) + 1.5)

    search = OptunaSearch(space, replace(HOW, n_trials=40))
    found = searched(lambda: search, value)
    lost = [trial.state for trial, how in zip(kept(search), found, strict=True) if how.values == (None,)]
    assert set(lost) == {optuna.trial.TrialState.PRUNED}
    late = sum(trial.values == (None,) for trial in found[-16:]) / 16
    early = sum(trial.values == (None,) for trial in found[:16]) / 16
    assert late <= early


def test_all_may_diverge(space):
    assert len(searched(lambda: OptunaSearch(space, HOW), lambda words: None)) == HOW.n_trials


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "qmc", "random"])
def test_trials_stay_as_they_are_when_one_that_had_failed_has_not(space, sampler):
    how = replace(HOW, sampler=sampler)
    whole = searched(lambda: OptunaSearch(space, how))
    mended = [replace(whole[0], values=(-5.0,)), *whole[1:8]]
    assert [trial.words for trial in searched(lambda: OptunaSearch(space, how), trials=mended)[:8]] == [
        trial.words for trial in whole[:8]
    ]


def test_two_objectives_are_searched_together(space):
    how = replace(HOW, maximize=(False, True), n_trials=20)
    search = OptunaSearch(space, how)
    found = searched(lambda: search, lambda words: (bowl(words), float(len(settings(words)["model.hidden"]))))
    assert [trial.values for trial in kept(search)] == [list(trial.values) for trial in found]
    assert searched(lambda: OptunaSearch(space, how), lambda words: (bowl(words), 4.0), lives=True)


def test_fewer_trials_than_there_are_is_refused(space):
    trials = searched(lambda: OptunaSearch(space, HOW))
    with pytest.raises(ConfigError, match=r"hydra.sweeper.n_trials = 5: the sweep has 14 trials already"):
        OptunaSearch(space, replace(HOW, n_trials=5)).next(trials)


def test_trials_of_other_ranges_are_refused(space, composer):
    trials = searched(lambda: OptunaSearch(space, HOW))
    narrow = Space.of([parse_word(word) for word in (WORDS[0], "optimizer.lr=interval(0.5,0.6)", *WORDS[2:])], composer)
    with pytest.raises(ConfigError, match=r"optimizer=.*: is a trial of the sweep and none that this search could ask"):
        OptunaSearch(narrow, replace(HOW, n_trials=20)).next(trials)


# ---- the file for others


def mirror(root, where=None, identity="a"):
    return Mirror(where, root, identity, ["minimize"], ["val/loss"])


def stored(root, where=None):
    storage = where or JournalStorage(JournalFileBackend(str(root / FILE)))
    (name,) = optuna.get_all_study_names(storage)
    return optuna.load_study(study_name=name, storage=storage)


def test_the_study_can_be_read_by_others(space, tmp_path):
    found = searched(lambda: OptunaSearch(space, HOW, mirror=mirror(tmp_path)), lives=True)
    study = stored(tmp_path)
    assert [trial.values for trial in study.trials] == [list(trial.values) for trial in found]
    assert study.best_trial.number == min(range(14), key=lambda i: found[i].values[0])
    assert study.metric_names == ["val/loss"]


def test_the_study_is_mended_after_a_kill_at_any_byte(space, tmp_path):
    trials = searched(lambda: OptunaSearch(space, HOW, mirror=mirror(tmp_path)))
    whole = (tmp_path / FILE).read_bytes()
    for cut in range(0, len(whole), len(whole) // 23):
        (tmp_path / FILE).write_bytes(whole[:cut])
        assert OptunaSearch(space, HOW, mirror=mirror(tmp_path)).next(trials) is None
        assert [trial.values for trial in stored(tmp_path).trials] == [list(trial.values) for trial in trials]


def test_what_has_changed_since_is_written_again(space, tmp_path):
    trials = searched(lambda: OptunaSearch(space, HOW, mirror=mirror(tmp_path)))
    trials[3] = replace(trials[3], values=(-5.0,))
    OptunaSearch(space, HOW, mirror=mirror(tmp_path)).next(trials)
    assert stored(tmp_path).best_trial.number == 3


def test_a_file_of_another_study_is_refused(space, tmp_path):
    searched(lambda: OptunaSearch(space, HOW, mirror=mirror(tmp_path)))
    with pytest.raises(ConfigError, match=r"hydra.sweeper.storage = .*optuna.journal: holds another study \(search\)"):
        mirror(tmp_path, identity="b").check()
    (tmp_path / FILE).write_text("not a journal\n" * 3)
    with pytest.raises(ConfigError, match=r"can't be read as studies of Optuna"):
        mirror(tmp_path).check()


def test_a_study_that_cannot_be_written_is_told(space, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(JournalFileBackend, "append_logs", full)
    with pytest.raises(RunError, match=r"can't write .*optuna.journal: .*No space left on device"):
        OptunaSearch(space, HOW, mirror=mirror(tmp_path)).next([])


def test_a_database_can_hold_several_studies(space, tmp_path):
    where = f"sqlite:///{tmp_path}/studies.db"
    for name in ("one", "two"):
        searched(lambda of=name: OptunaSearch(space, HOW, mirror=mirror(tmp_path / of, where)))
    assert optuna.get_all_study_names(where) == [f"{tmp_path.name}/one", f"{tmp_path.name}/two"]
