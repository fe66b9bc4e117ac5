"""Every formula in a docstring against its code in the first steps, in double precision.

Each is written down here once more, in NumPy, from the docstring and from nothing else; beside it stands its text, so
that a formula that changes has to be written down again.
"""

from __future__ import annotations

from math import cos, pi, sqrt

import numpy as np
import pytest
import torch

from runner.config.registry import entries
from runner.execution.configurations import read
from runner.optimizers.segments import Segment
from runner.regularizers.base import Constraint, Penalty
from runner.training.averaging import Average

STEPS = 8  # the issue of a first step shows in 1 to 3; radam's rectification, with a short memory, later
RATES = [0.1, 0.05, 0.2, 0.1, 0.3, 0.1, 0.02, 0.1]
G = np.random.default_rng(0).normal(size=(STEPS, 5))
W = np.random.default_rng(1).normal(size=5)


# ---- optimizers: (text, function of (w, g, state, h, t, lr) that gives (w, rate of a proximal step)), variants


def sgd(w, g, s, h, t, lr):
    whole = t == 1 and not h.zero_start
    rate = lr * (1 - h.dampening if h.momentum else 1) / (1 - h.momentum)
    if h.velocity:
        s.m = h.momentum * s.m - lr * (1 if whole else 1 - h.dampening) * g
        return w + (h.momentum * s.m - lr * g if h.nesterov else s.m), rate
    s.m = g if whole else h.momentum * s.m + (1 - h.dampening) * g
    step = g + h.momentum * s.m if h.nesterov else s.m
    step = step if h.momentum else g
    return w - lr * step, rate


def signsgd(w, g, s, h, t, lr):
    s.m = h.momentum * s.m + (1 - h.momentum) * g
    return w - lr * np.sign(s.m), lr


def moments(g, s, h):
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.v = h.beta2 * s.v + (1 - h.beta2) * g**2


def adam(w, g, s, h, t, lr):
    moments(g, s, h)
    s.most = np.maximum(s.most, s.v)
    corrects = h.bias_correction
    vhat = (s.most if h.amsgrad else s.v) / (1 - h.beta2**t if corrects else 1)
    rate = lr / (np.sqrt(vhat) + h.eps)
    return w - rate * s.m / (1 - h.beta1**t if corrects else 1), rate


def adamw(w, g, s, h, t, lr):
    return adam((1 - lr * h.weight_decay) * w, g, s, h, t, lr)


def adamax(w, g, s, h, t, lr):
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.u = np.maximum(h.beta2 * s.u, np.abs(g) + h.eps)
    return w - lr * s.m / (1 - h.beta1**t) / s.u, lr / s.u


def nadam(w, g, s, h, t, lr):
    moments(g, s, h)
    mu = [h.beta1 * (1 - 0.96 ** (k * h.momentum_decay) / 2) for k in range(1, t + 2)]
    look = (1 - mu[-2]) * g / (1 - np.prod(mu[:-1])) + mu[-1] * s.m / (1 - np.prod(mu))
    rate = lr / (np.sqrt(s.v / (1 - h.beta2**t)) + h.eps)
    return w - rate * look, rate


def radam(w, g, s, h, t, lr):
    moments(g, s, h)
    rho = 2 / (1 - h.beta2) - 1
    rho_t = rho - 2 * t * h.beta2**t / (1 - h.beta2**t)
    rate = np.full_like(g, lr)
    if rho_t > 5:
        r = sqrt((rho_t - 4) * (rho_t - 2) * rho / ((rho - 4) * (rho - 2) * rho_t))
        rate = lr * r * sqrt(1 - h.beta2**t) / (np.sqrt(s.v) + h.eps)
    return w - rate * s.m / (1 - h.beta1**t), rate


def rmsprop(w, g, s, h, t, lr):
    s.r, s.a = h.rho * s.r + (1 - h.rho) * g**2, h.rho * s.a + (1 - h.rho) * g
    quotient = 1 / (np.sqrt(s.r - s.a**2 if h.centered else s.r) + h.eps)
    s.b = h.momentum * s.b + g * quotient
    return w - lr * s.b, lr * quotient / (1 - h.momentum)


