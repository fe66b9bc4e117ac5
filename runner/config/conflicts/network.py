"""Conflicts between the network and its regularizers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from runner.config.conflicts.base import Conflict, Known, active
from runner.config.registry import entries, name_of
from runner.config.settings import Settings, flat_key


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
                yield Conflict(
                    (path, "model.hidden"),
                    f"{path} = {value}: {len(value)} values, but model.hidden = {s.model.hidden} "
                    f"has {expected} {what}; give {expected} values or one number for all",
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


def last_batch(s: Settings, known: Known) -> Iterator[Conflict]:
    """A norm over the batch needs two examples in each."""
    norm = entries("norm").get(s.model.norm)
    if norm is None or not getattr(norm.cls, "needs_batch", False):
        return
    batch, n = known.batch(s) or s.trainer.batch_size, known.train
    problem = ""
    if batch == 1:
        problem = f"model.norm={s.model.norm} needs at least two examples a batch; use more, or model.norm=none"
    elif n and n % batch == 1 and not s.trainer.drop_last:
        problem = (
            f"with {n} training examples the last batch holds one, and model.norm={s.model.norm} has no variance "
            "there; set trainer.drop_last=true or another batch size"
        )
    if problem:
        keys = ("trainer.batch_size", "trainer.drop_last", "model.norm")
        yield Conflict(keys, f"trainer.batch_size = {s.trainer.batch_size}: {problem}")


def one_proximal(s: Settings, known: Known) -> Iterator[Conflict]:
    """The proximal operator of a sum of penalties is not one after the other."""
    found = {entry.name: key for entry, _, key, _ in active(s) if entry.cls.role == "penalty" and entry.cls.prox}
    if s.optimizer.proximal and len(found) > 1:
        yield Conflict(
            ("optimizer.proximal", *found.values()),
            f"optimizer.proximal = true: takes one penalty, not {' and '.join(found)}; L1 and L2 together are "
            "regularizer.elastic_net, or set optimizer.proximal=false",
        )


CHECKS = (layers, hidden_noise, residual, beside_skips, activities_of_shares, moments, last_batch, one_proximal)
