"""What is allowed and probably not meant: one function a check, as in `runner.config.conflicts`; nothing is refused.

Each check yields sentences that name the key and its value, the reason and what to do. They are shown before training
and stand in train.log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.config.conflicts import Known
from runner.config.conflicts.base import active
from runner.config.registry import Option, entries, name_of
from runner.config.settings import Settings
from runner.config.timing import late
from runner.config.validate import show

CLIPPING = ("clip_norm", "clip_value")
PLAIN_DROPOUT = (
    "direct_dropout",
    "dropout",
    "gaussian_dropout",
)  # on hidden units; they change the variance of what they act on
CURRICULUM = ("trainer.curriculum", ("loss", "confidence", "length"))
PART_OF = {  # key -> the key without whose values it does nothing
    "early_stopping.then_cap": ("early_stopping.then", ("continue",)),
    "trainer.curriculum_start": CURRICULUM,
    "trainer.curriculum_epochs": CURRICULUM,
}
ALIKE = ("zeros", "constant")  # initializations by which the units of a layer are the same unit


def warnings(settings: Settings, known: Known | None = None) -> list[str]:
    """Everything in `settings` that a user would want to be told of."""
    return [sentence for check in CHECKS for sentence in check(settings, known or Known())]


def stops_before_schedule(s: Settings, known: Known) -> Iterator[str]:
    """A schedule longer than the run never finishes falling."""
    stop, end = s.early_stopping, _schedule_end(s, known)
    earliest = stop.earliest(known.steps(s))
    if stop.patience is None or end is None or earliest is None:
        return
    if earliest < min(end, s.trainer.epochs):
        yield (
            f"early_stopping.patience = {stop.patience}: can stop at epoch {earliest}, before scheduler = "
            f"{name_of(s.scheduler, 'scheduler')} ends at epoch {end:g}, and then never trains at the last rates; "
            "early_stopping.patience=null trains to the end and still keeps the best epoch"
        )


def begins_after_the_end(s: Settings, known: Known) -> Iterator[str]:
    """A time that the training does not reach."""
    epochs = s.trainer.epochs
    for each in late(s, known.steps(s), epochs) if epochs else ():
        yield (
            f"{each.key} = {show(each.value)}: {each.begins.what} would come in epoch {each.begins.epoch}, after "
            f"trainer.epochs = {epochs}, and has no effect; let it come sooner, or raise trainer.epochs"
        )


def part_of_nothing(s: Settings, known: Known) -> Iterator[str]:
    """A key of what the run does not have."""
    for key, (owner, values) in PART_OF.items():
        group, _, name = key.partition(".")
        if s.value(owner) not in values and s.value(key) != getattr(type(getattr(s, group)), name):
            yield (
                f"{key} = {show(s.value(key))}: has no effect with {owner} = {s.value(owner)}; leave it out, or set "
                f"{owner}={values[0]}"
            )


def selu_dropout(s: Settings, known: Known) -> Iterator[str]:
    """SELU keeps mean 0 and variance 1; ordinary dropout does not (Klambauer et al. 2017)."""
    for name, p in _hidden_dropout(s):
        if s.model.activation == "selu":
            key = f"regularizer.{name}"
            yield (
                f"{key} = {show(p)}: takes away the mean 0 and variance 1 that model.activation = selu gives its "
                f"units; use {key}=0 regularizer.alpha_dropout=0.05"
            )


def selu_init(s: Settings, known: Known) -> Iterator[str]:
    """SELU's fixed point is that of weights with variance 1/m (Klambauer et al. 2017)."""
    if s.model.activation == "selu" and s.model.init != "lecun_normal":
        yield (
            f"model.init = {s.model.init}: model.activation = selu gives its units mean 0 and variance 1 only from "
            "weights of variance 1/inputs; use model.init=lecun_normal"
        )


