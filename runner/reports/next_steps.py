"""Commands that a report suggests: what a run or a sweep was started with, with something changed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from runner.records.console import shown_path
from runner.reports.runs import RunRow, Source
from runner.reports.sections import Section
from runner.reports.settings_table import COMPLETE

FOLD = "fold="  # how the folders of folds begin
SEEDS = 5  # suggested where there is one
FEW = 10  # seeds below which more of them are suggested


def quoted(path: Path) -> str:
    """A path as a word of the shell."""
    return shlex.quote(shown_path(path))


def next_commands(section: Section) -> list[str]:
    """What would make the answer surer: more seeds, where there are few."""
    best = section.settings[0]
    seeds = len({row.setting("seed") for row in best.finished})
    told = 1 in section.comparisons and section.comparisons[1].differs
    if not best.finished or told or seeds >= FEW or best.tier != COMPLETE:
        return []
    wanted = SEEDS if seeds < SEEDS else 2 * seeds
    numbers = dict.fromkeys(section.positions[setting.source] for setting in section.settings[:2])
    return [command for i in numbers if (command := more_seeds(section.sources[i], wanted))]


def more_seeds(source: Source, seeds: int) -> str:
    """The command that adds seeds to a sweep, or sweeps over them what has been run once."""
    if source.is_sweep:
        words = sweep_words(source.folder)
        place = [f"hydra.sweep.dir={_hydras(shown_path(source.folder))}", "--extend"]
    else:
        words, place = run_words(source.rows[0]), []
    if words is None:
        return ""
    kept = [word for word in words if not word.startswith(("seed=", "seeds=", "hydra.sweep.dir="))]
    return shlex.join(["runner", "-m", *kept, f"seeds={seeds}", *place])


def repeat(row: RunRow) -> str:
    """The command that repeats one run; by its settings if the words it was started with are not known."""
    words = run_words(row) or _set_words(row)
    fold = row.setting("dataset.fold")
    if fold not in ("", "null") and not any(word.startswith("dataset.fold=") for word in words):
        words.append(f"dataset.fold={fold}")
    return shlex.join(["runner", *words])


def sweep_words(folder: Path) -> list[str] | None:
    """The overrides a sweep was started with; None if they are not known, as for sweeps started from Python."""
    content = _yaml(folder / "multirun.yaml")
    try:
        return [str(word) for word in content["hydra"]["overrides"]["task"]]
    except (KeyError, TypeError):
        return None


def run_words(row: RunRow) -> list[str] | None:
    """The overrides of one run; None if they are not known."""
    home = row.folder.parent if row.folder.name.startswith(FOLD) else row.folder  # of cross-validation
    content = list(row.overrides) or _yaml(home / ".hydra" / "overrides.yaml")
    return [str(word) for word in content] if isinstance(content, list) else None


def _set_words(row: RunRow) -> list[str]:
    """A run's settings that are not at their default, as overrides."""
    given = {key: value for key, value in row.keys.items() if value and value != row.default(key)}
    return [f"{key}={value if value[0] in '[{' else _hydras(value)}" for key, value in given.items()]


def _yaml(path: Path) -> Any:
    """What a file of Hydra's holds, or None: it only serves a suggestion."""
    import yaml

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _hydras(value: str) -> str:
    """A text as a value of Hydra's grammar."""
    if re.fullmatch(r"[A-Za-z0-9_/.+-]+", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
