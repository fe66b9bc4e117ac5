"""Promise 1 over everything registered: a run alone = in company = in any subset, bit for bit (CPU, one thread)."""

import random

import pytest
import torch

from runner.checks import together
from runner.checks.populations import SHAPES, anywhere, data, same, settings, train, variations
from runner.checks.together import check_alone_is_together
from runner.config.engines import NATIVE, STACKED, has_form
from runner.config.registry import entries
from runner.config.settings import FLAT_GROUPS, Settings
from runner.regularizers.base import ParameterNoise, Penalty
from runner.training.engine import Engine

torch.set_num_threads(1)

CHOICES = [(g, n) for g in ("optimizer", "scheduler", "averaging", *FLAT_GROUPS) for n in entries(g)]
COMPILED = [(g, n) for g, n in CHOICES if has_form(entries(g)[n]) is not False]
TURNS = [  # a choice that both engines train is at one of two shapes by each; both by both are for a long search
    pytest.param(*choice, engine, shape, marks=pytest.mark.soak if choice in COMPILED and (i + j + k) % 2 else ())
    for i, choice in enumerate(CHOICES)
    for j, engine in enumerate((STACKED, NATIVE))
    for k, shape in enumerate(SHAPES[1:])
    if engine == STACKED or choice in COMPILED
]
TABULAR = [name for name, entry in entries("augmentation").items() if "table" in entry.cls.inputs]
RULES = {name: entry.cls for name, entry in entries("optimizer").items()}
PIECES = [(g, n) for g in ("activation", "norm", "init", "loss") for n in entries(g) if n != "auto"]


@pytest.mark.parametrize(("group", "name", "engine", "shape"), TURNS, ids=str)
def test_rows_that_differ_in_every_key_of_a_choice(group, name, shape, engine):
    together.every_key(entries(group)[name], shape, engine)


@pytest.mark.parametrize("shape", SHAPES[1:2], ids=str)
@pytest.mark.parametrize(("group", "name"), PIECES, ids=lambda v: str(v))
def test_seeds_of_every_piece(group, name, shape, engine):
    together.seeds(entries(group)[name], shape, engine)


def quick(group: str, name: str) -> bool:
    """Whether an entry holds no number a pair of parameters; rules that do are tried on small networks."""
    return "max_parameters" not in entries(group)[name].options


def everything(way: dict, chosen: random.Random | None = None) -> list[Settings]:
    """Rows that take turns in every change of every key that may differ in a population: rules, schedules, averages and
    regularizers, each with all its columns and switches. `chosen` shuffles what meets what.
    """
    groups = [
        [change for n in anywhere(group, way["trainer.engine"]) if quick(group, n) for change in variations(group, n)]
        for group in ("optimizer", "scheduler", "averaging", "regularizer")
    ]
    groups.append([change for n in TABULAR for change in variations("augmentation", n)])
    if chosen:
        groups = [chosen.sample(group, len(group)) for group in groups]
    runs = []
    for i in range(max(map(len, groups))):
        change = {key: value for turns in groups for key, value in turns[i % len(turns)].items()}
        if RULES[change.get("optimizer", "adamw")].apart:  # it has an average of its own
            change = {key: value for key, value in change.items() if not key.startswith("averaging")}
        runs.append(settings(SHAPES[1], seed=i, **change | way))
    every = anywhere("regularizer", way["trainer.engine"])
    all_presets = {key: value for n in every for key, value in variations("regularizer", n)[0].items()}
    return [*runs, settings(SHAPES[1], seed=99, averaging="ema", scheduler="cosine", **all_presets | way)]


def test_everything_at_once_side_by_side(way):
    """One in seven of two or three hundred is trained alone, too: of a long search all are."""
    runs = everything(way)
    tables = [data(33, 3, seed=i % 2) for i in range(len(runs))]
    check_alone_is_together(runs, tables, leave={0: 1, 4: 2}, every=7)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_everything_at_once_in_other_turns(seed, way):
    runs = everything(way, random.Random(seed))
    check_alone_is_together(runs, [data(33, 3, seed=i % 2) for i in range(len(runs))], leave={0: 1, 4: 2})


def test_the_sign_of_a_zero_does_not_depend_on_the_company(way):
    """Proximal group lasso zeroes units of negative weights to -0; steps of strength 0 would make 0 of that."""
    switched_off = {"optimizer": "nadam", "optimizer.proximal": True, "regularizer.group_lasso": 0.05}
    others = [{}, {"optimizer": "nadam", "optimizer.proximal": True}, {"optimizer": "sgd", "optimizer.momentum": 0.9}]
    penalties = [{"regularizer.l1": 0.01}, {"regularizer.elastic_net.alpha": 0.01}, {"regularizer.gradient_noise.s": 1}]
    table = data(33, 3)
    run = settings(SHAPES[1], **switched_off | way)
    alone = train([run], [table])[0]
    assert (torch.signbit(alone["theta"]) & (alone["theta"] == 0)).any()
    for change in [other | penalty for other in others for penalty in penalties]:
        together = train([run, settings(SHAPES[1], seed=1, **change | way)], [table] * 2)
        assert same(together[0], alone), change


