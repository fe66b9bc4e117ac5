"""How a value, a key and a setting are spelled wherever they name something: folders, TensorBoard, reports, pages.

A value has two spellings. In a command and in a table that is read again it is exact, [64,64] (`config.compact.text`);
in a name it is short and free of what a shell or a file system minds, 64-64. Keys stand in the order in which they were
typed.
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from runner.config.compact import text

LONGEST = 80  # characters of a name in the name of a folder
REPEATED = 3  # equal numbers in a row from which they are counted


def plural(count: int, what: str) -> str:
    """1 run, 1,024 runs"""
    return f"{count:,} {what}{'s' * (count != 1)}"


def spelled(cell: str) -> str:
    """A value, given as `text` writes it, in a name: [64,32] -> 64-32, [64,64,64] -> 3x64, [] -> none.

    Lists of words, and of numbers that have a minus sign, keep their commas.
    """
    if not (cell.startswith("[") and cell.endswith("]")):
        return cell
    items = cell[1:-1].split(",") if cell != "[]" else ["none"]
    if not all(re.fullmatch(r"[0-9.]+|null", item) for item in items):
        return ",".join(items)
    runs = [(item, len(list(equal))) for item, equal in itertools.groupby(items)]
    return "-".join(f"{n}x{item}" if n >= REPEATED else "-".join([item] * n) for item, n in runs)


def spelled_value(value: Any) -> str:
    """The same of the value itself."""
    return spelled(text(value))


def plain(value: Any) -> bool | int | float | str:
    """What the HParams page can show: numbers, switches and, of anything else, its spelling."""
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return spelled_value(value)


def sanitized(name: str) -> str:
    """The text as part of a folder's name: what a shell or a file system minds becomes _."""
    return re.sub(r"[^A-Za-z0-9=.,+-]+", "_", name).strip("_.")


def folder_name(label: str) -> str:
    """A label as the name of a folder, not longer than a legend can show."""
    return sanitized(label)[:LONGEST].rstrip("_.")


def short_keys(keys: Sequence[str]) -> dict[str, str]:
    """The last part of each key, or as many parts as tell them apart: optimizer.lr -> lr."""
    found = {}
    for key in keys:
        parts = key.split(".")
        for size in range(1, len(parts) + 1):
            found[key] = ".".join(parts[-size:])
            if not any(other != key and f".{other}".endswith(f".{found[key]}") for other in keys):
                break
    return found


def typed_keys(words: Iterable[str]) -> list[str]:
    """The keys of the words of command lines, each once, in their order; those of Hydra itself left out."""
    keys = dict.fromkeys(word.partition("=")[0].lstrip("+~").partition("@")[0] for word in words)
    return [key for key in keys if not key.startswith("hydra")]


def in_order(keys: Iterable[str], typed: Sequence[str]) -> list[str]:
    """The keys in the order typed, each with those that it sets (regularizer=[l2] regularizer.l2); then the others."""
    place = {key: i for i, key in enumerate(typed)}

    def at(key: str) -> int:
        return place[key] if key in place else min((i for k, i in place.items() if sets(k, key)), default=len(place))

    return sorted(keys, key=at)


def sets(typed: str, key: str) -> bool:
    """Whether a key that was typed is, or holds, this key."""
    return key == typed or key.startswith(f"{typed}.")


def telling(
    runs: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]], typed: Sequence[str] = ()
) -> list[str]:
    """The keys of which a table of runs tells the values, in the order typed: those not at their defaults in some run,
    and those that were typed and vary. `runs` hold all keys of each run, `given` those not at their defaults.
    """
    found = {key for each in given for key in each}
    found |= {key for key in typed if len({text(run[key]) for run in runs if key in run}) > 1}
    return in_order(dict.fromkeys(key for run in runs for key in run if key in found), typed)


def labels(runs: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[str]:
    """What tells each run apart from the others among these keys: lr=0.1_hidden=64-64. Keys that a run has not are left
    out of its label.
    """
    cells = [[text(run[key]) if key in run else "" for run in runs] for key in keys]
    varied = [i for i, column in enumerate(cells) if len(set(column)) > 1]
    short = short_keys([keys[i] for i in varied])
    pairs = [[(short[keys[i]], cells[i][run]) for i in varied] for run in range(len(runs))]
    return ["_".join(f"{name}={spelled(cell)}" for name, cell in each if cell) for each in pairs]


class Job(Protocol):
    """What is read of the run that a job asks for (`runner.execution.work.Run`)."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Every key."""

    @property
    def told(self) -> Mapping[str, Any]:
        """Those that are not at their defaults."""


def job_labels(jobs: Sequence[Job], words: Sequence[Sequence[str]]) -> list[str]:
    """In which of the keys that were typed each job differs from others: lr=0.1_hidden=64-64_seed=0."""
    typed = typed_keys(word for own in words for word in own)
    runs = [job.values for job in jobs]
    keys = telling(runs, [job.told for job in jobs], typed)
    keys = [key for key in keys if any(sets(each, key) for each in typed)]
    known = {key for run in runs for key in run}
    others = [word for word in typed if not any(sets(word, key) for key in known)]  # such as experiment=a,b
    for number, own in enumerate(words if others else ()):
        given = dict(word.lstrip("+").split("=", 1) for word in own if "=" in word)
        runs[number] = {**runs[number], **{key: given[key] for key in others if key in given}}
    return labels(runs, in_order([*keys, *others], typed))


def shown_path(folder: Path | str) -> str:
    """The shorter of the relative and the absolute path."""
    absolute = os.path.abspath(folder)
    relative = os.path.relpath(absolute)
    return relative if len(relative) < len(absolute) and not relative.startswith("..") else absolute
