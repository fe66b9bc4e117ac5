"""What a person reads around a run: a banner before it, progress during it, a closing panel with what to type next.

On a terminal with colour and a frame, piped as plain lines. Paths and commands are never wrapped or framed, so that
they can be copied.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from runner.config import plugins
from runner.config.compact import shown, told
from runner.config.validate import show
from runner.records import pipe
from runner.records.command import Command
from runner.records.names import shown_path, spelled_value
from runner.records.progress import Progress, duration, epochs

if TYPE_CHECKING:
    from runner.config.settings import Settings

__all__ = ["Progress", "active_regularizers", "banner", "closing_panel", "next_commands", "shown_path"]

WARNINGS = 5  # shown at most
STYLES = {"completed": "green", "stopped_early": "green", "diverged": "red", "failed": "red"}


class Outcome(Protocol):
    """What is read of a run that has ended (`runner.training.outcome.Outcome`)."""

    folder: Path
    status: str
    reason: str
    summary: dict
    error: str | None


def banner(
    settings: Settings,
    describe_lines: Iterable[str],
    parameters: int,
    folder: Path | str,
    *,
    members: int = 1,
    engine: str = "",
    warnings: Sequence[str] = (),
    stream: IO[str] | None = None,
) -> None:
    """Say before training what is about to be trained, on what, regularized how, by which engine, what is probably not
    meant, and where the records go.
    """
    data = list(describe_lines)
    rows = [("data", line) for line in data[:1]] + [("", line) for line in data[1:]]
    rows += [
        ("model", f"{_model(settings)}, {parameters:,} parameters"),
        *_loss(settings),
        ("optimizer", _optimizer(settings)),
        ("regularizers", ", ".join(active_regularizers(settings)) or "none"),
        *([("augmentation", ", ".join(augmenting))] if (augmenting := active_in("augmentation", settings)) else []),
        ("trainer", _trainer(settings)),
        *([("ensemble", _ensemble(settings))] if settings.ensemble.active else []),
        *([("engine", engine)] if engine else []),
        *(("warning", text) for text in warnings[:WARNINGS]),
        *([("", f"{len(warnings) - WARNINGS} more in train.log")] if len(warnings) > WARNINGS else []),
        ("folder", shown_path(folder)),
    ]
    _print_rows(f"runner: {members} runs" if members > 1 else "runner", rows, stream or sys.stdout)


def warning_lines(warnings: Sequence[str]) -> list[str]:
    """What is probably not meant, for a dry run and a sweep: the first few."""
    more = len(warnings) - WARNINGS
    return [*(f"warning: {text}" for text in warnings[:WARNINGS]), *([f"warning: {more} more"] if more > 0 else [])]


def active_regularizers(settings: Settings) -> list[str]:
    """What holds this run back from fitting its training data: regularizers not neutral, decay, early stopping."""
    active = active_in("regularizer", settings)
    if getattr(settings.optimizer, "weight_decay", 0):
        active.append(f"weight_decay {show(settings.optimizer.weight_decay)}")
    stopping = settings.early_stopping
    if stopping.patience is not None:
        active.append(f"early stopping ({stopping.monitor}, patience {stopping.patience})")
    return active


def active_in(group: str, settings: Settings) -> list[str]:
    """The entries of a flat group that are switched on, with their strengths."""
    from runner.config.registry import entries

    active = []
    for name, entry in entries(group).items():
        node = getattr(settings, group).get(name)
        if node is not None and any(option.active(getattr(node, key)) for key, option in entry.options.items()):
            values = {key: show(getattr(node, key)) for key in entry.options}
            shown = values.values() if len(values) == 1 else (f"{key}={value}" for key, value in values.items())
            active.append(" ".join([name, *shown]))
    return active


def closing_panel(*outcomes: Outcome, command: Command | None = None, stream: IO[str] | None = None) -> None:
    """Say after training how it ended, the metrics at the best epoch, where everything is and what to type next.

    `command` trains the run, and is repeated with changes in the suggestions; None = not known.
    """
    stream = stream or sys.stdout
    if not outcomes:
        return
    first = outcomes[0]
    if len(outcomes) == 1:
        _print_rows(first.status, _result_rows(first), stream, STYLES.get(first.status, "blue"))
    else:
        counts = Counter(outcome.status for outcome in outcomes)
        title = ", ".join(f"{count} {status}" for status, count in counts.most_common())
        _print_rows(title, [(shown_path(o.folder), _one_line(o)) for o in outcomes[:20]], stream)
    _print_lines(["next:", *(f"  {command}" for command in next_commands(*outcomes, command=command))], stream)


def next_commands(*outcomes: Outcome, command: Command | None = None) -> list[str]:
    """The commands worth typing after a run, or after runs started together, which are resumed and looked at as one."""
    place = outcomes[0].folder if len(outcomes) == 1 else os.path.commonpath([_home(o) for o in outcomes])
    folder, statuses = shlex.quote(shown_path(place)), {outcome.status for outcome in outcomes}
    look = f"runner dashboard {folder}"
    if "failed" in statuses:
        return [plugins.command("resume", shown_path(place)), look]
    if len(outcomes) > 1:
        return [look]
    if "diverged" in statuses or _untrained(outcomes[0]):
        return [look, *([command.once("optimizer.lr=LOWER")] if command else [])]
    use = f"{plugins.command('predict', shown_path(place))} INPUT --out FILE"
    members = (outcomes[0].summary or {}).get("ensemble", {}).get("seeds", 1)  # whose seeds follow one another
    seeds = ",".join(str(members * k) for k in range(5))
    return [look, use, *([command.sweep(f"seed={seeds}")] if command else [])]


def _untrained(outcome: Outcome) -> bool:
    """Whether training kept the network it began with."""
    summary = outcome.summary or {}
    return summary.get("kept_epoch") == 0 and bool(summary.get("epochs"))


def _home(outcome: Outcome) -> str:
    """The folder that holds a run's folder."""
    return os.path.dirname(os.path.abspath(outcome.folder))