def alpha_without_selu(s: Settings, known: Known) -> Iterator[str]:
    """Alpha dropout sets units to the lower limit of SELU."""
    alpha = s.value("regularizer.alpha_dropout")
    if s.model.activation != "selu" and entries("regularizer")["alpha_dropout"].options["p"].active(alpha):
        yield (
            f"regularizer.alpha_dropout = {show(alpha)}: sets units to -1.758, the lower limit of selu, which means "
            f"nothing to model.activation = {s.model.activation}; use regularizer.alpha_dropout=0 regularizer.dropout="
            f"{show(alpha).replace(' ', '')}"
        )


def dropout_before_batch_norm(s: Settings, known: Known) -> Iterator[str]:
    """Running variances are taken with dropout and used without (Li et al. 2019: variance shift)."""
    if not _running_statistics(s):
        return
    why = (
        f"drops before a batch norm (model.norm = {s.model.norm}), whose running variance is then that of training and "
        "wrong in evaluation (Li et al. 2019)"
    )
    for name, p in _hidden_dropout(s):
        depth = len(s.model.hidden)
        layers = p if isinstance(p, list) else [p] * depth
        if any(layers[:-1]):
            last = show([0] * (depth - 1) + [layers[-1]]).replace(" ", "")
            yield (
                f"regularizer.{name} = {show(p)}: {why}; drop after the last norm only: regularizer.{name}={last}, or "
                "set model.norm_statistics=all, which takes it without dropout"
            )
    if (s.model.hidden or s.model.norm_input) and s.value("regularizer.input_dropout"):
        yield f"regularizer.input_dropout = {show(s.value('regularizer.input_dropout'))}: {why}; use model.norm=layer"


def one_group(s: Settings, known: Known) -> Iterator[str]:
    """Group norm with one group is layer norm (Wu & He 2018, section 3)."""
    if s.model.norm == "group" and s.model.norm_groups == 1:
        yield "model.norm_groups = 1: one group of all units, which is model.norm=layer; give more: model.norm_groups=4"


def zeros_stay(s: Settings, known: Known) -> Iterator[str]:
    """Hidden units that begin as the same unit stay it, unless noise tells them apart; dropout leaves zeros zero."""
    if s.model.init not in ALIKE or not s.model.hidden:
        return
    zero = s.model.init == "zeros" or s.model.init_value == 0
    dead = zero and getattr(entries("activation")[s.model.activation].cls, "zero_at_zero", False)
    if set(_noise_within(s)) - set(PLAIN_DROPOUT if dead else ()):
        return
    if dead:
        why = (
            f"every unit of model.activation = {s.model.activation} gives 0 and no gradient reaches a weight, so that "
            "only the biases of the output learn; with model.activation=sigmoid units learn and stay equal"
        )
    else:
        why = "the units of a hidden layer stay equal to each other, so that each layer is one unit wide"
    yield f"model.init = {s.model.init}: {why}; any other model.init trains the network"


def decays_twice(s: Settings, known: Known) -> Iterator[str]:
    """L2 and weight decay both pull weights to zero."""
    decay = getattr(s.optimizer, "weight_decay", 0)
    for key, ratio in (("l2", 0.0), ("elastic_net.alpha", s.value("regularizer.elastic_net.l1_ratio"))):
        strength = s.value(f"regularizer.{key}")
        if decay and ratio != 1 and any(strength if isinstance(strength, list) else [strength]):
            yield (
                f"regularizer.{key} = {show(strength)}: pulls the weights to zero a second time, like "
                f"optimizer.weight_decay = {show(decay)}; set one of them to 0 unless both are meant"
            )


def stops_unweighted(s: Settings, known: Known) -> Iterator[str]:
    """What is trained and what chooses the epoch should be one objective."""
    stop = s.early_stopping
    weights = [key for key in ("class_weights", "sample_weight") if getattr(s.dataset, key, None) is not None]
    if weights and stop.metric == "loss" and (stop.patience is not None or stop.restore_best):
        key = f"dataset.{weights[0]}"
        yield (
            f"early_stopping.monitor = {stop.monitor}: counts every example alike, while {key} = "
            f"{show(getattr(s.dataset, weights[0]))} weights them in what is trained, so that the kept epoch may have "
            f"overfitted; use early_stopping.monitor={stop.split}/weighted_loss"
        )