@pytest.mark.parametrize("proximal", [False, True])
@pytest.mark.parametrize("name", [n for n, e in entries("regularizer").items() if issubclass(e.cls, Penalty)])
def test_a_penalty_of_another_row_changes_no_bit_whatever_the_weights(name, proximal):
    """Of stacked rows. Zeros with a sign, infinities and NaN, which a strength of 0 times something would not leave
    alone.
    """
    odd = torch.tensor([-0.0, 0.0, float("inf"), -float("inf"), float("nan"), 1e-40, -3.0])
    change = {"optimizer.proximal": proximal, "trainer.engine": "stacked"}
    user = variations("regularizer", name)[0]
    runs = [settings(seed=i, **change, **(user if i else {})) for i in range(2)]
    engine = Engine(runs, [data(13, 2)] * 2)
    engine.theta[0] = odd.repeat(len(engine.theta[0]) // 7 + 1)[: len(engine.theta[0])]
    grad, penalties = engine.theta.roll(1, 1), engine.rows.stepper.objective.penalties
    before = engine.theta[0].clone(), grad[0].clone()
    assert penalties.value(engine.theta)[0] == 0 < penalties.value(engine.theta)[1]
    penalties.add_gradient(engine.theta, grad)
    penalties.proximal_step(engine.theta, torch.full_like(engine.theta, float("inf")))
    for was, now in zip(before, (engine.theta[0], grad[0]), strict=True):
        assert torch.equal(was.view(torch.int32), now.view(torch.int32))


def test_wider_population_than_any_block(way):
    """97 rows, of which every third leaves after the first epoch."""
    runs = [settings(SHAPES[0], seed=i, **way | {"optimizer.lr": 1e-4 * (1 + i)}) for i in range(97)]
    tables = [data(13, 2, seed=i % 3) for i in range(97)]
    together = train(runs, tables, leave=dict.fromkeys(range(0, 97, 3), 1))
    for i in (1, 44, 95):
        assert same(together[i], train([runs[i]], [tables[i]])[0])


RANDOM = [n for n, e in entries("regularizer").items() if issubclass(e.cls, ParameterNoise)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_columns_of_many_rows_have_the_bits_of_one(dtype, way):
    """40 rows of every rule beside noise on parameters, all with other numbers, some steps into the training: functions
    of a column that compute long ones otherwise than short ones would show.
    """
    runs = []
    rules = [name for name in anywhere("optimizer", way["trainer.engine"]) if not RULES[name].searches]
    for i, name in enumerate(sorted(rules) * 40):
        averaging = "none" if RULES[name].apart else "ema"  # it has an average of its own
        change = {"optimizer": name, "trainer.dtype": dtype, "optimizer.lr": 1e-4 * (1 + i % 7), "averaging": averaging}
        betas = {
            key: 0.5 + i % 450 / 1000 for key in ("beta1", "beta2", "rho", "momentum") if hasattr(RULES[name](), key)
        }
        noises = {key: v for n in RANDOM for key, v in variations("regularizer", n)[0].items()}
        noises |= {"regularizer.gradient_noise.gamma": 0.3 + i / 1000}
        change |= noises | {f"optimizer.{k}": v for k, v in betas.items()} | way
        runs.append(settings(SHAPES[0], seed=i, **change))
    table = data(13, 2, dtype=dtype)
    together = train(runs, [table] * len(runs), epochs=2)
    for i in range(0, len(runs), 17):
        assert same(together[i], train([runs[i]], [table], epochs=2)[0]), runs[i].optimizer


@pytest.mark.parametrize(
    "shape", [(784, [128, 128], 10, 128), (100, [31, 31, 31], 7, 32), (64, [512, 512], 10, 128)], ids=str
)
def test_shapes_of_real_networks(shape, way):
    changes = [way | {"regularizer.dropout": 0.2 * i, "model.norm": "batch"} for i in range(4)]
    runs = [settings(shape, epochs=1, seed=i, **change) for i, change in enumerate(changes)]
    tables = [data(shape[0], shape[2], n=300)] * 4
    together = train(runs, tables, epochs=1)
    for i, run in enumerate(runs):
        assert same(together[i], train([run], tables[:1], epochs=1)[0])