def adagrad(w, g, s, h, t, lr):
    s.r = (h.initial_accumulator_value if t == 1 else s.r) + g**2
    rate = lr / (1 + (t - 1) * h.lr_decay) / (np.sqrt(s.r) + h.eps)
    return w - rate * g, rate


def adadelta(w, g, s, h, t, lr):
    s.r = h.rho * s.r + (1 - h.rho) * g**2
    d = np.sqrt(s.s + h.eps) / np.sqrt(s.r + h.eps) * g
    s.s = h.rho * s.s + (1 - h.rho) * d**2
    return w - lr * d, lr * np.sqrt(s.s + h.eps) / np.sqrt(s.r + h.eps)


def lion(w, g, s, h, t, lr):
    new = (1 - lr * h.weight_decay) * w - lr * np.sign(h.beta1 * s.m + (1 - h.beta1) * g)
    s.m = h.beta2 * s.m + (1 - h.beta2) * g
    return new, lr


def muon(w, g, s, h, t, lr):
    """Of what is no matrix."""
    s.m, s.v = h.beta1 * s.m + (1 - h.beta1) * g, h.beta2 * s.v + (1 - h.beta2) * g**2
    step = s.m / (1 - h.beta1**t) / (np.sqrt(s.v / (1 - h.beta2**t)) + h.eps)
    return (1 - lr * h.weight_decay) * w - lr * h.rest * step, lr


def schedule_free(w, g, s, h, t, lr):
    s.z, s.x = (w, w) if t == 1 else (s.z, s.x)
    s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
    rate = lr / (np.sqrt(s.v / (1 - h.beta2**t)) + h.eps)
    squares = [max(RATES[: k + 1]) ** 2 for k in range(t)]
    s.z = s.z - rate * g - lr * h.weight_decay * w
    s.x = s.x + squares[-1] / sum(squares) * (s.z - s.x)
    return (1 - h.beta1) * s.z + h.beta1 * s.x, rate


OPTIMIZERS = {
    "muon": (
        "m <- momentum m + (1-momentum) g; W <- (1 - lr weight_decay) W - lr sqrt(max(1, O/I)) orth(n)",
        muon,
        [{}, {"weight_decay": 0.5, "rest": 0.3}],
    ),
    "schedule_free_adamw": (
        "z <- z - lr (g/(sqrt vhat + eps) + weight_decay w); x <- x + c (z - x); w <- (1-beta1) z + beta1 x",
        schedule_free,
        [{}, {"beta1": 0.0, "beta2": 0.9}, {"weight_decay": 0.5, "beta1": 0.6}],
    ),
    "sgd": (
        "m <- momentum m + (1 - dampening) g, at first m <- g; w <- w - lr m (nesterov: w - lr (g + momentum m))",
        sgd,
        [{}, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.4}, {"momentum": 0.9, "nesterov": True},
         {"dampening": 0.4}, {"momentum": 0.9, "velocity": True},
         {"momentum": 0.9, "velocity": True, "nesterov": True},
         {"momentum": 0.9, "velocity": True, "dampening": 0.4},
         {"momentum": 0.9, "dampening": 0.9, "zero_start": True}],
    ),
    "signsgd": ("m <- momentum m + (1-momentum) g; w <- w - lr sign(m)", signsgd, [{}, {"momentum": 0}]),
    "adam": (
        "m <- beta1 m + (1-beta1) g; v <- beta2 v + (1-beta2) g^2; w <- w - lr mhat/(sqrt vhat + eps)",
        adam,
        [{}, {"amsgrad": True, "beta2": 0.5}, {"eps": 0.1}, {"bias_correction": False, "amsgrad": True}],
    ),
    "adamw": ("w <- (1 - lr weight_decay) w, then Adam's step", adamw, [{}, {"weight_decay": 0.5, "amsgrad": True}]),
    "adamax": (
        "m <- beta1 m + (1-beta1) g; u <- max(beta2 u, |g| + eps); w <- w - lr mhat/u",
        adamax,
        [{}, {"eps": 0.1, "beta2": 0.5}],
    ),
    "nadam": (
        "w <- w - lr [(1-mu_t) g/(1 - mu_1...mu_t) + mu_(t+1) m/(1 - mu_1...mu_(t+1))]/(sqrt vhat + eps)",
        nadam,
        [{}, {"momentum_decay": 0.5, "beta1": 0.8}],
    ),
    "radam": (
        "w <- w - lr r_t mhat sqrt(1-beta2^t)/(sqrt v + eps) where rho_t > 5, else w - lr mhat",
        radam,
        [{}, {"beta2": 0.9}, {"beta2": 0.5}],
    ),
    "rmsprop": (
        "r <- rho r + (1-rho) g^2; b <- momentum b + g/(sqrt r + eps); w <- w - lr b",
        rmsprop,
        [{}, {"momentum": 0.9}, {"centered": True, "rho": 0.5}, {"centered": True, "momentum": 0.5}],
    ),
    "adagrad": (
        "r <- r + g^2; w <- w - lr/(1 + (t-1) lr_decay) g/(sqrt r + eps)",
        adagrad,
        [{}, {"lr_decay": 0.5}, {"initial_accumulator_value": 2.0}],
    ),
    "adadelta": (
        "r <- rho r + (1-rho) g^2; d = sqrt(s + eps)/sqrt(r + eps) g; w <- w - lr d; s <- rho s + (1-rho) d^2",
        adadelta,
        [{}, {"rho": 0.5, "eps": 0.01}],
    ),
    "lion": (
        "w <- (1 - lr weight_decay) w - lr sign(beta1 m + (1-beta1) g); m <- beta2 m + (1-beta2) g",
        lion,
        [{}, {"weight_decay": 0.5, "beta1": 0.3}],
    ),
}  # fmt: skip


