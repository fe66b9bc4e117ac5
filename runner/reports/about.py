"""What a report is about, for who sees nothing but its page: data, network, training, the command, when and by what."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.errors import RunError
from runner.records.command import Command, hydra_node
from runner.records.names import shown_path, spelled
from runner.records.run_folder import MULTIRUN
from runner.records.summary import read_summary
from runner.reports.runs import RunSource
from runner.reports.sections import Section

NETWORK = ("model.hidden", "model.activation", "model.norm")
TRAINING = ("loss", "optimizer", "optimizer.lr", "trainer.batch_size", "trainer.epochs")
SPLITS = {"train": "training", "val": "validation", "test": "test"}
UNUSUAL = ("", "null", "none", "auto", "[]")  # values that are not worth a word


def about(section: Section) -> list[tuple[str, str]]:
    """(what, in words) of all that the settings of a section share; what varies is said to."""
    summary = _summary(section)
    found = [
        ("Data", ", ".join(filter(None, [_values(section, ("dataset",)), _examples(summary)]))),
        ("Network", ", ".join(filter(None, [_values(section, NETWORK), _size(section, summary)]))),
        ("Training", _values(section, TRAINING)),
    ]
    for source in section.sources:
        found += [("Command", command) for command in [_command(source, section)] if command]
    return [*found, ("Made", _made(section, summary))]


def _values(section: Section, keys: tuple[str, ...]) -> str:
    """The values of keys, those that vary as such."""
    parts = []
    for key in keys:
        value = section.settings[0].rows[0].setting(key)
        name = key.rpartition(".")[2]
        if key in section.varied:
            parts.append(f"{name} varies")
        elif value not in UNUSUAL or key == "model.hidden":
            parts.append(spelled(value) if name == key else f"{name} {spelled(value)}")
    return ", ".join(parts)


def _summary(section: Section) -> Mapping[str, Any]:
    """That of the best setting's first run; nothing if it is gone."""
    for row in section.settings[0].finished[:1]:
        try:
            return read_summary(row.folder)
        except RunError:
            return {}
    return {}


def _examples(summary: Mapping[str, Any]) -> str:
    counts = summary.get("examples")
    if not isinstance(counts, dict):
        return ""
    return ", ".join(f"{counts[split]:,} {word}" for split, word in SPLITS.items() if counts.get(split)) + " examples"


def _size(section: Section, summary: Mapping[str, Any]) -> str:
    return f"{summary['parameters']:,} parameters" if "parameters" in summary and not section.sizes else ""


def _command(source: RunSource, section: Section) -> str:
    """What was typed; "" if no file says it."""
    if not source.is_sweep:
        row = next(row for setting in section.settings for row in setting.rows)
        command = Command.stored(row.folder)
        return command.once() if command and len(source.rows) == 1 else ""
    node = hydra_node(source.folder / MULTIRUN)
    words = [str(word) for word in ((node or {}).get("overrides") or {}).get("task") or []]
    return shlex.join([*shlex.split(plugins.command("-m")), *words]) if words else ""


def _made(section: Section, summary: Mapping[str, Any]) -> str:
    """When the last of its files was written, by which version, where."""
    folder = section.sources[0].folder
    when = datetime.date.fromtimestamp(_newest(section)).isoformat()
    version = (summary.get("versions") or {}).get("runner")
    return ", ".join(filter(None, [when, f"runner {version}" if version else "", shown_path(folder)]))


def _newest(section: Section) -> float:
    """When the youngest folder of a source changed, seconds since 1970."""
    return max(Path(source.folder).stat().st_mtime for source in section.sources)
