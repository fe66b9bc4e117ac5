"""Update rules in single precision are those in double, and hyper-parameters keep all their digits."""

import numpy as np
import pytest
import torch

from runner.checks.populations import data, settings, train
from runner.config.registry import entries, number
from runner.execution.configurations import read
from runner.optimizers.segments import Hyper, Segment


def after(name: str, dtype: torch.dtype, steps: int = 4, **change) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Weights and state of two rows after some steps of the rule's definition."""
    random = torch.Generator().manual_seed(0)
    gradients = torch.randn(steps, 2, 32, generator=random, dtype=torch.float64).float()
    w = torch.zeros(2, 32, dtype=dtype)
    g = torch.zeros_like(w)
    segment = Segment([read({"optimizer": name} | change)] * 2, slice(0, 2), 32, w)
    segment.start_epoch(torch.full((2, steps), 0.01, dtype=torch.float64), torch.zeros(2, dtype=torch.int64), w, g)
    segment.use_fused = False
    for s in range(steps):
        g.copy_(gradients[s])
        segment.update(s)
    return w.double(), {slot: tensor.double() for slot, tensor in segment.state.items()}


@pytest.mark.parametrize("name", sorted(n for n, entry in entries("optimizer").items() if not entry.cls.searches))
def test_single_precision_loses_no_more_than_rounding(name):
    """With a memory of 1,000 steps 1 - beta has only five digits if beta is rounded first."""
    keys = entries("optimizer")[name].options
    long = {f"optimizer.{key}": 0.999 for key in ("beta1", "beta2", "rho", "dampening") if key in keys}
    long |= {"optimizer.momentum": 0.9} if "momentum" in keys else {}
    single, double = after(name, torch.float32, **long), after(name, torch.float64, **long)
    for slot, expected in double[1].items():
        assert float((single[1][slot] - expected).norm() / expected.norm()) < 1e-6, slot
    assert float((single[0] - double[0]).norm() / double[0].norm()) < 2e-6


@pytest.mark.parametrize("name", sorted(entries("optimizer")))
def test_the_numbers_of_a_rule_are_those_that_act_in_it(name):
    """The rate is a table of its own, and clipping is over before the rule begins."""
    options = entries("optimizer")[name].options
    stages = {key: option.stage for key, option in options.items() if option.kind == "column"}
    assert {key for key in stages if stages[key] == "rate"} == {"lr"}
    assert {key for key in stages if stages[key] == "clip"} == {"clip_norm", "clip_value"}
    segment = Segment([read({"optimizer": name})], slice(0, 1), 32, torch.zeros(1, 32))
    assert set(segment.columns) == set(stages) - {"lr", "clip_norm", "clip_value"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_centered_rmsprop_takes_no_root_of_what_rounding_makes_negative(dtype, way):
    """Without memory, r - a^2 is g^2 - g^2."""
    change = {"optimizer": "rmsprop", "optimizer.centered": True, "optimizer.rho": 0.0, "optimizer.eps": 1.0}
    [found] = train([settings(**change | way | {"trainer.dtype": dtype})], [data(13, 2, dtype=dtype)])
    assert np.isfinite(found["curve"]).all()


def test_a_stage_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="stage 'after' is none of"):
        number(0.0, stage="after")


def test_complement_is_of_the_number_as_it_was_given():
    column = torch.tensor([[0.999], [0.9]], dtype=torch.float64)
    h = Hyper({"beta": column, "off": None}, {"lr": torch.tensor([[1.0, 2.0], [3.0, 4.0]])}, torch.float32)
    assert torch.equal(h.complement("beta"), torch.tensor([[0.001], [0.1]]))
    assert h.off is None
    assert h.at(1).lr.tolist() == [[2.0], [4.0]]
    assert h.at(0).lr.tolist() == [[1.0], [3.0]]
    with pytest.raises(KeyError, match="off is neutral"):
        h.complement("off")
