"""Every schedule known in advance, exactly: the rate of each step of its parity cases, and its last steps."""

import numpy as np
import pytest
from parity_case import Schedule, of_case
from parity_cases import CASES
from parity_reference import Rate

from runner.config.registry import entries

STEPS_PER_EPOCH = 4  # 90 examples in batches of 24
KNOWN = [case for case in CASES if isinstance(case.schedule, Schedule) and not case.schedule.reactive]


def rates(run, epochs: int) -> np.ndarray:
    """All rates of a training."""
    lr = run.optimizer.lr * run.scheduler.batch_factor(run.trainer.batch_size)
    return lr * np.concatenate([run.scheduler.factors(epoch, STEPS_PER_EPOCH, epochs) for epoch in range(epochs)])


@pytest.mark.parametrize("case", KNOWN, ids=str)
def test_rate_of_every_step(case):
    run = of_case(case, "float64")
    reference, expected = Rate(case.schedule, run.optimizer.lr, STEPS_PER_EPOCH), []
    for _ in range(run.trainer.epochs * STEPS_PER_EPOCH):
        expected.append(reference.value())
        reference.after_step()
    np.testing.assert_allclose(rates(run, run.trainer.epochs), expected, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("unit", ["epochs", "steps"])
@pytest.mark.parametrize("name", sorted(entries("scheduler")))
def test_short_trainings_have_rates(name, unit):
    """Training of one step, of one epoch, and warm-up to the end: positive where it begins, never more than lr."""
    for epochs, steps, warmup in ((1, 1, 0), (1, 3, 0), (2, 3, 2), (2, 3, 6)):
        if unit == "epochs" and warmup > epochs:
            continue
        schedule = entries("scheduler")[name].cls(unit=unit, warmup=warmup)
        found = np.concatenate([schedule.factors(epoch, steps, epochs) for epoch in range(epochs)])
        assert found.shape == (epochs * steps,)
        assert (found >= 0).all() and (found <= 1 + 1e-12).all()
        assert found[0] > 0
