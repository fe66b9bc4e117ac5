"""A whole sweep checked before anything trains: every problem of every job, once, with the jobs that have it."""

import pytest

from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.errors import ConfigError
from runner.plan.command_line import check_command_line, read_command_line
from runner.plan.recipes import sweep_words


@pytest.fixture(scope="module", autouse=True)
def ready():
    with hydra_ready(config_dir()):
        yield


def found(*words: str, multirun: bool = True) -> list[str]:
    with pytest.raises(ConfigError) as error:
        check_command_line(list(words), multirun=multirun)
    return error.value.problems


def test_every_problem_stands_once_with_its_jobs():
    problems = found("optimizer.lr=0.1,-1,-2", "seed=0,1,-7")
    assert [each.split(": out of range")[0] for each in problems] == [
        "jobs 2, 5, 8 (seed=-7): seed = -7",
        "jobs 3, 4, 5 (optimizer.lr=-1): optimizer.lr = -1",
        "jobs 6, 7, 8 (optimizer.lr=-2): optimizer.lr = -2",
    ]


def test_an_unknown_choice_is_said_once_whatever_else_is_swept():
    problems = found("optimizer=sgd,smd", "optimizer.lr=0.1,-1", "seed=0,1")
    assert len(problems) == 2
    assert problems[0].startswith("jobs 2, 3, 6, 7 (optimizer.lr=-1): optimizer.lr = -1: ")
    assert problems[1].startswith("jobs 4, 5, 6, 7 (optimizer=smd): optimizer = smd: unknown choice")


def test_a_key_that_a_zipped_choice_lacks_names_the_jobs():
    zipped = "hydra.sweeper.zip=[[optimizer,optimizer.momentum]]"
    problems = found("optimizer=sgd,adam,adamw", "optimizer.momentum=0.9,0.9,0.9", "seeds=2", zipped)
    assert [each.split(" has no such key")[0] for each in problems] == [
        "jobs 2, 3 (optimizer=adam): optimizer.momentum = 0.9: optimizer=adam",
        "jobs 4, 5 (optimizer=adamw): optimizer.momentum = 0.9: optimizer=adamw",
    ]


def test_a_key_that_none_of_the_swept_choices_has_is_wrong_in_all_of_them():
    problems = found("optimizer=adam,adamw", "optimizer.momentum=0.9")
    assert all("it belongs to optimizer=muon and optimizer=rmsprop" in each for each in problems)
    assert len(problems) == 2
    (problem,) = found("optimizer=sgd,adamw", "optimizer.momentumm=0.5,0.9", "hydra/sweeper=random")[:1]
    assert "did you mean optimizer.momentum" in problem


def test_what_is_wrong_in_every_job_names_none():
    (problem,) = found("seed=0,1", "optimizer.lrr=3")
    assert problem.startswith("optimizer.lrr = 3: ")


def test_a_conflict_in_one_job_only_names_it():
    (problem,) = found("model.residual=true", "model.hidden=[64,64],[32,64]", "seed=0")
    assert problem.startswith("job 1 (model.hidden=[32,64]): model.residual = true: ")


def test_many_jobs_are_counted():
    (problem,) = found("seeds=30", "optimizer.lr=0.1,-1")
    assert problem.startswith("jobs 1, 3, 5, 7, 9, 11, 13, 15, ... (30 in all; optimizer.lr=-1): optimizer.lr = -1")


def test_jobs_that_share_no_word_are_told_by_number():
    (problem,) = found("model.residual=true", "model.hidden=[64,64],[32,64],[16,64]", "hydra.sweeper.zip=null")[:1]
    assert problem.startswith("job 1 (model.hidden=[32,64]): ")


def test_a_sweep_of_more_than_a_thousand_jobs_is_checked_to_the_last():
    (problem,) = found("seed=range(600)", "model.residual=true", "model.hidden=[8,8],[9,8]")
    assert "(600 in all; model.hidden=[9,8])" in problem


