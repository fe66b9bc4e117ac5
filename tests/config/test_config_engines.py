"""The engine that a run's own settings choose, and what they are told that has no compiled form."""

from dataclasses import dataclass, replace

import pytest

from runner.commands.catalogue import choice_table, group_table
from runner.compiled.forms import ActivationForm, LossForm, NormForm, PenaltyForm, RuleForm, TargetsForm
from runner.config import choices
from runner.config.engines import NATIVE, STACKED, engine, explained, lacking
from runner.config.registry import entries, number, register
from runner.config.validate import check
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.optimizers.rules.base import Rule, Solver
from runner.population.pieces.base import Activation, Loss, Norm
from runner.population.pieces.declared import Buffer, Parameter
from runner.regularizers.base import Around, Constraint, Noise, ParameterNoise, Penalty, Targets

AUTO = {"trainer.engine": "auto"}


def strength():
    return number(0.0, ge=0, neutral=0.0, preset=0.5)


def technique(name: str, base: type, form=None, keys: int = 1, **attributes) -> None:
    """Register a regularizer with so many keys, the first of which switches it on."""
    names = ["strength", *(f"key{i}" for i in range(1, keys))]
    fields = {key: strength() if key == "strength" else number(0.0) for key in names}
    types = {"__annotations__": dict.fromkeys(names, float), "__module__": __name__, "__qualname__": f"{name}_{base}"}
    register("regularizer", name, compiled=form)(dataclass(type(name, (base,), fields | types | attributes)))


def piece(group: str, name: str, base: type, form, **attributes) -> None:
    types = {"__annotations__": {}, "__module__": __name__, "__qualname__": f"{group}_{name}"}
    register(group, name, compiled=form)(dataclass(type(name, (base,), types | attributes)))


def formed(group: str, *kept: str) -> None:
    """Of a group, only these choices have a compiled form."""
    for name, entry in dict(entries(group)).items():
        choices._ENTRIES[group][name] = replace(entry, compiled=entry.compiled if name in kept else None)


@pytest.fixture
def pieces(more):
    """Choices with and without forms; the table is given back as it was."""
    relu, adam = entries("activation")["relu"].compiled, entries("optimizer")["adam"].compiled
    parameter = [Parameter(f"p{i}") for i in range(3)]
    two, three, no = tuple(parameter[:2]), tuple(parameter), lambda *_: None
    piece("activation", "bare", Activation, None)
    piece("activation", "wide", Activation, ActivationForm(no, no), parameters=two)
    piece("activation", "formed", Activation, relu, parameters=two[:1])
    piece("norm", "bare_norm", Norm, None)
    piece("norm", "wide_norm", Norm, NormForm(no, no), parameters=three)
    piece("norm", "running", Norm, NormForm(no, no), buffers=tuple(Buffer(f"b{i}") for i in range(3)))
    piece("norm", "formed_norm", Norm, NormForm(no, no), parameters=two)
    piece("loss", "bare_loss", Loss, None, task="regression")
    piece("loss", "formed_loss", Loss, LossForm(no), task="regression")
    piece("optimizer", "bare_rule", Rule, None)
    piece("optimizer", "searching", Solver, RuleForm(no, ()))
    piece("optimizer", "per_row", Rule, adam, row_slots=("n",))
    piece("optimizer", "five_slots", Rule, adam, slots=tuple("abcde"))
    technique("bare_penalty", Penalty)
    technique("subgradient", Penalty, PenaltyForm(no, no))
    technique("proximal", Penalty, PenaltyForm(no, no, no), prox=no)
    technique("half_proximal", Penalty, PenaltyForm(no, no), prox=no)
    technique("five_keys", Penalty, PenaltyForm(no, no), keys=5)
    technique("four_keys", Penalty, PenaltyForm(no, no), keys=4)
    technique("bare_constraint", Constraint)
    technique("bare_noise", Noise)
    technique("around", Around, PenaltyForm(no, no))
    technique("first_targets", Targets, TargetsForm(no))
    technique("second_targets", Targets, TargetsForm(no))
    technique("shaken", ParameterNoise, site="weights")
    technique("shaken_too", ParameterNoise, site="weights")


