"""Gradients of every combination of pieces, kernels in single precision, padding under everything at once; what each
piece keeps by itself is in test_contracts.py.
"""

import pytest
import torch

from runner.checks import gradients
from runner.checks.gradients import check_gradient, engine_of
from runner.checks.populations import SHAPES, anywhere, variations
from runner.checks.tensors import check_padding
from runner.config.registry import entries

NORMS = ["none", *entries("norm")]
LOSSES = [name for name in entries("loss") if name != "auto"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", list(entries("activation")))
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_is_autograds_and_the_central_difference(activation, norm, loss):
    task = entries("loss")[loss].cls.task
    engine = engine_of(
        task=task, loss=loss, **{"model.activation": activation, "model.norm": norm, "regularizer.dropout": 0.2}
    )
    check_gradient(engine)


@pytest.mark.parametrize("name", [n for n, e in entries("optimizer").items() if e.cls.fused is not None])
def test_a_fused_kernel_is_the_definition_in_single_precision_too(name):
    gradients.fused(entries("optimizer")[name], torch.float32)


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
@pytest.mark.parametrize(
    ("activation", "norm"),
    [  # norms take turns; every activation with every norm is for a long search
        pytest.param(activation, norm, marks=() if i % len(NORMS) == j else pytest.mark.soak)
        for i, activation in enumerate(entries("activation"))
        for j, norm in enumerate(NORMS)
    ],
)
def test_padding_stays_zero_under_every_rule_and_regularizer(activation, norm, shape):
    quick = [n for n in anywhere("optimizer") if "max_parameters" not in entries("optimizer")[n].options]
    names = {"optimizer": quick, "regularizer": anywhere("regularizer")}
    changes = [variations(group, name)[0] for group, of_group in names.items() for name in of_group]
    check_padding([{"model.activation": activation, "model.norm": norm} | change for change in changes], shape)
