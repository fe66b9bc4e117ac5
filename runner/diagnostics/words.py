"""The words of which verdicts are made."""

from __future__ import annotations

from runner.diagnostics.facts import Errors, Facts


def numbers(f: Facts, errors: Errors) -> str:
    """train accuracy 1.00, validation 0.93 (always the most frequent class: 0.10)"""
    noise = f.settings.dataset.label_noise
    ceiling = f" (dataset.label_noise leaves {1 - noise:.2f} to right answers)" if noise and not errors.guess else ""
    shown = [f"{x:.3f}" if errors.guess else score(x) for x in errors.shown if x is not None]
    constant = f"{errors.guess:.3f}" if errors.guess else f"{1 - errors.constant:.2f}"
    held_out = f", validation {shown[1]}" if len(shown) > 1 else ""
    return f"train {errors.name} {shown[0]}{ceiling}{held_out} ({errors.meaning}: {constant})"


def score(value: float) -> str:
    """Two digits, or as many as tell it from perfect."""
    return f"{value:.2f}" if not 0.995 < value < 1 else f"{value:.4f}"


def moved(f: Facts, name: str) -> str:
    """validation accuracy went from 0.09 to 0.94: between the epoch that is kept and the last."""
    split, _, metric = name.partition("/")
    words = {"train": "training", "val": "validation"}[split]
    ends = [f.value(name), f.value(name, f.last)]
    before, after = ("nan" if x is None else f"{x:.3g}" if metric == "loss" else score(x) for x in ends)
    return f"{words} {'R^2' if metric == 'r2' else metric} went from {before} to {after}"


def rate(f: Facts) -> str:
    """optimizer.lr (now 0.1)"""
    return f"optimizer.lr (now {f.settings.optimizer.lr:g})"


def init(f: Facts) -> str:
    """model.init (now zeros)"""
    return f"model.init (now {f.settings.model.init})"


def longer(f: Facts) -> str:
    """trainer.epochs=300"""
    return f"trainer.epochs={3 * f.last_epoch}"


def improving(f: Facts) -> str:
    """What `Facts.improving` means."""
    return f"It was still improving when training ended (best epoch {f.best_epoch} of {f.last_epoch})"


def validation_rows(f: Facts) -> str:
    """22 validation rows"""
    count = f.rows["val"]
    return f"{count:,} validation row{'s' * (count != 1)}"


def held_back(f: Facts) -> str:
    """dropout 0.5, l2 0.1: the regularizers and augmentations that are switched on, but for early stopping."""
    from runner.records.console import active_in, active_regularizers

    found = [each for each in active_regularizers(f.settings) if not each.startswith("early stopping")]
    return ", ".join(found + active_in("augmentation", f.settings))
