"""sweep.yaml: every run of a sweep with what was asked for and what it means, written before anything else is.

From it a sweep is resumed and extended, also if the folders of its runs had not been made yet. It is YAML with one run
a line, in the flow style that JSON is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.config.compact import compact
from runner.errors import ConfigError, RunError
from runner.execution.configurations import read
from runner.execution.work import Run
from runner.records import disk

SWEEP = "sweep.yaml"
FORMAT = 1


def write(root: Path, runs: Sequence[Run], data: dict[str, str]) -> None:
    """Put the file in place; `data` maps what identifies a data set to the SHA-256 of its content."""
    lines = [f"format: {FORMAT}", f"data: {json.dumps(data)}", "runs:"]
    lines += [f"- {_line(run)}" for run in runs]
    disk.replace(root / SWEEP, ("\n".join(lines) + "\n").encode())


def _line(run: Run) -> str:
    content = {"run": run.folder.name, "overrides": list(run.overrides), "settings": compact(run.settings)}
    return json.dumps(content, ensure_ascii=False)


def is_sweep(root: Path) -> bool:
    """Whether a sweep that can be resumed lies here."""
    return (root / SWEEP).is_file()


def load(root: Path) -> tuple[list[Run], dict[str, str]]:
    """(runs, data) as `write` was given them; ConfigError or RunError if the file is not there, newer or damaged."""
    path = root / SWEEP
    content = contents(root)
    try:
        runs = [
            Run(root / str(run["run"]), read(run["settings"]), tuple(map(str, run["overrides"])))
            for run in content["runs"]
        ]
        return runs, dict(content["data"])
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise RunError(f"{path}: damaged or edited ({error}); restore it, or start the sweep again.") from error


def contents(root: Path) -> dict[str, Any]:
    """{"data", "runs": [{"run", "overrides", "settings"}]} as written, unchecked; ConfigError or RunError as `load`."""
    path = root / SWEEP
    content = _content(path)
    if content.get("format") != FORMAT:
        raise RunError(
            f"{path}: written by another version of runner (format {content.get('format')!r}, this one reads "
            f"{FORMAT}); use that version."
        )
    return content


def _content(path: Path) -> dict[str, Any]:
    """The file's content; line by line, as reading a thousand runs as YAML takes seconds."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{path.parent} is no sweep: it has no {SWEEP}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"can't read {path}: {error}") from error
    try:
        head = dict(line.split(": ", 1) for line in lines[:2])
        runs = [json.loads(line.removeprefix("- ")) for line in lines[3:]]
        return {"format": json.loads(head["format"]), "data": json.loads(head.get("data", "{}")), "runs": runs}
    except (KeyError, ValueError) as error:
        raise RunError(f"{path}: damaged or edited ({error}); restore it, or start the sweep again.") from error