class State:
    """Every slot begins at 0."""

    def __getattr__(self, name):
        return np.zeros(5)


VARIANTS = [(name, change) for name, (_, _, changes) in OPTIMIZERS.items() for change in changes]


@pytest.mark.parametrize(("name", "change"), VARIANTS, ids=str)
def test_an_optimizer_makes_the_steps_of_its_formula(name, change):
    run = read({"optimizer": name} | {f"optimizer.{key}": value for key, value in change.items()})
    w, g = torch.from_numpy(W.copy())[None], torch.zeros(1, 5, dtype=torch.float64)
    segment = Segment([run], slice(0, 1), 5, w)
    segment.start_epoch(torch.tensor([RATES], dtype=torch.float64), torch.zeros(1, dtype=torch.int64), w, g)
    segment.use_fused = False
    expected, state = W, State()
    for s in range(STEPS):
        g.copy_(torch.from_numpy(G[s]))
        segment.update(s)
        expected, rate = OPTIMIZERS[name][1](expected, G[s], state, run.optimizer, s + 1, RATES[s])
        np.testing.assert_allclose(w[0], expected, rtol=1e-12, atol=1e-14, err_msg=f"step {s + 1}")
        np.testing.assert_allclose(segment.gain(s)[0], np.broadcast_to(rate, 5), rtol=1e-10, err_msg=f"step {s + 1}")


# ---- schedules: (text, function of (h, t, T) that gives the multiple of lr), variants


def cosine(h, t, total):
    share = min(t / (h.t_max or total), 1)
    return h.floor + (1 - h.floor) * (1 + cos(pi * share)) / 2


def cosine_restarts(h, t, total):
    begun, cycle = 0, 0
    while t >= begun + h.t_0 * h.t_mult**cycle:
        begun, cycle = begun + h.t_0 * h.t_mult**cycle, cycle + 1
    return h.floor + (1 - h.floor) * (1 + cos(pi * (t - begun) / (h.t_0 * h.t_mult**cycle))) / 2


def onecycle(h, t, total):
    def wave(a, b, share):
        return b + (a - b) * (1 + cos(pi * share)) / 2

    peak = h.pct_start * total - 1
    if t <= peak:
        return wave(1 / h.div_factor, 1, t / peak)
    return wave(1, 1 / (h.div_factor * h.final_div_factor), (t - peak) / (total - 1 - peak))


def linear(h, t, total):
    return h.start_factor + (h.end_factor - h.start_factor) * min(t / (h.total_iters or total), 1)


def polynomial(h, t, total):
    return h.end_factor + (1 - h.end_factor) * (1 - min(t / (h.total_iters or total), 1)) ** h.power


