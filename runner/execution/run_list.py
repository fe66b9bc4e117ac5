"""Which runs were started together: the list in their common folder, written before anything else is.

From sweep.yaml they are resumed and extended, also if their own folders had not been made yet. It is YAML with one run
a line, in the flow style that JSON is. A run alone, and one that stands for its folds, need no list: the configuration
in their folder says it all. Earlier versions kept runs of `runner.train` and folds in unfinished.json until all had
ended; that is still read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from runner.config.engines import STACKED
from runner.config.settings import Settings
from runner.errors import ConfigError, DamagedError, RunError
from runner.execution.configurations import remade
from runner.execution.stored import read_config
from runner.execution.work import Run
from runner.plan.fold_runs import expand_folds
from runner.records import disk
from runner.records.run_folder import CHECKPOINT, CONFIG, FOLD, LIST, MEMBERS, OLD_LIST, is_listed

FORMAT = 1


def write(root: Path, runs: Sequence[Run], data: dict[str, str]) -> None:
    """Put the list in place; `data` maps what identifies a data set to the SHA-256 of its content."""
    lines = [f"format: {FORMAT}", f"data: {json.dumps(data)}", "runs:"]
    lines += [f"- {_line(run, root)}" for run in runs]
    body = "\n".join(lines)
    disk.replace(root / LIST, f"{body}\nsha256: {_digest(body)}\n".encode())


def name_of(folder: Path, root: Path) -> str:
    """A run as those started with it call it: its folder, below the common one."""
    return os.path.relpath(folder, root)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _line(run: Run, root: Path) -> str:
    content = {"run": name_of(run.folder, root), "overrides": list(run.overrides), "settings": run.given}
    about = {"chosen": run.settings.chosen, "plugins": run.settings.foreign(), "choices": dict(run.choices)}
    about["engine"] = run.settings.engine if run.settings.engine != STACKED else ""  # which a list means that says none
    return json.dumps(content | {key: part for key, part in about.items() if part}, ensure_ascii=False)


def load(root: Path, *, pictured: bool = False) -> tuple[list[Run], dict[str, str]]:
    """(runs, data) of whatever was started in `root`: a run (`pictured` or not), its folds, or runs together.

    Raises ConfigError or RunError if nothing was, or if what says it is damaged, or newer than this version.
    """
    if (root / LIST).is_file():
        return _listed(root)
    return (_listed_before(root) if is_listed(root) else alone(root, pictured)), {}


def load_lines(root: Path, lines: Sequence[int]) -> tuple[list[Run], dict[str, str]]:
    """(some runs of the list in `root`, by their numbers, data); the others are not made. Raises as `load`."""
    return _listed(root, lines)


def _listed(root: Path, lines: Sequence[int] | None = None) -> tuple[list[Run], dict[str, str]]:
    path = root / LIST
    content = contents(root, lines)
    try:
        return [_run(each, root) for each in content["runs"]], dict(content["data"])
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _run(line: dict[str, Any], root: Path) -> Run:
    settings = remade(line["settings"], line.get("chosen", {}), dict(line.get("plugins", {})))
    settings.engine = str(line.get("engine", STACKED))
    return Run(root / str(line["run"]), settings, tuple(line["overrides"]), line.get("choices", {}))


def contents(root: Path, only: Sequence[int] | None = None) -> dict[str, Any]:
    """{"data", "runs": [{"run", "overrides", "settings"}]} as written, unchecked; ConfigError or RunError as `load`.
    With `only`, of the runs with these numbers.

    Read line by line, as reading a thousand runs as YAML takes seconds, and ten thousand at once 20 MB.
    """
    path = root / LIST
    try:
        body, _, end = path.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")
    except FileNotFoundError:
        raise ConfigError(f"{root} is no sweep: it has no {LIST}.") from None
    except UnicodeDecodeError as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror or error}") from error
    head = body.partition("\n")[0] or end
    if head.startswith("format: ") and head != f"format: {FORMAT}":
        raise RunError(
            f"{path}: written by another version of runner ({head}, this one reads {FORMAT}); use that version."
        )
    if end != f"sha256: {_digest(body)}":
        raise _damaged(path, "it does not match its checksum" if end.startswith("sha256: ") else "it is cut short")
    try:
        lines = (found[0] for found in re.finditer("[^\n]+", body))
        _, data, _ = islice(lines, 3)
        wanted = lines if only is None else map(list(lines).__getitem__, only)
        once: dict[str, str] = {}
        runs = [_shared(json.loads(line.removeprefix("- ")), once) for line in wanted]
        return {"data": json.loads(data.removeprefix("data: ")), "runs": runs}
    except (IndexError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _shared(value: Any, once: dict[str, str]) -> Any:
    """The same, each text in it that has been met before being that one: ten thousand runs say much the same."""
    if isinstance(value, dict):
        return {once.setdefault(key, key): _shared(each, once) for key, each in value.items()}
    if isinstance(value, list):
        return [_shared(each, once) for each in value]
    return once.setdefault(value, value) if isinstance(value, str) else value


def _damaged(path: Path, reason: str) -> DamagedError:
    return DamagedError(f"{path}: damaged or edited ({reason}); restore it, or start the sweep again elsewhere.")


# ---- runs without a list


def of_one(settings: Settings, root: Path, *, pictured: bool = False) -> list[Run]:
    """The runs that one configuration stands for: itself in `root`, or one for each fold in a folder below."""
    each = expand_folds(settings)
    if len(each) == 1:
        return [Run(root, settings, detailed=True, pictured=pictured)]
    return [Run(root / f"{FOLD}{run.dataset.fold}", run) for run in each]


def alone(root: Path, pictured: bool) -> list[Run]:
    """The run in `root`, or its folds. Where it has begun to train, its checkpoint says what the settings must be: they
    may have been edited in what no number depends on.
    """
    runs = of_one(read_config(root, checked=not _has_begun(root)), root, pictured=pictured)
    if len(runs) == 1 and any(root.glob(f"{FOLD}*/{CONFIG}")):
        raise ConfigError(f"{root / CONFIG}: of one fold, though there are folds below; restore it.")
    return runs


def _listed_before(root: Path) -> list[Run]:
    """The runs of unfinished.json, each by the configuration in its own folder."""
    runs = [Run(root / name, read_config(root / name)) for name in _names_before(root)]
    for run in runs:
        run.settings.engine = STACKED  # there was no other
    return runs


def _names_before(root: Path) -> list[str]:
    path = root / OLD_LIST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: cannot be read ({error}); delete it and start the runs again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("runs"), list):
        raise RunError(f"{path}: damaged, or written by another version of runner; delete it and start the runs again.")
    return [str(name) for name in content["runs"]]


def _has_begun(root: Path) -> bool:
    """Whether there is a checkpoint of the run in `root`, which tells what has been trained."""
    from runner.training import checkpoint

    try:
        return (root / CHECKPOINT).exists() and bool(checkpoint.rows(root / CHECKPOINT))
    except DamagedError:  # said, and set aside, when the run resumes
        return False


# ---- from a run to those that were started with it


def home_of(folder: Path) -> Path:
    """The folder of the run of which the one in `folder` is a fold or a member, else its own."""
    above = folder.parent.parent if folder.parent.name == MEMBERS else folder.parent
    part = folder.name.startswith(FOLD) or above != folder.parent
    return home_of(above) if part and (above / CONFIG).is_file() else folder


def resumed_in(folder: Path) -> Path:
    """The folder that `runner resume` takes for a run: the one whose list names it, that of its folds, or its own."""
    folder = folder.resolve()
    listing = (parent for parent in folder.parents if is_listed(parent) and _names(parent, folder))
    return next(listing, home_of(folder))


def _names(root: Path, folder: Path) -> bool:
    """Whether the list in `root` names a run (that of a sweep: whatever lies below is of it)."""
    return (root / LIST).is_file() or folder in [(root / name).resolve() for name in _names_before(root)]
