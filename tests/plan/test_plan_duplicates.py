"""Runs that are the same run have one identity; and what is left out of it changes no bit of a trained run."""

import csv

import pytest
from safetensors.numpy import load_file

from runner.config.settings import default_tree
from runner.config.validate import validate
from runner.execution import session
from runner.plan.duplicates import INERT, canonical, describe, identity, repeated


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
SAME = {
    "regularizer.elastic_net.l1_ratio": (run(), run(regularizer__elastic_net__l1_ratio=0.9)),
    "regularizer.gradient_noise.gamma": (run(), run(regularizer__gradient_noise__gamma=2.0)),
    "name": (run(), run(name="mine")),
    "trainer.progress": (run(), run(trainer__progress=False)),
    "trainer.checkpoint_seconds": (run(), run(trainer__checkpoint_seconds=0.0)),
    "model.norm_position": (run(), run(model__norm_position="after")),
    "optimizer.decay_biases": (run(), run(optimizer__decay_biases=True)),
    "optimizer.dampening": (run(SGD), run(SGD, optimizer__dampening=0.5)),
    "optimizer.nesterov": (run(SGD), run(SGD, optimizer__nesterov=True)),
    "optimizer.proximal": (run(regularizer__dropout=0.2), run(regularizer__dropout=0.2, optimizer__proximal=True)),
    "scheduler.reference_batch": (run(), run(scheduler__reference_batch=64)),
    "early_stopping.mode": (run(), run(early_stopping__mode="min")),
    "a list of neutral strengths": (run(), run(regularizer__dropout=[0.0])),
}
DIFFERENT = {
    "regularizer.elastic_net.l1_ratio": {"regularizer__elastic_net__alpha": 0.1},
    "regularizer.gradient_noise.gamma": {"regularizer__gradient_noise__s": 0.1},
    "model.norm_position": {"model__norm": "batch"},
    "optimizer.decay_biases": {"optimizer__weight_decay": 0.1},
    "optimizer.dampening": {"optimizer__momentum": 0.9},
    "optimizer.nesterov": {"optimizer__momentum": 0.9},
    "optimizer.proximal": {"regularizer__l1": 0.1},
    "scheduler.reference_batch": {"scheduler__batch_scaling": "linear"},
}
VALUES = {"regularizer.elastic_net.l1_ratio": 0.9, "regularizer.gradient_noise.gamma": 2.0,
          "model.norm_position": "after", "optimizer.decay_biases": True, "optimizer.dampening": 0.5,
          "optimizer.nesterov": True, "optimizer.proximal": True, "scheduler.reference_batch": 64}  # fmt: skip


def test_every_rule_has_its_case():
    assert set(INERT) <= set(SAME)


@pytest.mark.parametrize("key", SAME)
def test_a_key_that_does_nothing_makes_no_second_run(key):
    one, other = SAME[key]
    assert one != other
    assert identity(one) == identity(other)


@pytest.mark.parametrize("key", SAME)
def test_what_is_called_the_same_run_is_so_to_the_last_bit(key, tmp_path):
    written = []
    for name, settings in zip(("one", "other"), SAME[key], strict=True):
        settings.trainer.epochs, settings.model.hidden, settings.trainer.figures = 2, [8], False
        settings.dataset.train_size = 200
        (tmp_path / name).mkdir()
        session.start([(settings, tmp_path / name)])
        with (tmp_path / name / "metrics.csv").open(newline="") as file:
            rows = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
        weights = load_file(tmp_path / name / "model.safetensors")
        written.append((rows, {part: each.tobytes() for part, each in weights.items()}))
    assert len(written[0][0]) == 3
    assert written[0] == written[1]


@pytest.mark.parametrize("key", DIFFERENT)
def test_the_same_key_counts_where_it_does_something(key):
    choices = SGD if key in ("optimizer.dampening", "optimizer.nesterov") else None
    with_it = DIFFERENT[key] | {key.replace(".", "__"): VALUES[key]}
    assert identity(run(choices, **DIFFERENT[key])) != identity(run(choices, **with_it))
    assert key in canonical(run(choices, **with_it))


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
        "3 = 1; 4 = 1): 2 different"
    )
    assert describe(jobs[:2], repeated(jobs[:2])) is None
