"""Schedules, exactly: the table of rates of a whole training against torch.optim.lr_scheduler, and its ends."""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from runner.optimizers.schedules.decay import Constant, Cosine, Step
from runner.optimizers.schedules.plateau import Plateau

BASE = 0.3


def optimizer() -> torch.optim.Optimizer:
    """Something for a scheduler to write its rate into."""
    made = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    made.step()
    return made


def rates_of(make, ticks: int) -> np.ndarray:
    """The rates before each of `ticks` steps of a torch scheduler."""
    o = optimizer()
    scheduler = make(o)
    o.step()
    found = []
    for _ in range(ticks):
        found.append(o.param_groups[0]["lr"])
        scheduler.step()
    return np.array(found)


def ours(schedule, steps_per_epoch: int, epochs: int) -> np.ndarray:
    """All rates of a training."""
    return BASE * np.concatenate([schedule.factors(e, steps_per_epoch, epochs) for e in range(epochs)])


def warmed(main, length: int):
    """torch's way to say warm-up: LinearLR, then the schedule, in SequentialLR. (s + 1) / length in step s."""
    return lambda o: SequentialLR(
        o, [LinearLR(o, 1 / length, 1.0, total_iters=length - 1), main(o)], milestones=[length]
    )


BODIES = {
    "constant": (lambda **k: Constant(**k), lambda o: ConstantLR(o, factor=1.0)),
    "step": (lambda **k: Step(step_size=7, gamma=0.3, **k), lambda o: StepLR(o, 7, gamma=0.3)),
    "cosine": (lambda **k: Cosine(t_max=60, floor=0.2, **k), lambda o: CosineAnnealingLR(o, 60, eta_min=0.2 * BASE)),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("warmup", [0, 2, 5, 11])
def test_steps_against_sequential_lr(name, warmup):
    make, main = BODIES[name]
    expected = rates_of(warmed(main, warmup) if warmup else main, 60)
    np.testing.assert_allclose(ours(make(unit="steps", warmup=warmup), 5, 12), expected, rtol=1e-12)


@pytest.mark.parametrize("name", BODIES)
def test_epochs_hold_the_rate_for_an_epoch(name):
    make, main = BODIES[name]
    np.testing.assert_allclose(ours(make(), 4, 30), np.repeat(rates_of(main, 30), 4), rtol=1e-12)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("warmup", [1, 3])
def test_warm_up_in_epochs_moves_every_step_and_then_the_clock_starts(name, warmup):
    make, main = BODIES[name]
    rising = BASE * np.arange(1, 4 * warmup + 1) / (4 * warmup)
    expected = np.concatenate([rising, np.repeat(rates_of(main, 20 - warmup), 4)])
    np.testing.assert_allclose(ours(make(warmup=warmup), 4, 20), expected, rtol=1e-12)


@pytest.mark.parametrize("name", BODIES)
def test_no_warm_up_and_one_step_of_it_are_the_plain_schedule(name):
    make, _ = BODIES[name]
    plain = ours(make(unit="steps"), 5, 10)
    assert plain[0] == BASE
    np.testing.assert_array_equal(ours(make(unit="steps", warmup=0.4), 5, 10), plain)  # rounds to no step at all
    one = ours(make(unit="steps", warmup=1), 5, 10)
    np.testing.assert_array_equal(one, np.concatenate([[BASE], plain[:-1]]))


@pytest.mark.parametrize("name", BODIES)
def test_warm_up_may_be_the_whole_training(name):
    make, _ = BODIES[name]
    np.testing.assert_allclose(ours(make(warmup=6), 3, 6), BASE * np.arange(1, 19) / 18, rtol=1e-14)


def test_cosine_ends():
    """Without t_max the period is all the training after the warm-up; past t_max the rate stays at the floor."""
    whole = ours(Cosine(unit="steps", warmup=10), 10, 11)
    np.testing.assert_allclose(whole[10:], rates_of(lambda o: CosineAnnealingLR(o, 100), 100), rtol=1e-12, atol=1e-16)
    assert 0 < whole[-1] < 1e-3 * BASE
    past = ours(Cosine(unit="steps", t_max=30, floor=0.25), 10, 6)
    np.testing.assert_array_equal(past[30:], np.full(30, 0.25 * BASE))
    assert past[29] > past[30]
    assert ours(Cosine(), 3, 1).tolist() == [BASE] * 3


def test_step_drops_at_once_after_step_size():
    rates = ours(Step(step_size=2, gamma=0.5), 3, 5)
    np.testing.assert_array_equal(rates, BASE * np.repeat([1, 1, 0.5, 0.5, 0.25], 3))


@given(
    values=st.lists(st.floats(-2, 5, allow_subnormal=False), min_size=1, max_size=40),
    maximize=st.booleans(),
    patience=st.integers(0, 3),
    cooldown=st.integers(0, 3),
    threshold=st.sampled_from([0.0, 1e-4, 0.1]),
    floor=st.sampled_from([0.0, 0.05]),
)
@example([1.0] * 30, False, 2, 1, 1e-4, 0.05)
@example([0.0] * 9, True, 0, 0, 0.0, 0.0)
@example([-1.0, -1.05, -1.2, -1.2], False, 0, 0, 0.1, 0.0)
def test_plateau(values, maximize, patience, cooldown, threshold, floor):
    """Any history of the metric: the same rate after every epoch (torch's smallest change `eps` set to 0)."""
    schedule = Plateau(factor=0.4, patience=patience, cooldown=cooldown, threshold=threshold, min_factor=floor)
    o = optimizer()
    mode = "max" if maximize else "min"
    reference = ReduceLROnPlateau(
        o, mode, factor=0.4, patience=patience, cooldown=cooldown, threshold=threshold, min_lr=floor * BASE, eps=0.0
    )
    state: dict = {}
    for value in values:
        reference.step(value)
        state = schedule.react(state, value, maximize)
        assert BASE * state["scale"] == pytest.approx(o.param_groups[0]["lr"], rel=1e-12, abs=0)