def _result_rows(outcome: Outcome) -> list[tuple[str, str]]:
    summary = outcome.summary or {}
    rows = [("reason", outcome.reason)] if outcome.reason else []
    if summary.get("best_epoch") is not None:
        rows.append(("best epoch", f"{summary['best_epoch']:.10g}"))
    for split in ("train", "val", "test"):
        metrics = summary.get(split) or {}
        if metrics:
            of_first = ", first phase" if split == "val" and "second" in summary else ""
            rows.append((split + of_first, "  ".join(f"{name} {_number(value)}" for name, value in metrics.items())))
    for split, means in summary.get("ensemble", {}).get("mean", {}).items():
        if means and split != "train":
            alone = "  ".join(f"{name} {_number(value)}" for name, value in means.items())
            rows.append((f"{split}, a member", alone))
    if summary.get("verdict"):
        rows.append(("verdict", summary["verdict"]))
    rows += [("note", note) for note in summary.get("notes", [])]
    if summary.get("seconds") is not None:
        rows.append(("time", duration(summary["seconds"])))
    return [*rows, ("folder", shown_path(outcome.folder))]


def _one_line(outcome: Outcome) -> str:
    test = (outcome.summary or {}).get("test") or {}
    return "  ".join([outcome.status, *(f"test/{name} {_number(value)}" for name, value in test.items())])


def _number(value: float | None) -> str:
    """Four decimals; a metric that is not defined, or not finite, is nan."""
    return "nan" if value is None else f"{value:.4f}"


def _model(settings: Settings) -> str:
    model = settings.model
    hidden = spelled_value(model.hidden) if model.hidden else "no hidden layer"
    return " ".join([hidden, model.activation, *_set_keys("model", settings, ("hidden", "activation"))])


def _loss(settings: Settings) -> list[tuple[str, str]]:
    """A line for a loss that was asked for."""
    name = shown(settings)["loss"]
    return [] if name == "auto" else [("loss", " ".join([name, *_set_keys("loss", settings)]))]


def _optimizer(settings: Settings) -> str:
    named = shown(settings)
    rule = [named["optimizer"], f"lr={show(settings.optimizer.lr)}"]
    parts = [[*rule, *_set_keys("optimizer", settings, ("lr", "weight_decay"))]]
    parts.append([named["scheduler"], *_set_keys("scheduler", settings)])
    if settings.averaging.active:
        parts.append(["averaging", named["averaging"], *_set_keys("averaging", settings)])
    return ", ".join(" ".join(part) for part in parts)


def _ensemble(settings: Settings) -> str:
    size, how = settings.ensemble.size, "" if settings.ensemble.staged else f", combined by {settings.ensemble.combine}"
    seeds = f" from seed {settings.seed} on" if settings.ensemble.seeds > 1 else ""
    tie = f", tied by {settings.ensemble.tie:g}" if settings.ensemble.tie else ""
    return f"{shown(settings)['ensemble']}, {size} members{seeds}{how}{tie}"


def _set_keys(group: str, settings: Settings, besides: tuple[str, ...] = ()) -> list[str]:
    """key=value of what is set in a group otherwise than by default of what was chosen."""
    own = {key.removeprefix(f"{group}."): v for key, v in told(settings).items() if key.startswith(f"{group}.")}
    return [f"{key}={spelled_value(value)}" for key, value in own.items() if key not in besides]


def _trainer(settings: Settings) -> str:
    t = settings.trainer
    return f"up to {epochs(t.epochs)}, batches of {t.batch_size}, {t.dtype} on {t.device}, seed {settings.seed}"


def _print_rows(title: str, rows: list[tuple[str, str]], stream: IO[str], style: str = "blue") -> None:
    width = max((len(label) for label, _ in rows), default=0)
    if not stream.isatty():
        _print_lines([title, *(f"  {label:{width}}  {text}".rstrip() for label, text in rows)], stream)
        return
    from rich.console import Console
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    framed = [row for row in rows if row[0] != "folder"]
    for label, text in framed:
        grid.add_row(Text(label, style="dim"), Text(text))
    console = Console(file=stream)
    console.print(Panel(grid, title=Text(title, style="bold"), title_align="left", border_style=style, expand=False))
    for label, text in rows[len(framed) :]:  # outside the frame, unwrapped, to be copied
        console.print(Text(f"{label}: {text}"), soft_wrap=True)


def _print_lines(lines: list[str], stream: IO[str]) -> None:
    """Print without wrapping; what the stream's encoding lacks is replaced."""
    text = "\n".join(lines) + "\n"
    encoding = getattr(stream, "encoding", None) or "utf-8"
    pipe.write(stream, text.encode(encoding, "replace").decode(encoding))