def solver_on_batches(s: Settings, known: Known) -> Iterator[str]:
    """What compares the gradients of two steps needs one function in both."""
    name, batch, n = name_of(s.optimizer, "optimizer"), s.trainer.batch_size, known.train
    if s.optimizer.full_batch and n and batch < n:
        yield (
            f"trainer.batch_size = {batch}: optimizer = {name} compares the gradients of one step with the next, and "
            f"those of different batches are of different functions; set trainer.batch_size={n} (all training "
            "examples), or use optimizer=adamw"
        )


def solver_without_objective(s: Settings, known: Known) -> Iterator[str]:
    """A solver trusts that every gradient is that of one objective."""
    if not s.optimizer.searches or s.optimizer.stochastic:
        return
    off: dict[str, tuple[object, str]] = {key: (value, f"{option.neutral:g}") for key, value, option in _disturbing(s)}
    cuts = {key: getattr(s.optimizer, key) for key in CLIPPING}
    off |= {f"optimizer.{key}": (show(value), "null") for key, value in cuts.items() if value is not None}
    off |= {"optimizer.proximal": ("true", "false")} if s.optimizer.proximal else {}
    for key, (value, neutral) in off.items():
        yield (
            f"{key} = {value}: optimizer = {name_of(s.optimizer, 'optimizer')} judges its steps by one objective and "
            f"its gradient, and with this the gradient it is given is of another function; set {key}={neutral}, or use "
            "optimizer=adamw"
        )


CHECKS: tuple[Callable[[Settings, Known], Iterator[str]], ...] = (
    stops_before_schedule,
    begins_after_the_end,
    part_of_nothing,
    selu_dropout,
    selu_init,
    alpha_without_selu,
    dropout_before_batch_norm,
    one_group,
    zeros_stay,
    decays_twice,
    stops_unweighted,
    solver_on_batches,
    solver_without_objective,
)


def _schedule_end(s: Settings, known: Known) -> float | None:
    """The epoch after which the schedule changes nothing any more; None if there is no such one, or not known yet."""
    epochs, in_steps = s.trainer.epochs, s.scheduler.unit == "steps"
    steps = known.steps(s) if in_steps else 1
    if not steps:
        return None
    end = s.scheduler.end(epochs * steps - s.scheduler.warmup)
    return None if end is None else (s.scheduler.warmup + end) / steps


def _disturbing(s: Settings) -> Iterator[tuple[str, str, Option]]:
    """(key, value, option) of what changes the objective from step to step, or the gradient behind its back."""
    for group in ("regularizer", "augmentation"):
        for entry, option, key, value in active(s, group):
            if group == "augmentation" or entry.cls.role in ("noise", "parameter_noise", "around"):
                yield key, value, option


def _hidden_dropout(s: Settings) -> list[tuple[str, float | list[float]]]:
    """(name, strength) of dropout on hidden units that is not off."""
    found = [(name, s.value(f"regularizer.{name}")) for name in PLAIN_DROPOUT]
    return [(name, p) for name, p in found if s.model.hidden and any(p if isinstance(p, list) else [p])]


def _noise_within(s: Settings) -> Iterator[str]:
    """The active noise that differs from unit to unit or from weight to weight."""
    for name, entry in entries("regularizer").items():
        if getattr(entry.cls, "site", "") in ("hidden", "weights", "gradient"):
            node = s.regularizer[name]
            if any(option.active(getattr(node, key)) for key, option in entry.options.items()):
                yield name


def _running_statistics(s: Settings) -> bool:
    """Whether the norm takes statistics over batches in training, noise and all, to use them in evaluation."""
    if s.model.norm == "none" or s.model.norm_statistics == "all":
        return False
    return bool(getattr(entries("norm")[s.model.norm].cls, "buffers", {}))
