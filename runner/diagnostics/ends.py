"""Situations that say all there is to say about a run: each gives its sentences, or None if it is another one."""

from __future__ import annotations

import math

from runner.diagnostics.facts import BIAS, EXPLAINED, FEW, OPEN, STANDARD_ERRORS, VARIANCE, Errors, Facts
from runner.diagnostics.interval import wilson
from runner.diagnostics.words import held_back, improving, init, longer, moved, numbers, rate

NO_USE = "these inputs say nothing about the target"


def diverged(f: Facts) -> str | None:
    """The loss was infinite or no number."""
    if f.status != "diverged":
        return None
    kept = "is of no use" if f.kept_epoch == f.last_epoch else f"is that of epoch {f.kept_epoch}, before it happened"
    kept = "is the untrained one" if not f.kept_epoch else kept
    clip = "" if f.settings.optimizer.clip_norm else ", or cut long steps with optimizer.clip_norm=1"
    scale = "; the inputs are not scaled (dataset.scaling = none)" if f.settings.dataset.scaling == "none" else ""
    return f"diverged: the network that is kept {kept}. The steps were too long: try a lower {rate(f)}{clip}{scale}."


def not_finite(f: Facts) -> str | None:
    """The network that is kept has an answer that is no number, though training went on."""
    for split, name in (("train", "training"), ("val", "validation"), ("test", "test")):
        loss = f.kept.get(f"{split}/loss")
        if loss is not None and not math.isfinite(loss):
            return (
                f"not finite: the {name} loss is nan. Either a {name} row holds numbers far outside the others, "
                f"or the weights have grown too large: look at the data, or try a lower {rate(f)}."
            )
    return None


def not_trained(f: Facts) -> str | None:
    """trainer.epochs = 0."""
    return None if f.last_epoch else "untrained: trainer.epochs = 0, so these are the numbers of the initial network."


def untrained_is_best(f: Facts) -> str | None:
    """Early stopping kept the network of epoch 0, whatever training did afterwards: why?"""
    if f.kept_epoch:
        return None
    stop, monitor, score = f.settings.early_stopping, f.settings.early_stopping.monitor, f.score
    start, end = (f.value(monitor, of) for of in (f.kept, f.last))
    if start is not None and end is not None and (end > start if stop.maximize else end < start):
        return (
            f"untrained network kept: {monitor} went from {start:.3g} to {end:.3g}, never better by more than "
            f"early_stopping.min_delta = {stop.min_delta:g}: try a smaller one, or more epochs of patience."
        )
    was = "" if start is None else f" ({start:.3g}, at the end {'nan' if end is None else f'{end:.3g}'})"
    head = f"untrained network kept: {monitor} never got better than before training{was}"
    if _rose(f, f"val/{score}"):
        return (
            f"{head}, although {moved(f, f'val/{score}')}. Long steps made its mistakes too sure: try a lower "
            f"{rate(f)}, or early_stopping.monitor=val/{score}."
        )
    if _rose(f, f"train/{score}"):
        return (
            f"{head}, although {moved(f, f'train/{score}')}: what it learned does not hold for other rows. Try a lower "
            f"{rate(f)}, more data or stronger regularization; or {NO_USE}."
        )
    before, after = (f.value("train/loss", of) for of in (f.kept, f.last))
    if before is not None and (after is None or after > 1.01 * before):
        return f"{head}, and {moved(f, 'train/loss')}. The steps are too long: try a lower {rate(f)}."
    return (
        f"{head}, and training changed next to nothing. Try another {rate(f)}, or another {init(f)} if no gradient "
        "reaches the weights."
    )


def _rose(f: Facts, name: str) -> bool:
    """Whether a score is clearly higher at the last epoch than at the one that is kept."""
    before, after = f.value(name), f.value(name, f.last)
    return before is not None and after is not None and after > before + VARIANCE


def too_small_a_sample(f: Facts) -> str | None:
    """train/* is measured on so few of the training rows (trainer.train_eval_rows) that it says nothing of them."""
    errors, rows = f.errors, f.measured
    if errors is None or not f.sampled:
        return None
    low, high = wilson(errors.shown[0], rows) if errors.name == "accuracy" else (0.0, 0.0)
    if high - low <= OPEN and rows >= FEW:
        return None
    return (
        f"too few rows measured to tell: {numbers(f, errors)}, but train/* is measured on {rows:,} of the "
        f"{f.rows['train']:,} training rows: raise trainer.train_eval_rows (now {rows})."
    )


def learned_nothing(f: Facts) -> str | None:
    """No better than the best constant answer on the training rows themselves."""
    errors = f.errors
    if errors is None or not _like_a_constant(f, errors):
        return None
    head = f"learned nothing: {numbers(f, errors)}"
    if f.improving:
        return f"{head}. {improving(f)}: try a higher {rate(f)}, or {longer(f)}."
    loss = f.value("train/loss")
    if f.guess and loss is not None and loss > 1.05 * f.guess:
        why = f"Its loss of {loss:.3g} is above the {f.guess:.3g} of guessing: the steps are too long"
        return f"{head}. {why}: try a lower {rate(f)}."
    held = held_back(f)
    less = f"less regularization ({held}), " if held else ""
    return f"{head}. Try {less}another {rate(f)} or another {init(f)}; or {NO_USE}."


def _like_a_constant(f: Facts, errors: Errors) -> bool:
    """Errors as large as the constant answer's, or smaller by luck; where the loss says that it is better, it is."""
    loss = f.value("train/loss")
    if f.guess and loss is not None and loss < (1 - EXPLAINED) * f.guess:
        return False
    return errors.train > BIAS * errors.constant and errors.train >= errors.constant - _luck(errors, f.measured)


def _luck(errors: Errors, rows: int) -> float:
    """By how much an error over so many rows may be smaller than that of a constant answer and mean nothing."""
    constant = errors.constant
    if not 0 < constant < 1 or not rows:  # not a share of the rows
        return EXPLAINED
    return STANDARD_ERRORS * math.sqrt(constant * (1 - constant) / rows)


def nothing_that_holds(f: Facts) -> str | None:
    """No better than the best constant answer on the validation rows, though on those that it was trained on."""
    errors, loss, labels = f.errors, f.value("val/loss"), f.settings.dataset.labels
    if errors is None or errors.val is None or errors.constant == 0:
        return None
    given = labels == "given"
    if errors.val < errors.constant - (0.0 if given else _luck(errors, f.rows.get("val", 0))):
        return None
    head = f"nothing that holds for other rows: {numbers(f, errors)}"
    if not given:
        return (
            f"{head}. Nothing could: dataset.labels={labels}, so what it fits of the training rows it knows by heart."
        )
    if f.improving or (f.guess and loss is not None and loss < f.guess):
        return None
    return f"{head}. Try more data or stronger regularization; or {NO_USE}."