CASES = {
    "model.activation=bare": {"model.activation": "bare"},
    "model.activation=wide": {"model.activation": "wide"},
    "model.norm=bare_norm": {"model.norm": "bare_norm"},
    "model.norm=wide_norm": {"model.norm": "wide_norm"},
    "model.norm=running": {"model.norm": "running"},
    "loss=bare_loss": {"loss": "bare_loss"},
    "optimizer=bare_rule": {"optimizer": "bare_rule"},
    "optimizer=searching": {"optimizer": "searching"},
    "optimizer=per_row": {"optimizer": "per_row"},
    "optimizer=five_slots": {"optimizer": "five_slots"},
    "regularizer.bare_penalty=0.001": {"regularizer.bare_penalty": 0.001},
    "regularizer.bare_penalty=[0.1, 0.0]": {"regularizer.bare_penalty": [0.1, 0.0]},
    "regularizer.five_keys.strength=1": {"regularizer.five_keys.strength": 1},
    "regularizer.half_proximal=0.1": {"regularizer.half_proximal": 0.1, "optimizer.proximal": True},
    "regularizer.bare_constraint=3": {"regularizer.bare_constraint": 3},
    "regularizer.bare_noise=0.5": {"regularizer.bare_noise": 0.5},
    "regularizer.around=0.5": {"regularizer.around": 0.5},
    "regularizer.second_targets=0.2": {"regularizer.first_targets": 0.1, "regularizer.second_targets": 0.2},
    "regularizer.shaken_too=0.2": {"regularizer.shaken": 0.1, "regularizer.shaken_too": 0.2},
    "trainer.device=cuda": {"trainer.device": "cuda"},
}


@pytest.mark.parametrize("named", CASES)
def test_what_has_no_compiled_form_is_named_as_it_is_written(pieces, named):
    change = {k: v for k, v in CASES[named].items() if not isinstance(v, list)} | AUTO
    run = read(change)
    for key, value in CASES[named].items():
        if isinstance(value, list):
            run.regularizer[key.partition(".")[2]].strength = value
    task = getattr(run.loss, "task", None) or "classification"
    assert lacking(run, task) == [named]
    assert engine(run, task) == STACKED
    assert explained(run, task) == f"stacked: {named} has no compiled form"


HARMLESS = [
    {},
    {"model.activation": "formed", "model.norm": "formed_norm"},
    {"regularizer.subgradient": 0.1, "optimizer.proximal": True},
    {"regularizer.proximal": 0.1, "optimizer.proximal": True},
    {"regularizer.half_proximal": 0.1},
    {"regularizer.four_keys.strength": 0.1, "regularizer.first_targets": 0.1},
    {"regularizer.bare_noise": 0.0, "regularizer.around": 0.0},
    {"regularizer.shaken": 0.1, "regularizer.gradient_noise.s": 0.1, "model.residual": True, "model.hidden": [8, 8]},
    {"scheduler": "cosine", "averaging": "ema", "optimizer.clip_norm": 1.0, "trainer.metrics": ["balanced_accuracy"]},
    {"augmentation.noise": 0.1, "dataset.class_weights": "balanced", "trainer.dtype": "float64"},
]


@pytest.mark.parametrize("change", HARMLESS, ids=str)
def test_what_compiled_code_does_or_has_no_part_in_hinders_nothing(pieces, change):
    run = read(change | AUTO)
    assert lacking(run, "classification") == []
    assert engine(run, "classification") == explained(run, "classification") == NATIVE


def test_the_loss_auto_is_judged_by_the_task_of_the_data(more):
    formed("loss", "cross_entropy")
    run = read(AUTO)
    assert engine(run, "classification") == NATIVE and lacking(run, None) == []
    assert lacking(run, "regression") == ["loss=auto (mse)"]


def test_an_engine_that_is_asked_for_or_begun_with_is_not_chosen_again(pieces):
    assert engine(read({"trainer.engine": "stacked"}), "classification") == STACKED
    begun = read(AUTO)
    begun.engine = STACKED
    assert engine(begun, "classification") == STACKED


def test_native_where_it_cannot_be_is_refused_among_all_other_problems(pieces):
    wrong = {"trainer": {"engine": "native", "device": "cuda"}, "model": {"activation": "bare"}}
    _, problems = check(wrong | {"optimizer": {"name": "bare_rule", "lr": -1.0}, "seed": -1})
    assert len(problems) == 3
    assert problems[-1] == (
        "trainer.engine = native: trainer.device=cuda and model.activation=bare and optimizer=bare_rule have no "
        "compiled form; set trainer.engine=auto"
    )


def test_native_for_a_loss_without_a_form_is_refused_once_the_task_is_known(more):
    formed("loss", "cross_entropy")
    with pytest.raises(ConfigError, match=r"trainer.engine = native: loss=mse has no compiled form; set .*=auto"):
        read({"trainer.engine": "native", "loss": "mse"})


def test_the_list_of_choices_says_which_have_a_compiled_form(pieces):
    formed("optimizer", "adam", "per_row")
    assert "  with a compiled form: adam" in group_table("optimizer").lines
    assert "  compiled form: yes" in choice_table("optimizer", "adam").lines
    assert "  compiled form: no" in choice_table("optimizer", "per_row").lines
    assert not any("compiled" in line for line in choice_table("scheduler", "cosine").lines)
