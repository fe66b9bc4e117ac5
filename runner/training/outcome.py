"""The end of a run: its weights, its summary, in this order; summary.json is the sign that a run is whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.data.prepare import RunData
from runner.diagnostics.facts import Facts
from runner.diagnostics.never_acted import never_acted
from runner.diagnostics.verdict import verdict
from runner.records import disk
from runner.records.checksums import MODEL, sha256
from runner.records.run_folder import ANSWERS
from runner.records.summary import SPLITS
from runner.training.answers import answers_bytes
from runner.training.engine import Engine
from runner.training.model_file import ENDED, how_it_ended, model_bytes
from runner.training.second_phase import SecondPhase
from runner.training.snapshots import reached, write_sizes
from runner.training.trial import Trial


@dataclass(repr=False)
class Outcome:
    """What became of one run."""

    folder: Path
    status: str  # completed | stopped_early | diverged | failed
    reason: str
    summary: dict[str, Any]
    error: str | None = None
    copied: bool = False  # from a run that is the same run

    @classmethod
    def of(cls, folder: Path, summary: dict[str, Any]) -> Outcome:
        """Of a run that ended earlier, by its summary."""
        return cls(folder, summary["status"], summary.get("reason", ""), summary)

    def __repr__(self) -> str:
        """Where it lies, how it ended and what it reached; `summary` has the rest."""
        reached = "" if self.best is None else f", {self.summary['monitor']} {self.best:.4g}"
        kept = self.summary.get("first", self.summary).get("kept_epoch")  # of the phase that validated
        at = "" if kept is None else f" at epoch {kept:.4g}"
        why = f", {self.reason}" if self.status in ("failed", "diverged") else ""
        return f"Outcome({str(self.folder)!r}, {self.status}{reached}{at}{why})"

    @property
    def best(self) -> float | None:
        """The monitored metric at the kept epoch; None if the run has none."""
        split, _, name = self.summary.get("monitor", "").partition("/")
        return self.summary.get(split, {}).get(name)


def split_metrics(metrics: dict[str, float], split: str) -> dict[str, float | None]:
    """The metrics of one split, without its name: {"loss": ..., "accuracy": ...}; null where not finite."""
    found = {k.partition("/")[2]: v for k, v in metrics.items() if k.startswith(f"{split}/")}
    found.pop("objective", None)
    return {k: v if v is not None and math.isfinite(v) else None for k, v in found.items()}


def verdict_on(trial: Trial, engine: Engine, test: dict[str, float]) -> str | None:
    """What a run's metrics say; of several targets of which some are classes each has its sentences."""
    whole = facts_of(trial, trial.data, engine.loss, trial.kept | test, trial.last)
    if (said := verdict(whole)) or not trial.data.heads:
        return said
    found = []
    for name, data, loss in zip(trial.data.encoding.questions, trial.data.heads, engine.loss.losses, strict=True):
        kept, last = (_of_target(metrics, name) for metrics in (trial.kept | test, trial.last))
        found.append(f"{name}: {verdict(facts_of(trial, data, loss, kept, last))}")
    return " ".join(found)


