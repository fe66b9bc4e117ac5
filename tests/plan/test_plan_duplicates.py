"""Runs that are the same run have one identity; and what is left out of it changes no bit of a trained run."""

import csv

import pytest
from safetensors.numpy import load_file

from runner.config.settings import default_tree
from runner.config.validate import validate
from runner.execution.start import start
from runner.plan.duplicates import INERT, LABELS, canonical, describe, identity, plain, repeated, request


def run(choices: dict | None = None, **keys):
    """Settings from dotted keys with `__` for the dots."""
    tree = default_tree(choices)
    for key, value in keys.items():
        *parents, last = key.split("__")
        node = tree
        for part in parents:
            node = node[part]
        node[last] = value
    return validate(tree)


SGD = {"optimizer": "sgd"}
CSV, TABLE = {"dataset": "csv"}, {"dataset__path": "table.csv", "dataset__target": "y"}
SAME = {
    "regularizer.elastic_net.l1_ratio": (run(), run(regularizer__elastic_net__l1_ratio=0.9)),
    "regularizer.gradient_noise.gamma": (run(), run(regularizer__gradient_noise__gamma=2.0)),
    "name": (run(), run(name="mine")),
    "trainer.progress": (run(), run(trainer__progress=False)),
    "trainer.checkpoint_seconds": (run(), run(trainer__checkpoint_seconds=0.0)),
    "dataset.bins": (run(), run(dataset__bins=4)),
    "dataset.ngrams": (run(CSV, **TABLE), run(CSV, **TABLE, dataset__ngrams=3)),
    "dataset.text_features": (run(CSV, **TABLE), run(CSV, **TABLE, dataset__text_features=64)),
    "model.norm_position": (run(), run(model__norm_position="after")),
    "optimizer.decay_biases": (run(), run(optimizer__decay_biases=True)),
    "optimizer.dampening": (run(SGD), run(SGD, optimizer__dampening=0.5)),
    "optimizer.nesterov": (run(SGD), run(SGD, optimizer__nesterov=True)),
    "optimizer.proximal": (run(regularizer__dropout=0.2), run(regularizer__dropout=0.2, optimizer__proximal=True)),
    "scheduler.reference_batch": (run(), run(scheduler__reference_batch=64)),
    "early_stopping.mode": (run(), run(early_stopping__mode="min")),
    "a list of neutral strengths": (run(), run(regularizer__dropout=[0.0])),
    "a list of equal strengths, by layer": (run(regularizer__dropout=0.2), run(regularizer__dropout=[0.2])),
    "a list of equal penalties": (run(regularizer__l1=0.01), run(regularizer__l1=[0.01, 0.01])),
    "a list of equal norms": (run(regularizer__max_norm=1.0), run(regularizer__max_norm=[1.0, 1.0])),
    "adamw without decay": (run({"optimizer": "adam"}), run()),
    "adamw without decay, its own values": (
        run({"optimizer": "adam"}, optimizer__beta1=0.8, optimizer__amsgrad=True, optimizer__clip_norm=1.0),
        run(optimizer__beta1=0.8, optimizer__amsgrad=True, optimizer__clip_norm=1.0, optimizer__decay_biases=True),
    ),
    "adamw without decay, by proximal steps": (
        run({"optimizer": "adam"}, regularizer__l1=0.01, optimizer__proximal=True),
        run(regularizer__l1=0.01, optimizer__proximal=True),
    ),
    "loss auto": (run(), run({"loss": "cross_entropy"})),
    "a step after the end": (run(), run({"scheduler": "step"})),
    "a step by nothing": (run(), run({"scheduler": "step"}, scheduler__step_size=1, scheduler__gamma=1.0)),
    "an exponential by nothing": (run(), run({"scheduler": "exponential"}, scheduler__gamma=1.0)),
    "milestones after the end": (run(), run({"scheduler": "multistep"})),
    "no milestones": (run(), run({"scheduler": "multistep"}, scheduler__milestones=[], scheduler__gamma=0.5)),
    "a cosine whose floor is the rate": (run(), run({"scheduler": "cosine"}, scheduler__floor=1.0)),
    "restarts whose floor is the rate": (run(), run({"scheduler": "cosine_restarts"}, scheduler__floor=1.0)),
    "a line from 1 to 1": (run(), run({"scheduler": "linear"}, scheduler__end_factor=1.0)),
    "a polynomial to 1": (run(), run({"scheduler": "polynomial"}, scheduler__end_factor=1.0)),
    "a plateau too patient": (run(), run({"scheduler": "plateau"}, scheduler__patience=0)),
    "a step after the end and a warm-up": (
        run(scheduler__warmup=1.5, scheduler__batch_scaling="sqrt"),
        run({"scheduler": "step"}, scheduler__warmup=1.5, scheduler__batch_scaling="sqrt"),
    ),
    "averaging with no memory": (run(), run({"averaging": "ema"}, averaging__decay=0.0)),
    "an average of one epoch": (run(), run({"averaging": "swa"}, averaging__start=1.0)),
    "an average of one epoch, with running statistics": (
        run(model__norm="batch"),
        run({"averaging": "swa"}, model__norm="batch"),
    ),
    "a patience that cannot run out": (run(early_stopping__patience=None), run(early_stopping__patience=2)),
}
# Beside each the nearest that is not the same: (two of a pair, as above), with so many epochs that it acts.
NEAR = {
    "adamw with decay": (run({"optimizer": "adam"}, optimizer__weight_decay=0.1), run(optimizer__weight_decay=0.1)),
    "strengths that differ by layer": (run(regularizer__l1=0.01), run(regularizer__l1=[0.01, 0.02])),
    "another loss": (run(), run({"loss": "binary_cross_entropy"})),
    "losses of other tasks": (run({"loss": "cross_entropy"}), run({"loss": "mse"})),
    "a step in time": (run(), run({"scheduler": "step"}, scheduler__step_size=2)),
    "a plateau in time": (run(), run({"scheduler": "plateau"}, scheduler__patience=0)),
    "an average of two epochs": (run(), run({"averaging": "swa"}, averaging__start=0.4)),
    "averaging with a memory": (run(), run({"averaging": "ema"}, averaging__decay=0.1)),
    "a floor below the rate": (run(), run({"scheduler": "cosine"}, scheduler__floor=0.9)),
    "a patience that can run out": (run(early_stopping__patience=None), run(early_stopping__patience=1)),
    "a step in units that are not known": (
        run(scheduler__unit="steps"),
        run({"scheduler": "step"}, scheduler__unit="steps", scheduler__step_size=10**6),
    ),
}
DIFFERENT = {
    "regularizer.elastic_net.l1_ratio": {"regularizer__elastic_net__alpha": 0.1},
    "regularizer.gradient_noise.gamma": {"regularizer__gradient_noise__s": 0.1},
    "dataset.bins": {**TABLE, "dataset__numbers": "piecewise"},
    "dataset.ngrams": {**TABLE, "dataset__text": ["t"]},
    "dataset.text_features": {**TABLE, "dataset__text": ["t"]},
    "model.norm_position": {"model__norm": "batch"},
    "optimizer.decay_biases": {"optimizer__weight_decay": 0.1},
    "optimizer.dampening": {"optimizer__momentum": 0.9},
    "optimizer.nesterov": {"optimizer__momentum": 0.9},
    "optimizer.proximal": {"regularizer__l1": 0.1},
    "scheduler.reference_batch": {"scheduler__batch_scaling": "linear"},
}
VALUES = {"regularizer.elastic_net.l1_ratio": 0.9, "regularizer.gradient_noise.gamma": 2.0,
          "dataset.bins": 4, "dataset.ngrams": 3, "dataset.text_features": 64,
          "model.norm_position": "after", "optimizer.decay_biases": True, "optimizer.dampening": 0.5,
          "optimizer.nesterov": True, "optimizer.proximal": True, "scheduler.reference_batch": 64}  # fmt: skip