def test_a_sweep_that_cannot_be_expanded_is_checked_one_value_at_a_time():
    many = ",".join(str(i) for i in range(110))
    problems = found(f"seed={many}", f"dataset.split_seed={many},-1")
    assert problems[0].startswith("hydra.sweeper.max_jobs = 10000: the sweep has 12210 jobs (110 x 111)")
    assert problems[1].startswith("dataset.split_seed = -1: ")
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["seed=range(3,3)"], "seed=range(3,3): stands for no value at all"),
        (["experiment=glob(zzz*)"], "experiment=glob(zzz*): stands for no value at all"),
        (["seeds=0"], "seeds = 0: how many seeds"),
        (["seeds=x"], "for example seeds=5"),
        (["seeds=2", "seed=3,4"], "seeds=2 and seed=3,4: both say which seeds"),
        (["seeds=100001"], "hydra.sweeper.max_jobs=100001"),
        (["optimizer.lr=interval(0.1,1)"], "optimizer.lr=interval(0.1,1): an interval"),
        (["optimizer.lr=range(1,2,0)"], "optimizer.lr=range(1,2,0): "),
        (["hydra.sweeper.max_jobs=many", "seed=1,2"], "hydra.sweeper.max_jobs = many"),
        (["hydra.sweeper.max_jbos=5", "seed=1,2"], "unknown key; did you mean hydra.sweeper.max_jobs?"),
        (["hydra.launcher.worker=2", "seed=1,2"], "unknown key; did you mean hydra.launcher.workers?"),
        (["hydra.launcher.xyz=2", "seed=1,2"], "unknown key; hydra.launcher has executor, workers, "),
        (["hydra/sweeper=gird", "seed=1,2"], "hydra/sweeper = gird: unknown choice; did you mean hydra/sweeper=grid?"),
        (["hydra/launcher=ray", "seed=1,2"], "unknown choice; did you mean hydra.launcher.executor=ray?"),
        (["hydra.launcher.workers=1,2"], "keys of Hydra itself cannot be swept over"),
        (["hydra.sweeper.zip=[[optimizer,optimizer.lr]]", "optimizer=sgd,adam", "optimizer.lr=1,2,3"],
         "optimizer has 2 values, optimizer.lr has 3 values"),
        (["name=a(b,", "seed=1,2"], "Perhaps you meant: runner -m \"name='a(b,'\" seed=1,2"),
        (["name='x", "seed=1,2"], "Perhaps you meant: runner -m \"name='x'\" seed=1,2"),
    ],
)  # fmt: skip
def test_one_mistake_one_line(words, says):
    (problem,) = found(*words)
    assert says in problem
    assert "\n" not in problem


def test_seeds_are_a_sweep():
    (problem,) = found("seeds=5", multirun=False)
    assert problem.startswith("seeds=5: several runs are a sweep; add -m")


def test_the_check_and_the_sweeper_see_the_same_jobs():
    words = ["hydra.sweeper.zip=[[optimizer,optimizer.lr]]", "optimizer=sgd,adam", "optimizer.lr=0.1,0.2", "seeds=2",
             "regularizer.dropout=shuffle(0,0.1,0.2)"]  # fmt: skip
    line = read_command_line(words, multirun=True)
    task = [word for word in line.words if not word.startswith("hydra")]
    expected = sweep_words(task, {"_target_": "hydra_plugins.runner_sweeper.GridSweeper", "max_jobs": None,
                                  "zip": [["optimizer", "optimizer.lr"]]})  # fmt: skip
    assert [[each.input_line for each in job] for job in line.jobs] == expected
    assert len(expected) == 2 * 2 * 3
    assert [s.seed for s in line.settings] == [int(job[2].partition("=")[2]) for job in expected]
    assert {(type(s.optimizer).__name__, s.optimizer.lr) for s in line.settings} == {("SGD", 0.1), ("Adam", 0.2)}


def test_a_random_sweep_is_checked_where_it_will_train():
    words = ["hydra/sweeper=random", "hydra.sweeper.n_trials=50", "regularizer.dropout=0.5,1.5"]
    (problem,) = found(*words)
    assert " in all; regularizer.dropout=1.5): regularizer.dropout = 1.5: out of range" in problem
    assert "50 in all" not in problem
    (problem,) = found(*words[:2], "regularizer.dropout=interval(0.5,1.5)")
    assert problem.startswith("regularizer.dropout=interval(0.5,1.5): out of range; allowed: a number >= 0 and < 1")
    line = read_command_line([*words[:2], "regularizer.dropout=interval(0.5,0.7)", "seeds=2"], multirun=True)
    assert len(line.settings) == 100


def test_hydras_own_words_reach_every_job(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "elsewhere.yaml").write_text("# @package _global_\ntrainer: {epochs: 7}\n")
    word = f"hydra.searchpath=[file://{tmp_path}]"
    line = read_command_line([word, "experiment=elsewhere", "seed=0,1"], multirun=True)
    assert [s.trainer.epochs for s in line.settings] == [7, 7]


def test_all_of_a_thousand_jobs_are_checked():
    words = ["seed=range(16)", "regularizer.dropout=0,0.1,0.2,0.3", f"optimizer.lr={','.join(map(str, range(1, 17)))}"]
    assert len(read_command_line(words, multirun=True).settings) == 1024
    with pytest.raises(ConfigError, match=r"64 in all; trainer\.epochs=-1"):
        read_command_line([*words[:2], "trainer.epochs=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,-1"], multirun=True)


def test_jobs_of_the_same_choices_are_composed_by_hydra_once(monkeypatch):
    composed = []
    plain = Composer.base
    monkeypatch.setattr(Composer, "base", lambda self, words: composed.append(tuple(words)) or plain(self, words))
    before = len(composed)
    line = read_command_line(["optimizer=sgd,adam", "seeds=50"], multirun=True)
    assert len(line.settings) == 100
    assert len({tuple(o.input_line for o in words) for words in composed[before:]}) == 4  # and the first job whole
