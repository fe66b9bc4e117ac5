"""S11: the gradient check."""

import numpy as np
import pytest

from runner.diagnose.kinds import gradients
from runner.diagnose.landscape import Landscape


def test_central_differences_confirm_the_gradient_with_all_that_is_switched_on(ask):
    words = ["regularizer.l1=0.01", "regularizer.dropout=0.3", "regularizer.activity_l1=0.01", "model.norm=batch"]
    found = ask("gradients", "model.hidden=[8,6]", "model.activation=tanh", "--checked", "5", *words)
    assert found.numbers["right"] and found.numbers["worst"] < 1e-7
    names = [each["tensor"] for each in found.numbers["tensors"]]
    assert names[:3] == ["0.weight", "1.weight", "2.weight"] and "0.gain" in names
    assert "the gradient agrees with the slope" in found.said and "runner diagnose lr_range" in found.said
    at = found.numbers["curves"]["x^3 at 1"]
    h = [round(np.log10(each)) for each in at["h"]]
    shown = [[f"{at[kind][h.index(power)]:.1e}" for kind in ("forward", "central")] for power in (-5, -8)]
    assert shown == [["1.0e-05", "3.2e-11"], ["1.3e-09", "2.4e-09"]]
    network = found.numbers["curves"]["network"]
    assert network["central"][h.index(-5)] < 1e-2 * network["forward"][h.index(-5)]


def test_a_wrong_gradient_is_found_out(ask, monkeypatch):
    right = Landscape.gradient
    monkeypatch.setattr(Landscape, "gradient", lambda self, w: right(self, w) * (1 + 1e-4 * (np.arange(len(w)) < 99)))
    found = ask("gradients", "model.hidden=[4]", "--checked", "10")
    assert not found.numbers["right"] and "is NOT the slope" in found.said
    assert "0.weight is wrong: leave techniques out" in found.said


def test_differences_are_those_of_the_formula():
    found = gradients.differences(lambda t: np.exp(t), 1.0)
    h = found["h"].index(1e-2)
    assert found["forward"][h] == pytest.approx((np.exp(0.01) - 1) / 0.01 - 1, rel=1e-9)
    assert found["central"][h] == pytest.approx(np.sinh(0.01) / 0.01 - 1, rel=1e-8)
