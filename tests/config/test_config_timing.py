"""The epoch in which a piece says that it begins is the first in which it changes anything."""

import numpy as np
import pytest

from runner.config.registry import entries
from runner.config.timing import late
from runner.execution.configurations import read
from runner.training.stopping import Stopping

STEPS = 7  # an epoch


def begins(group, epochs, **changes):
    """{epoch: what} of one piece that acts only then."""
    piece = getattr(read({"trainer.epochs": epochs} | changes), group)
    return [each for each in piece.begins(epochs, STEPS) if each.only_then]


def rates(epochs, **changes):
    schedule = read({"trainer.epochs": epochs} | changes).scheduler
    return np.array([schedule.factors(epoch, STEPS, epochs) for epoch in range(epochs)])


@pytest.mark.parametrize("warmup", [0, 3])
@pytest.mark.parametrize("unit", ["epochs", "steps"])
@pytest.mark.parametrize(
    ("name", "keys", "first"),
    [
        ("step", {"step_size": 10}, 10),
        ("multistep", {"milestones": [9, 4, 11]}, 4),
        ("exponential", {}, 1),
    ],
)
def test_a_drop_comes_in_the_first_epoch_with_another_rate(name, keys, first, unit, warmup):
    changes = {"scheduler": name, "scheduler.unit": unit, "scheduler.warmup": warmup}
    changes |= {f"scheduler.{key}": value for key, value in keys.items()}
    (found,) = begins("scheduler", 20, **changes)
    expected = warmup + first + 1 if unit == "epochs" else (warmup + first) // STEPS + 1
    assert found.epoch == expected
    without = rates(20, **{"scheduler.unit": unit, "scheduler.warmup": warmup})
    differs = np.flatnonzero((rates(20, **changes) != without).any(axis=1)) + 1
    assert differs[0] == expected


@pytest.mark.parametrize(
    ("name", "key", "unit", "time", "epoch"),
    [
        ("cosine", "t_max", "epochs", 12, 12),
        ("linear", "total_iters", "epochs", 12, 12),
        ("polynomial", "total_iters", "epochs", 12, 12),
        ("cosine", "t_max", "steps", 12, 2),
        ("cosine_restarts", "t_0", "epochs", 12, 13),
        ("cosine_restarts", "t_0", "steps", 14, 3),
    ],
)
def test_the_end_of_a_decay_and_the_first_restart(name, key, unit, time, epoch):
    """A decay of 12 epochs needs 12; a restart after 12 epochs a 13th."""
    changes = {"scheduler": name, f"scheduler.{key}": time, "scheduler.unit": unit}
    for length, expected in ((epoch - 1, [f"scheduler.{key}"]), (epoch, [])):
        settings = read(changes | {"trainer.epochs": length})
        assert [each.key for each in late(settings, STEPS, length)] == expected
    multiplier = entries("scheduler")[name].cls(**{key: time}).multiplier(np.arange(40.0), 40.0)
    if key == "t_0":
        assert multiplier[time] == 1 > multiplier[time - 1]
    else:
        assert len(set(multiplier[time:])) == 1 and multiplier[time - 1] != multiplier[time]


@pytest.mark.parametrize("unit", ["epochs", "steps"])
def test_the_end_of_a_warm_up(unit):
    settings = read({"scheduler.warmup": 2.5 if unit == "epochs" else 15, "scheduler.unit": unit})
    (found,) = settings.scheduler.begins(100, STEPS)
    factors = rates(4, **{"scheduler.warmup": settings.scheduler.warmup, "scheduler.unit": unit})
    assert found.epoch == np.flatnonzero((factors == 1).any(axis=1))[0] + 1 == 3


@pytest.mark.parametrize("patience", [0, 3])
def test_a_plateau_drops_after_one_best_and_patience_and_one_worse_epochs(patience):
    (found,) = begins("scheduler", 100, **{"scheduler": "plateau", "scheduler.patience": patience})
    schedule = read({"scheduler": "plateau", "scheduler.patience": patience}).scheduler
    state, trained = {"scale": 1.0}, 0
    while state["scale"] == 1:
        state, trained = schedule.react(state, 1.0, maximize=False), trained + 1
    assert found.epoch == trained + 1 == patience + 3


@pytest.mark.parametrize(("start", "epochs"), [(0.0, 5), (0.5, 5), (0.75, 4), (0.75, 100), (1.0, 3)])
def test_an_average_is_one_from_its_second_epoch_on(start, epochs):
    average = entries("averaging")["swa"].cls(start=start)
    (found,) = average.begins(epochs, STEPS)
    theta = np.random.default_rng(0).normal(size=(epochs, STEPS))
    shown, differs = 0.0, []
    for epoch in range(epochs):
        for c, w in zip(average.weights(epoch, STEPS, epochs), theta[epoch], strict=True):
            shown += c * (w - shown)
        differs += [epoch + 1] if abs(shown - theta[epoch, -1]) > 1e-12 else []
    assert (differs or [found.epoch])[0] == found.epoch
    assert average.idle(epochs) == (not differs) == (found.epoch > epochs)


@pytest.mark.parametrize(("warmup", "patience"), [(0, 0), (0, 4), (3, 4)])
def test_the_first_epoch_that_stopping_can_leave_out(warmup, patience):
    rule = read({"early_stopping.warmup": warmup, "early_stopping.patience": patience}).early_stopping
    stopping = Stopping()
    for epoch in range(100):
        stopping.update(rule, epoch, 1.0)
        if stopping.exhausted(rule):
            break
    assert epoch == rule.earliest(None)
    assert next(each.epoch for each in rule.begins(100, STEPS) if each.key == "patience") == epoch + 1


def test_the_first_step_that_is_logged():
    for every, epoch in ((1, 1), (7, 1), (8, 2), (15, 3)):
        (found,) = read({"trainer.log_every_steps": every}).trainer.begins(100, STEPS)
        assert found.epoch == epoch


def test_what_counts_in_steps_waits_for_their_number():
    settings = read({"scheduler": "step", "scheduler.unit": "steps"})
    assert list(late(settings, None, 0)) == []
    assert [each.key for each in late(settings, STEPS, 0)] == ["scheduler.step_size"]