def _of_target(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    """The metrics "<split>/<name>/<metric>" as "<split>/<metric>"."""
    places = {f"{split}/{name}/": f"{split}/" for split in SPLITS}
    return {
        new + key.removeprefix(old): value
        for key, value in metrics.items()
        for old, new in places.items()
        if key.startswith(old)
    }


def facts_of(trial: Trial, data: RunData, loss: Any, kept: dict[str, Any], last: dict[str, Any]) -> Facts:
    """What the verdict on a run, or on one of its targets, goes by."""
    counts, guess = {}, None
    if data.task == "classification":
        counts, rows = data.class_counts, len(data.train)
        guess = loss.of_guessing([n / rows for n in counts["train"]]) if data.weights is None else None
    return Facts(
        settings=trial.settings,
        task=data.task,
        status=str(trial.status),
        kept=kept,
        last=last,
        kept_epoch=_readable(trial.kept["epoch"]),
        best_epoch=_readable(trial.stopping.best_epoch),
        last_epoch=_readable(trial.last["epoch"]),
        watched=trial.stopping.best is not None,
        rows={split: len(getattr(data, split)) for split in SPLITS},
        counts=counts,
        guess=guess,
    )


def _readable(epoch: float) -> float:
    """An epoch as sentences have it; a fraction has two decimals."""
    return epoch if isinstance(epoch, int) else round(epoch, 2)


def what_never_acted(trial: Trial, steps: int) -> dict[str, list[str]]:
    """`notes` and `without_effect` of a summary, where there is something to say; a diverged run has other troubles."""
    last, kept = _readable(trial.last["epoch"]), _readable(trial.kept["epoch"])
    if trial.status == "diverged":
        return {}
    return never_acted(trial.settings, steps, last, kept, dropped=trial.scale != 1).summary()


def summary_of(trial: Trial, engine: Engine, test: dict[str, float], facts: dict[str, Any]) -> dict[str, Any]:
    """What summary.json says of a run, or of the first phase of one; `engine` holds the weights to keep."""
    return {
        "format": 1,
        **how_it_ended(trial),
        "monitor": trial.settings.early_stopping.monitor,
        "best_epoch": trial.stopping.best_epoch,
        **{split: split_metrics(trial.kept | test, split) for split in SPLITS},
        **reached(trial),
        "examples": {split: len(getattr(trial.data, split)) for split in SPLITS},
        "verdict": verdict_on(trial, engine, test),
        **what_never_acted(trial, engine.steps),
        "parameters": engine.layout.parameters,
        "seconds": round(trial.seconds, 3),
        "seed": trial.settings.seed,
        "data_sha256": trial.data.sha256,
        **facts,
        "engine": engine.name,
        "bitwise": facts["bitwise"] and not trial.changed,
    }


def of_both_phases(trial: SecondPhase, test: dict[str, float]) -> dict[str, Any]:
    """What summary.json says of a run with a second phase: train and test are of the network that is kept, val is of
    the first phase, the last that was measured on rows that had not trained. `first` and `second` have all of each.
    """
    first = trial.first["summary"]
    second = {split: split_metrics(trial.kept | test, split) for split in SPLITS}
    return {
        **first,
        **how_it_ended(trial),
        "train": second["train"],
        "test": second["test"],
        "verdict": first["verdict"] and f"first phase: {first['verdict']}",
        "seconds": round(trial.seconds, 3),
        "bitwise": first["bitwise"] and not trial.changed,
        "first": {key: first[key] for key in (*ENDED, "best_epoch", *SPLITS)},
        "second": {
            "policy": trial.policy,
            "end": trial.end,
            "steps": trial.steps,
            "examples": len(trial.data.train),
            **second,
        },
    }


def finish(trial: Trial, engine: Engine, row: int, test: dict[str, float], facts: dict[str, Any]) -> Outcome:
    """Write the model, then the summary; `engine` holds the weights to keep."""
    if isinstance(trial, SecondPhase):
        summary = of_both_phases(trial, test)
    else:
        summary = summary_of(trial, engine, test, facts)
    folder = trial.files.folder
    model = model_bytes(engine, row, trial)
    disk.replace(folder / MODEL, model)
    files = {MODEL: sha256(model), **trial.snapshots, **write_sizes(trial)}
    if trial.member:
        answers = answers_bytes(engine, trial.data)
        disk.replace(folder / ANSWERS, answers)
        files[ANSWERS] = sha256(answers)
    flat = {f"{split}/{k}": v for split in SPLITS for k, v in summary[split].items() if v is not None}
    if summary["verdict"]:
        trial.files.text("verdict", summary["verdict"])
    trial.files.end(str(trial.status), flat, trial.abscissa(trial.kept))
    for note in summary.get("notes", []):
        trial.files.log(f"note: {note}")
    trial.files.log(f"{trial.status}: {trial.reason}; best epoch {trial.stopping.best_epoch:.10g}")
    summary = trial.files.summary(summary, files)
    return Outcome(folder, str(trial.status), trial.reason, summary)