SCHEDULES = {
    "constant": ("lr", lambda h, t, total: 1, [{}]),
    "step": ("lr gamma^floor(t / step_size)", lambda h, t, total: h.gamma ** (t // h.step_size), [{"step_size": 2}]),
    "multistep": (
        "lr gamma^(number of milestones <= t)",
        lambda h, t, total: h.gamma ** sum(milestone <= t for milestone in h.milestones),
        [{"milestones": [3, 1, 3]}, {"milestones": []}],
    ),
    "exponential": ("lr gamma^t", lambda h, t, total: h.gamma**t, [{}]),
    "cosine": (
        "lr (floor + (1 - floor) (1 + cos(pi min(t/T, 1)))/2), T = t_max or all the training",
        cosine,
        [{}, {"t_max": 3, "floor": 0.2}],
    ),
    "cosine_restarts": (
        "lr (floor + (1 - floor) (1 + cos(pi u/T_i))/2), u the time since the last restart, T_i = t_0 t_mult^i",
        cosine_restarts,
        [{"t_0": 2}, {"t_0": 1, "t_mult": 3, "floor": 0.2}, {"t_0": 3, "t_mult": 1}],
    ),
    "onecycle": (
        "lr/div_factor -> lr -> lr/(div_factor final_div_factor) along half cosines",
        onecycle,
        [{"unit": "epochs"}, {"unit": "epochs", "pct_start": 0.5, "div_factor": 3.0, "final_div_factor": 7.0}],
    ),
    "linear": (
        "lr (start_factor + (end_factor - start_factor) min(t/T, 1)), T = total_iters or all the training",
        linear,
        [{}, {"total_iters": 3, "start_factor": 0.5, "end_factor": 0.1}],
    ),
    "polynomial": (
        "lr (e + (1 - e) (1 - min(t/T, 1))^power), T = total_iters or all the training, e = end_factor",
        polynomial,
        [{}, {"total_iters": 3, "power": 0.5, "end_factor": 0.1}],
    ),
    "inverse_sqrt": (
        "lr sqrt(timescale/(timescale + t))",
        lambda h, t, total: sqrt(h.timescale / (h.timescale + t)),
        [{}, {"timescale": 2.5}],
    ),
    "plateau": (
        "lr <- factor lr when the monitored metric has not improved for more than `patience` epochs",
        lambda h, t, total: 1,  # before it reacts; see below
        [{}],
    ),
}


@pytest.mark.parametrize("warmup", [0, 2])
@pytest.mark.parametrize(("name", "change"), [(n, c) for n, (_, _, all_) in SCHEDULES.items() for c in all_], ids=str)
def test_a_schedule_takes_the_rates_of_its_formula(name, change, warmup):
    schedule = entries("scheduler")[name].cls(**change, warmup=warmup)
    total = 12
    for t in range(total):
        expected = SCHEDULES[name][1](schedule, t, total)
        found = schedule.factors(t + warmup, 1, total + warmup) if schedule.unit == "epochs" else [expected]
        np.testing.assert_allclose(found, [expected], rtol=1e-12, err_msg=f"t = {t}")


def test_inverse_sqrt_is_the_papers_after_so_many_units():
    schedule = entries("scheduler")["inverse_sqrt"].cls(timescale=4.0, warmup=4, unit="steps")
    found = schedule.factors(0, 12, 1)
    assert found[:4].tolist() == [0.25, 0.5, 0.75, 1.0]
    np.testing.assert_allclose(found[4:], [sqrt(4 / s) for s in range(4, 12)], rtol=1e-15)


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize(
    "change", [{"patience": 0}, {"patience": 1}, {"patience": 1, "cooldown": 2, "threshold": 0.1, "min_factor": 0.02}]
)
def test_a_plateau_lowers_the_rate_as_it_says(change, maximize):
    """Values between 1 and 2 that seldom improve; the rule told once more, over all that has been seen."""
    schedule = entries("scheduler")["plateau"].cls(**change)
    values = 1 + np.random.default_rng(3).random(40)
    values = values if maximize else 1 / values
    state, best, waited, rest, scale = {}, values[0], 0, 0, 1.0
    for epoch, value in enumerate(values):
        state = schedule.react(state, float(value), maximize)
        if epoch:
            share = value / best if maximize else best / value
            limit = 1 + schedule.threshold if maximize else 1 / (1 - schedule.threshold)
            waited = 0 if share > limit else waited + 1
            best = value if share > limit else best
        waited, rest = (0, rest - 1) if rest else (waited, 0)
        if waited > schedule.patience:
            scale, waited, rest = max(schedule.factor * scale, schedule.min_factor), 0, schedule.cooldown
        assert state["scale"] == pytest.approx(scale, rel=1e-12), epoch
    assert scale < 0.1


# ---- averaging


def ema(h, epochs):
    averaged = None
    for epoch in epochs:
        for w in epoch:
            averaged = w if averaged is None else h.decay * averaged + (1 - h.decay) * w
        yield averaged


def swa(h, epochs):
    averaged, n = None, 0
    for number, epoch in enumerate(epochs):
        averaged = epoch[-1] if n == 0 else averaged + (epoch[-1] - averaged) / (n + 1)
        n += number >= int(h.start * len(epochs))
        yield averaged


AVERAGES = {
    "none": ("the weights as they are", lambda h, epochs: (epoch[-1] for epoch in epochs), [{}]),
    "ema": (
        "avg <- decay avg + (1-decay) w after every step; the first step starts it at w",
        ema,
        [{}, {"decay": 0.3}, {"decay": 0.0}],
    ),
    "swa": (
        "avg <- avg + (w - avg)/(n+1) at the end of each epoch from `start` on, n epochs averaged so far",
        swa,
        [{"start": 0.0}, {"start": 0.5}, {}],
    ),
}


@pytest.mark.parametrize(("name", "change"), [(n, c) for n, (_, _, all_) in AVERAGES.items() for c in all_], ids=str)
def test_an_average_is_that_of_its_formula(name, change):
    run = read({"averaging": name, "trainer.epochs": 4} | {f"averaging.{key}": v for key, v in change.items()})
    path = np.random.default_rng(2).normal(size=(4, 3, 5))  # epochs of three steps
    theta = torch.zeros(1, 5, dtype=torch.float64)
    average = Average([run], theta, theta[:, :0])
    for epoch, expected in enumerate(AVERAGES[name][1](run.averaging, list(path))):
        average.start_epoch(np.array([epoch]), 3)
        for s in range(3):
            theta.copy_(torch.from_numpy(path[epoch, s]))
            if average.active:
                average.update(s)
        np.testing.assert_allclose(average.shown["theta"][0], expected, rtol=1e-12, err_msg=f"epoch {epoch + 1}")


# ---- penalties and constraints: text, value of one layer w [O, I] (or the new w of a constraint), its gradient, values

PENALTIES = {
    "l2": (
        "strength/2 ||w||^2, gradient strength w",
        lambda w, strength: strength / 2 * np.sum(w**2),
        lambda w, strength: strength * w,
        {"strength": 0.3},
    ),
    "l1": (
        "strength ||w||_1, subgradient strength sign(w); exact zeros with optimizer.proximal=true",
        lambda w, strength: strength * np.sum(np.abs(w)),
        lambda w, strength: strength * np.sign(w),
        {"strength": 0.3},
    ),
    "elastic_net": (
        "alpha l1_ratio ||w||_1 + alpha (1 - l1_ratio)/2 ||w||^2",
        lambda w, alpha, l1_ratio: alpha * l1_ratio * np.abs(w).sum() + alpha * (1 - l1_ratio) / 2 * (w**2).sum(),
        lambda w, alpha, l1_ratio: alpha * l1_ratio * np.sign(w) + alpha * (1 - l1_ratio) * w,
        {"alpha": 0.3, "l1_ratio": 0.2},
    ),
    "group_lasso": (
        "strength sum_units ||w_unit||_2, subgradient 0 at 0; whole units become 0 with optimizer.proximal=true",
        lambda w, strength: strength * sum(np.linalg.norm(unit) for unit in w),
        lambda w, strength: strength * np.stack([unit / (np.linalg.norm(unit) or 1) for unit in w]),
        {"strength": 0.3},
    ),
    "frobenius": (
        "strength sum_layers ||W||_F, the norm itself and not its square; subgradient 0 at 0",
        lambda w, strength: strength * np.sqrt((w**2).sum()),
        lambda w, strength: strength * w / np.sqrt((w**2).sum()),
        {"strength": 0.3},
    ),
    "orthogonality": (
        "strength ||W W^T - I||_F^2, summed over layers; gradient 4 strength (W W^T - I) W",
        lambda w, strength: strength * np.linalg.norm(w @ w.T - np.eye(len(w))) ** 2,
        lambda w, strength: 4 * strength * (w @ w.T - np.eye(len(w))) @ w,
        {"strength": 0.3},
    ),
}
CONSTRAINTS = {
    "max_norm": (
        "w_unit <- w_unit min(1, radius / ||w_unit||_2) after every step",
        lambda w, radius: np.stack([unit * min(1, radius / np.linalg.norm(unit)) for unit in w]),
        {"radius": 1.5},
    ),
    "l2_ball": (
        "W <- W min(1, radius / ||W||_2) of each layer after every step",
        lambda w, radius: w * min(1, radius / np.linalg.norm(w)),
        {"radius": 1.5},
    ),
    "l1_ball": (
        "W <- sign(W) max(|W| - c, 0) of each layer after every step, with the c >= 0 that makes ||W||_1 <= radius",
        lambda w, radius: np.sign(w) * np.maximum(np.abs(w) - threshold(np.abs(w), radius), 0),
        {"radius": 2.5},
    ),
}


def threshold(size, radius):
    """c, by halving an interval."""
    low, high = 0.0, size.max()
    for _ in range(80):
        c = (low + high) / 2
        low, high = (c, high) if np.maximum(size - c, 0).sum() > radius else (low, c)
    return high


LAYER = np.random.default_rng(4).normal(size=(4, 3))


def columns(values):
    return {key: torch.full((1, 1, 1), value, dtype=torch.float64) for key, value in values.items()}


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_and_its_gradient_are_those_of_its_formula(name):
    _, value, gradient, h = PENALTIES[name]
    w = np.concatenate([LAYER, np.zeros((1, 3))])
    piece, tensor = entries("regularizer")[name].cls(), torch.from_numpy(w)[None]
    assert float(piece.value(tensor, **columns(h))[0]) == pytest.approx(value(w, **h), rel=1e-13)
    np.testing.assert_allclose(piece.gradient(tensor, **columns(h))[0], gradient(w, **h), rtol=1e-13)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_constraint_projects_as_its_formula_says(name):
    _, project, h = CONSTRAINTS[name]
    found = entries("regularizer")[name].cls().project(torch.from_numpy(LAYER)[None], **columns(h))
    np.testing.assert_allclose(found[0], project(LAYER, **h), rtol=1e-13)
    assert not np.allclose(found[0], LAYER)


def test_gradient_noise_has_the_variance_of_its_formula():
    piece = entries("regularizer")["gradient_noise"].cls()
    found = [piece.deviation(np.array([float(t)]), s=np.array([0.3]), gamma=np.array([0.7]))[0] for t in range(3)]
    np.testing.assert_allclose(np.square(found), [0.3 / (1 + t) ** 0.7 for t in range(3)], rtol=1e-13)
    assert entries("regularizer")["gradient_noise"].formula == (
        "g <- g + N(0, s/(1+t)^gamma) after clipping, t steps made so far"
    )


def of_base(*bases):
    return {name for name, entry in entries("regularizer").items() if issubclass(entry.cls, bases)}


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (OPTIMIZERS, {name for name, entry in entries("optimizer").items() if not entry.cls.searches}),
        (SCHEDULES, set(entries("scheduler"))),
        (AVERAGES, set(entries("averaging"))),
        (PENALTIES, of_base(Penalty)),
        (CONSTRAINTS, of_base(Constraint)),
    ],
)
def test_every_formula_is_written_down_as_it_stands(written, names):
    assert set(written) == names
    group = next(
        group for group in ("optimizer", "scheduler", "averaging", "regularizer") if names <= set(entries(group))
    )
    for name, (text, *_) in written.items():
        assert entries(group)[name].formula == text