def short(settings, epochs):
    settings.trainer.epochs = epochs
    return settings


def test_every_rule_has_its_case():
    assert set(INERT) <= set(SAME)


@pytest.mark.parametrize("key", SAME)
def test_a_key_that_does_nothing_makes_no_second_run(key):
    one, other = (short(settings, 2) for settings in SAME[key])
    assert one != other
    assert identity(one) == identity(other)


@pytest.mark.parametrize("key", NEAR)
def test_what_is_near_it_is_a_run_of_its_own(key):
    one, other = (short(settings, 4) for settings in NEAR[key])
    assert identity(one) != identity(other)
    assert plain(plain(one)) == plain(one) and plain(plain(other)) == plain(other)


@pytest.mark.parametrize("key", SAME)
def test_what_is_called_the_same_run_is_so_to_the_last_bit(key, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,y\n" + "".join(f"{i * 7 % 11},{'no' if i % 3 else 'yes'}\n" for i in range(300)))
    written = []
    for name, settings in zip(("one", "other"), SAME[key], strict=True):
        settings.trainer.epochs, settings.model.hidden, settings.trainer.figures = 2, [8], False
        settings.dataset.train_size = 200
        if hasattr(settings.dataset, "path"):
            settings.dataset.path = str(table)
        (tmp_path / name).mkdir()
        start(settings, tmp_path / name)
        with (tmp_path / name / "metrics.csv").open(newline="") as file:
            rows = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
        weights = load_file(tmp_path / name / "model.safetensors")
        written.append((rows, {part: each.tobytes() for part, each in weights.items()}))
    assert len(written[0][0]) == 3
    assert written[0] == written[1]


@pytest.mark.parametrize("key", DIFFERENT)
def test_the_same_key_counts_where_it_does_something(key):
    choices = (
        CSV if key.startswith("dataset.") else SGD if key in ("optimizer.dampening", "optimizer.nesterov") else None
    )
    with_it = DIFFERENT[key] | {key.replace(".", "__"): VALUES[key]}
    assert identity(run(choices, **DIFFERENT[key])) != identity(run(choices, **with_it))
    assert key in canonical(run(choices, **with_it))


def test_labels_ask_for_no_run_of_their_own_and_all_else_does():
    assert {request(run(name=name, trainer__progress=on)) for name in (None, "a") for on in (True, False)} == {"{}"}
    for key, (one, other) in SAME.items():
        assert (request(one) == request(other)) == (key in LABELS), key


def test_every_other_key_counts():
    first = identity(run())
    for key, value in [("seed", 1), ("trainer__epochs", 3), ("trainer__figures", True),
                       ("early_stopping__warmup", 1), ("trainer__metrics", ["f1"]), ("regularizer__dropout", 0.1),
                       ("dataset__split_seed", 1), ("scheduler__unit", "steps")]:  # fmt: skip
        assert identity(run(**{key: value})) != first, key


def test_repeats_are_found_and_said():
    jobs = [run(), run(seed=1), run(regularizer__elastic_net__l1_ratio=0.9), run(seed=1, name="again"), run(seed=1)]
    found = repeated(jobs)
    assert found == {2: 0, 3: 1, 4: 1}
    assert describe(jobs, found) == (
        "5 jobs, 3 of them repeat others (regularizer.elastic_net.l1_ratio does nothing: 2 = 0; name does nothing: "
        "3 = 1; 4 = 1): 2 different, 1 with a copy of another's result (same_as in results.csv)"
    )
    assert describe(jobs[1:2] * 2, {1: 0}) == "2 jobs, 1 of them repeats another (1 = 0): 1 different"
    adam = [run({"optimizer": "adam"}, optimizer__decay_biases=True), run({"optimizer": "adamw"}, seed=0)]
    assert describe(adam, repeated(adam)) == (
        "2 jobs, 1 of them repeats another (optimizer=adamw comes to optimizer=adam: 1 = 0): 1 different, 1 with a "
        "copy of another's result (same_as in results.csv)"
    )
    assert describe(jobs[:2], repeated(jobs[:2])) is None
