"""sweep.yaml: every run of a sweep with what was asked for and what it means, written before anything else is.

From it a sweep is resumed and extended, also if the folders of its runs had not been made yet. It is YAML with one run
a line, in the flow style that JSON is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.config.settings import Settings
from runner.errors import ConfigError, DamagedError, RunError
from runner.execution.configurations import read
from runner.execution.stored import refuse_missing
from runner.execution.work import Run
from runner.records import disk

SWEEP = "sweep.yaml"
FORMAT = 1


def write(root: Path, runs: Sequence[Run], data: dict[str, str]) -> None:
    """Put the file in place; `data` maps what identifies a data set to the SHA-256 of its content."""
    lines = [f"format: {FORMAT}", f"data: {json.dumps(data)}", "runs:"]
    lines += [f"- {_line(run, root)}" for run in runs]
    lines.append(f"sha256: {_digest(lines)}")
    disk.replace(root / SWEEP, ("\n".join(lines) + "\n").encode())


def name_of(folder: Path, root: Path) -> str:
    """A run as its sweep calls it: its folder, below that of the sweep."""
    return os.path.relpath(folder, root)


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(run: Run, root: Path) -> str:
    content = {"run": name_of(run.folder, root), "overrides": list(run.overrides), "settings": run.given}
    if run.settings.chosen:
        content["chosen"] = run.settings.chosen
    if foreign := run.settings.foreign():
        content["plugins"] = foreign
    if run.choices:
        content["choices"] = dict(run.choices)
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
            Run(root / str(run["run"]), _settings(run), tuple(run["overrides"]), run.get("choices", {}))
            for run in content["runs"]
        ]
        return runs, dict(content["data"])
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _settings(run: dict[str, Any]) -> Settings:
    plugins = dict(run.get("plugins", {}))
    refuse_missing(plugins)
    settings = read(run["settings"])
    settings.chosen, settings.plugins = dict(run.get("chosen", {})), plugins
    return settings


def contents(root: Path) -> dict[str, Any]:
    """{"data", "runs": [{"run", "overrides", "settings"}]} as written, unchecked; ConfigError or RunError as `load`.

    Read line by line, as reading a thousand runs as YAML takes seconds.
    """
    path = root / SWEEP
    try:
        *lines, end = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except FileNotFoundError:
        raise ConfigError(f"{root} is no sweep: it has no {SWEEP}.") from None
    except UnicodeDecodeError as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror or error}") from error
    head = lines[0] if lines else end
    if head.startswith("format: ") and head != f"format: {FORMAT}":
        raise RunError(
            f"{path}: written by another version of runner ({head}, this one reads {FORMAT}); use that version."
        )
    if end != f"sha256: {_digest(lines)}":
        raise _damaged(path, "it does not match its checksum" if end.startswith("sha256: ") else "it is cut short")
    try:
        runs = [json.loads(line.removeprefix("- ")) for line in lines[3:]]
        return {"data": json.loads(lines[1].removeprefix("data: ")), "runs": runs}
    except (IndexError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, reason: str) -> DamagedError:
    return DamagedError(f"{path}: damaged or edited ({reason}); restore it, or start the sweep again elsewhere.")
