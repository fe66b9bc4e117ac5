"""Noise in an exported network: a module of torch where it has one, nothing where it has none."""

import torch
from torch import nn

from runner.execution.configurations import read
from runner.population.export import architecture
from runner.population.modules import build


def modules(**change) -> list[nn.Module]:
    """Of a network with two hidden layers."""
    return list(build(architecture(read({"model.hidden": [6, 5]} | change), 4, 3)))


def test_alpha_dropout_is_torchs():
    found = modules(**{"regularizer.alpha_dropout": [0.0, 0.1], "model.activation": "selu"})
    assert [type(m).__name__ for m in found] == ["Linear", "SELU", "Linear", "SELU", "AlphaDropout", "Linear"]
    assert found[4].p == 0.1


def test_both_dropouts_in_the_order_of_training():
    found = modules(**{"regularizer.dropout": 0.3, "regularizer.alpha_dropout": 0.1})
    assert [(type(m), m.p) for m in found if hasattr(m, "p")] == [(nn.AlphaDropout, 0.1), (nn.Dropout, 0.3)] * 2


def test_noise_without_a_module_leaves_no_place():
    noises = {f"regularizer.{name}": 0.1 for name in ("input_noise", "activation_noise", "gaussian_dropout")}
    noises |= {"regularizer.weight_noise": 0.1, "regularizer.gradient_noise.s": 0.1}
    assert [type(m) for m in modules(**noises)] == [type(m) for m in modules()]


def test_an_architecture_from_before_alpha_dropout_is_built():
    arch = architecture(read({"regularizer.dropout": 0.2}), 4, 3)
    del arch["alpha_dropout"]
    assert [m.p for m in build(arch) if isinstance(m, nn.Dropout)] == [0.2]
    assert build(arch)(torch.zeros(2, 4)).shape == (2, 3)
