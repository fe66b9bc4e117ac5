"""Gradients of every combination of pieces, kernels in single precision, padding under everything at once; what each
piece keeps by itself is in test_contracts.py.

Every activation meets every norm and every loss every other piece; all three in all combinations are for a long search.
"""

import itertools

import pytest
import torch

from runner.checks import gradients
from runner.checks.gradients import check_gradient, engine_of
from runner.checks.populations import SHAPES, anywhere, variations
from runner.checks.tensors import check_padding
from runner.config.registry import entries

NORMS = ["none", *entries("norm")]
LOSSES = [name for name in entries("loss") if name != "auto"]


def in_turns(*lists):
    """All combinations, of which those are quick in which the last list takes turns: any others have all met."""
    found = []
    for places in itertools.product(*(range(len(each)) for each in lists)):
        quick = sum(places[:-1]) % len(lists[-1]) == places[-1]
        values = [each[place] for each, place in zip(lists, places, strict=True)]
        found.append(pytest.param(*values, marks=() if quick else pytest.mark.soak))
    return found


@pytest.mark.parametrize(("activation", "norm", "loss"), in_turns(list(entries("activation")), NORMS, LOSSES))
def test_gradient_is_autograds_and_the_central_difference(activation, norm, loss):
    task = entries("loss")[loss].cls.task
    engine = engine_of(
        task=task, loss=loss, **{"model.activation": activation, "model.norm": norm, "regularizer.dropout": 0.2}
    )
    check_gradient(engine)


@pytest.mark.parametrize("name", [n for n, e in entries("optimizer").items() if e.cls.fused is not None])
def test_a_fused_kernel_is_the_definition_in_single_precision_too(name):
    gradients.fused(entries("optimizer")[name], torch.float32)


@pytest.mark.parametrize(
    ("activation", "around"), in_turns(list(entries("activation")), [*itertools.product(NORMS, SHAPES[:2])]), ids=str
)
def test_padding_stays_zero_under_every_rule_and_regularizer(activation, around):
    norm, shape = around
    quick = [n for n in anywhere("optimizer") if "max_parameters" not in entries("optimizer")[n].options]
    names = {"optimizer": quick, "regularizer": anywhere("regularizer")}
    changes = [variations(group, name)[0] for group, of_group in names.items() for name in of_group]
    check_padding([{"model.activation": activation, "model.norm": norm} | change for change in changes], shape)
