"""What may be true of a run together: findings, (name, advice) or None, and remarks, a sentence or None."""

from __future__ import annotations

from runner.diagnostics.facts import BIAS, FEW, OPEN, STANDARD_ERRORS, VARIANCE, Errors, Facts
from runner.diagnostics.interval import wilson
from runner.diagnostics.words import held_back, improving, longer, rate, validation_rows

SERIOUS = 0.5  # share of the constant answer's error that the validation rows must exclude for a run to be called fine
PATIENT = 10  # epochs of patience from which stopping too soon is unlikely
KEEP_BEST = "early_stopping=default"
Finding = tuple[str, str]


def underfits(f: Facts, errors: Errors) -> Finding | None:
    """Large errors on what it was trained on."""
    if errors.train <= BIAS * errors.constant:
        return None
    rare = errors.guess is not None
    return ("rare classes", _for_rare_classes(errors)) if rare else ("high bias (underfitting)", _for_the_fit(f))


def _for_rare_classes(errors: Errors) -> str:
    return (
        f"It takes {1 - errors.train:.0%} off the loss of a guess, which may be all that these inputs tell. Accuracy "
        "is that of always the most frequent class: judge by trainer.metrics=[roc_auc,balanced_accuracy,f1]; "
        "dataset.class_weights=balanced with early_stopping.monitor=val/weighted_loss finds more of the rare classes"
    )


def _for_the_fit(f: Facts) -> str:
    """What helps a network that does not fit its training rows, the most likely first."""
    patience = f.settings.early_stopping.patience
    if f.improving:
        return f"{improving(f)}: try {longer(f)} or a higher {rate(f)}, then a larger network"
    if f.status == "stopped_early" and patience is not None and patience < PATIENT:
        too_soon = f"It may have stopped too soon, after epoch {f.last_epoch}"
        return f"{too_soon}: try early_stopping.patience={PATIENT} (now {patience})"
    held = held_back(f)
    less = f"less regularization ({held})" if held else "longer training"
    return f"Try a larger network, another {rate(f)} or {less}, unless the rest is noise in the data"


def overfits(f: Facts, errors: Errors) -> Finding | None:
    """Much smaller errors on what it was trained on than on other rows."""
    if not _varied(errors):
        return None
    advice = "Try more data, stronger regularization or a smaller network"
    monitor = f.settings.early_stopping.monitor
    if f.weighted and monitor == "val/loss":
        advice = "Stop by what is trained, which is weighted: early_stopping.monitor=val/weighted_loss"
    elif f.improving:
        advice = f"{improving(f)}: first try {longer(f)}"
    elif _left_the_best(f):
        advice = f"{monitor} was best at epoch {f.best_epoch} of {f.last_epoch}: {KEEP_BEST} keeps that network"
    return "high variance (overfitting)", advice


def _varied(errors: Errors) -> bool:
    return errors.gap > max(VARIANCE * errors.constant, STANDARD_ERRORS * errors.noise)


def _left_the_best(f: Facts) -> bool:
    """Whether a later epoch is kept than the best by the monitored metric, which was not the one before training."""
    return f.watched and 0 < f.best_epoch < f.kept_epoch


def too_sure(f: Facts, errors: Errors) -> Finding | None:
    """Its choices are better than a guess's and its probabilities worse."""
    loss, name = max((f.value("val/loss") or 0.0, "validation"), (f.value("test/loss") or 0.0, "test"))
    if not f.guess or loss <= f.guess or (errors.train if errors.val is None else errors.val) >= errors.constant:
        return None
    keep = "" if not _left_the_best(f) or _varied(errors) else f"{KEEP_BEST} (epoch {f.best_epoch} was the best), "
    return "overconfident", (
        f"It chooses well but is too sure when it is wrong: {name} loss {loss:.3g}, where guessing costs "
        f"{f.guess:.3g}. Try {keep}regularizer.label_smoothing=0.1 or a lower {rate(f)}"
    )


def nothing_wrong(f: Facts, errors: Errors) -> Finding:
    """None of them: fine, if there are validation rows enough to say so."""
    if not f.rows.get("val"):
        return "fine", "It fits; without a validation split it is unknown whether it generalizes"
    if _too_few(f, errors):
        cannot = (
            f"{validation_rows(f)} cannot say whether it generalizes; with dataset.folds=5 every row validates once"
        )
        return "too few validation rows to tell", f"It fits, but {cannot}"
    return "fine", "It fits, and what it learned holds for examples it has not seen"


def _too_few(f: Facts, errors: Errors) -> bool:
    """Whether a validation error half as large as the constant answer's cannot be excluded."""
    if errors.val is None or errors.name != "accuracy":
        return f.rows["val"] < FEW
    return 1 - wilson(1 - errors.val, f.rows["val"])[0] > SERIOUS * errors.constant > 0


# ---- remarks


def may_improve(f: Facts, errors: Errors) -> str | None:
    """The best epoch was among the last."""
    said = errors.train > BIAS * errors.constant or _varied(errors)
    return f"{improving(f)}: {longer(f)} may reach more" if f.improving and not said else None


def stays_open(f: Facts, errors: Errors) -> str | None:
    """What few validation rows leave open."""
    if errors.val is None or errors.name != "accuracy" or _too_few(f, errors):
        return None
    low, high = wilson(1 - errors.val, f.rows["val"])
    return f"{validation_rows(f)} leave {low:.2f} to {high:.2f} open" if high - low > OPEN else None


def too_good(f: Facts, errors: Errors) -> str | None:
    """Not one mistake on any split of a table of the user's own."""
    test = f.value(f"test/{f.score}")
    if getattr(f.settings.dataset, "path", None) is None or errors.val is None or test is None:
        return None
    if max(abs(errors.train), abs(errors.val), 1 - test) > 1e-4:
        return None
    return (
        "No mistake anywhere is suspicious: look for a column that gives the answer away, such as an id, a row number "
        "or something that is known only afterwards (dataset.drop)"
    )
