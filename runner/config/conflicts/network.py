"""Conflicts between the network and its regularizers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from runner.config.conflicts.base import Conflict, Known, active
from runner.config.registry import entries, name_of
from runner.config.settings import Settings, flat_key
from runner.config.tasks import MULTITASK


def layers(s: Settings, known: Known) -> Iterator[Conflict]:
    """A list of strengths has one value a layer: hidden layers for noise and activities, all layers for others."""
    hidden = len(s.model.hidden)
    for name, entry in entries("regularizer").items():
        noise = entry.cls.role == "noise" or getattr(entry.cls, "site", "") == "hidden"
        expected, what = (hidden, "hidden layers") if noise else (hidden + 1, "layers with the output")
        for key, option in entry.options.items():
            path, value = flat_key(entry, key), getattr(s.regularizer[name], key)
            without = noise and not hidden and option.active(value)  # what `hidden_noise` reports
            if isinstance(value, list) and len(value) != expected and not without:
                yield _of_other_length(s, path, value, expected, what)
    if isinstance(s.model.prune, list) and len(s.model.prune) != hidden + 1:
        yield _of_other_length(s, "model.prune", s.model.prune, hidden + 1, "layers with the output")


def _of_other_length(s: Settings, path: str, value: list, expected: int, what: str) -> Conflict:
    given = "1 value" if len(value) == 1 else f"{len(value)} values"
    return Conflict(
        (path, "model.hidden"),
        f"{path} = {value}: {given}, but model.hidden = {s.model.hidden} has {expected} {what}; give {expected} values "
        "or one number for all",
    )


def hidden_noise(s: Settings, known: Known) -> Iterator[Conflict]:
    """What acts on hidden layers needs one."""
    for entry, option, key, value in active(s):
        if not s.model.hidden and getattr(entry.cls, "site", "") == "hidden":
            yield Conflict(
                (key, "model.hidden"),
                f"{key} = {value}: acts on hidden layers, but model.hidden = [] has none; set {key}="
                f"{option.neutral:g} or model.hidden=[128]",
            )


def residual(s: Settings, known: Known) -> Iterator[Conflict]:
    """Residual sums need two hidden layers of one width, one after the other."""
    hidden = s.model.hidden
    if s.model.residual and not any(a == b for a, b in itertools.pairwise(hidden)):
        wide = max(hidden, default=128)
        yield Conflict(
            ("model.residual", "model.hidden"),
            f"model.residual = true: a hidden layer adds its input if the hidden layer before it is as wide, and in "
            f"model.hidden = {hidden} none is; set model.hidden=[{wide},{wide}] or model.residual=false",
        )


def direct_dropout(s: Settings, known: Known) -> Iterator[Conflict]:
    """Weights that read a sum cannot be scaled for one of its terms alone."""
    for entry, option, key, value in active(s):
        if s.model.residual and entry.cls.role == "noise" and entry.cls.mean and entry.cls.site == "hidden":
            yield Conflict(
                (key, "model.residual"),
                f"{key} = {value}: scales the weights that read a layer, but with model.residual = true they "
                f"read a sum with the layer before; set {key}={option.neutral:g} regularizer.dropout={value}, or "
                "model.residual=false",
            )


def init_keys(s: Settings, known: Known) -> Iterator[Conflict]:
    """A key of an initialization belongs to the one that is chosen."""
    known_keys = {key: name for name, entry in entries("init").items() for key in entry.cls.keys}
    for key, name in known_keys.items():
        path = f"model.init_{key}"
        value, default = (getattr(of, f"init_{key}") for of in (s.model, type(s.model)))
        if value != default and key not in entries("init")[s.model.init].cls.keys:
            yield Conflict(
                (path, "model.init"),
                f"{path} = {value:g}: is for model.init={name}, but model.init = {s.model.init}; set model.init={name} "
                f"or leave {path} out",
            )


def begins_elsewhere(s: Settings, known: Known) -> Iterator[Conflict]:
    """Weights that are taken from another run are not drawn."""
    if s.model.init_from is not None and s.model.init != "torch":
        yield Conflict(
            ("model.init_from", "model.init"),
            f"model.init_from = {s.model.init_from}: takes the weights of that run, and model.init = {s.model.init} "
            "draws others; leave one of them out",
        )


def standardized_inputs(s: Settings, known: Known) -> Iterator[Conflict]:
    """Among fewer inputs than two there is nothing to standardize."""
    entry = entries("parametrization").get(s.model.parametrization)
    least = entry.cls.least_inputs if entry else 1
    widths = [known.inputs or least, *s.model.hidden]
    for layer, width in enumerate(widths if entry and entry.cls.of_output else widths[:-1]):
        if width < least:
            yield Conflict(
                ("model.parametrization", "model.hidden"),
                f"model.parametrization = {s.model.parametrization}: needs units of at least {least} inputs, and those "
                f"of layer {layer} have {width}; set model.parametrization=weight_norm or none",
            )
            return


def beside_skips(s: Settings, known: Known) -> Iterator[Conflict]:
    """What acts on layers that add their input needs a residual network."""
    for entry, option, key, value in active(s):
        if s.model.hidden and not s.model.residual and getattr(entry.cls, "beside_skips", False):
            yield Conflict(
                (key, "model.residual"),
                f"{key} = {value}: acts on layers that add their input to their output, and model.residual = false has "
                f"none; set model.residual=true, or {key}={option.neutral:g}",
            )


def activities_of_shares(s: Settings, known: Known) -> Iterator[Conflict]:
    """A divergence between shares needs activations that are shares."""
    fitting = [name for name, entry in entries("activation").items() if entry.cls.of_shares]
    for entry, option, key, value in active(s):
        shares = entry.cls.role == "activity" and entry.cls.of_shares
        if s.model.hidden and shares and s.model.activation not in fitting:
            yield Conflict(
                (key, "model.activation"),
                f"{key} = {value}: compares mean activations between 0 and 1, and those of model.activation = "
                f"{s.model.activation} may lie outside; set model.activation={fitting[0]}, or use "
                f"regularizer.activity_l1 and {key}={option.neutral:g}",
            )


def moments(s: Settings, known: Known) -> Iterator[Conflict]:
    """Mean and variance are carried through linear layers and relu alone, to a loss whose mean is known."""
    found = [(entry, option, key, value) for entry, option, key, value in active(s) if entry.cls.role == "moments"]
    if not found or not s.model.hidden:
        return
    model, loss = s.model, entries("loss")[name_of(s.loss, "loss")]
    wrong = [
        ("model.activation", f"model.activation = {model.activation}", model.activation != "relu", "relu"),
        ("model.norm", f"model.norm = {model.norm}", model.norm != "none", "none"),
        ("model.residual", "model.residual = true", model.residual, "false"),
        ("loss", loss, loss.name != "auto" and loss.cls.expected is None, "auto"),
    ]
    if known.task == MULTITASK:
        wrong.append(("dataset.target", "several targets of which some are classes", True, "COLUMN"))
    for entry, option, key, value in active(s):
        acts = entry.cls.role == "inputs" or getattr(entry.cls, "site", "") == "hidden"
        sampled = acts and entry.cls.role != "moments"
        wrong.append((key, f"{key} = {value}", sampled, f"{option.neutral:g}"))
    for _, option, key, value in found:
        for of, said, is_so, fitting in wrong:
            if is_so:
                yield Conflict(
                    (key, of),
                    f"{key} = {value}: carries mean and variance through linear layers and relu to a loss whose "
                    f"mean is known, and not through {said}; set {of}={fitting}, or {key}={option.neutral:g}",
                )


def one_proximal(s: Settings, known: Known) -> Iterator[Conflict]:
    """The proximal operator of a sum of penalties is not one after the other."""
    found = {entry.name: key for entry, _, key, _ in active(s) if entry.cls.role == "penalty" and entry.cls.prox}
    if s.optimizer.proximal and len(found) > 1:
        yield Conflict(
            ("optimizer.proximal", *found.values()),
            f"optimizer.proximal = true: takes one penalty, not {' and '.join(found)}; L1 and L2 together are "
            "regularizer.elastic_net, or set optimizer.proximal=false",
        )


CHECKS = (
    layers,
    hidden_noise,
    residual,
    direct_dropout,
    init_keys,
    begins_elsewhere,
    standardized_inputs,
    beside_skips,
    activities_of_shares,
    moments,
    one_proximal,
)
