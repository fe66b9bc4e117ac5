"""Commands that a report suggests: the same runs again, with something changed.

Settings are written by what is not at its default, so that a command does not depend on how they came about: by a grid,
drawn, zipped, from a recipe or another primary configuration.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence
from pathlib import Path

from runner.config import plugins
from runner.config.compact import shown, told, values
from runner.config.presets import with_known
from runner.config.settings import Settings, luck
from runner.config.words import key_of, spelled, word
from runner.errors import ConfigError
from runner.execution.configurations import remade
from runner.execution.stored import read_config
from runner.records.command import launched
from runner.records.console import shown_path
from runner.records.run_folder import LIST
from runner.reports.run_row import RunRow
from runner.reports.runs import RunSource
from runner.reports.sections import Section
from runner.reports.settings_table import COMPLETE, Setting, unfinished
from runner.reports.units import keys, unit_of

SPLIT = "dataset.split_seed"
ENOUGH = 5  # seeds, splits or draws suggested where there are fewer
FEW = 10  # of them, below which more are suggested
CANDIDATES = 10  # settings that may be the best, of which more runs are suggested


def quoted(path: Path) -> str:
    """A path as a word of the shell."""
    return shlex.quote(shown_path(path))


def next_commands(section: Section) -> list[str]:
    """What would make the answer surer: more of what its n counts, where there are few. Nothing as long as runs that
    were asked for are missing: what they reach may change the answer, and `runner resume` is suggested for them.
    """
    if any(map(unfinished, section.settings)):
        return []
    best = section.settings[0]
    found = best.spread(section.metric)
    told = 1 in section.comparisons and section.comparisons[1].differs
    if found is None or told or found.n >= FEW or best.tier != COMPLETE:
        return []
    return more(section, more_luck(best, ENOUGH if found.n < ENOUGH else 2 * found.n))


def suggested_for(section: Section) -> str:
    """What to say where `next_commands` leaves out settings that may be the best; empty if it has them all."""
    found = len(section.may_be_best)
    return f" (for the first {CANDIDATES} of {found} settings that may be the best)" if found > CANDIDATES else ""


def more_luck(setting: Setting, wanted: int) -> str:
    """The override with which a setting meets so many seeds, splits or draws of the data; after folds the same folds of
    ENOUGH splits, since one fold more would make all of them others.
    """
    if setting.unit == "seed":
        row = setting.rows[0]
        members = 1 if row.setting("ensemble") in ("none", "snapshot") else int(row.setting("ensemble.size"))
        first = min(int(row.setting("seed")) for row in setting.rows)
        apart = ",".join(str(first + members * k) for k in range(wanted))  # ensembles without a common member
        return f"seeds={wanted}" if members == 1 else f"seed={apart}"
    folds = setting.unit in ("fold", "fold of the test")
    position = keys().index(SPLIT) if folds else unit_of(setting.lucks)
    met = sorted({int(each[position]) for each in setting.lucks})
    added = itertools.islice(itertools.count(met[-1] + 1), max(0, (ENOUGH if folds else wanted) - len(met)))
    return f"{keys()[position]}={','.join(map(str, [*met, *added]))}"


def more(section: Section, change: str) -> list[str]:
    """The commands that sweep with `change`, such as seeds=5, over the settings that may be the best: those of a sweep
    into its folder, those of other runs into a new one. Settings with the same choices share a command.
    """
    groups: dict[tuple, list[tuple[Setting, Settings]]] = {}
    for position in section.may_be_best[:CANDIDATES]:
        setting = section.settings[position]
        number = section.positions[setting.source]
        if setting.rows[0].given is None and (section.sources[number].folder / LIST).is_file():
            continue  # the list of that sweep cannot be read, which is said elsewhere: no run can be added to it
        try:
            settings = settings_of(setting.rows[0])
        except ConfigError:  # damaged, which is said elsewhere
            continue
        choices = tuple(settings.choices().values())
        groups.setdefault((number, choices), []).append((setting, settings))
    return [_sweep(section.sources[number], found, change) for (number, _), found in groups.items()]


def settings_of(row: RunRow) -> Settings:
    """What a run trained that has been read, so that it holds or is used by force; ConfigError if nothing says it."""
    if row.given is None:
        return read_config(row.folder, checked=False)
    return remade(row.given, row.chosen)


def _sweep(source: RunSource, candidates: Sequence[tuple[Setting, Settings]], change: str) -> str:
    """One command for settings with the same choices."""
    left_out = {*luck(), "name"}
    every = [with_known(settings) for _, settings in candidates]
    given = dict.fromkeys(key for settings in every for key in told(settings) if key not in left_out)
    all_keys = [values(settings) | shown(settings) for settings in every]
    axes = {key: [spelled(each[key]) for each in all_keys] for key in given}
    words = [f"{key}={each[0]}" for key, each in axes.items() if len(set(each)) == 1]
    words += _varied({key: each for key, each in axes.items() if len(set(each)) > 1})
    words += _luck([row for setting, _ in candidates for row in setting.rows], key_of(change))
    return plugins.command("-m", *words, change, *(_place(source.folder) if source.is_sweep else []))


def _varied(axes: dict[str, list[str]]) -> list[str]:
    """Values that are swept over: every combination if these are the settings, else walked through together."""
    if not axes:
        return []
    different = {key: list(dict.fromkeys(each)) for key, each in axes.items()}
    asked = set(zip(*axes.values(), strict=True))
    if asked == set(itertools.product(*different.values())):
        return [f"{key}={','.join(each)}" for key, each in different.items()]
    words = [f"{key}={','.join(each)}" for key, each in axes.items()]
    return [*words, f"hydra.sweeper.zip=[[{','.join(axes)}]]"]


def _luck(rows: Sequence[RunRow], besides: str) -> list[str]:
    """The seeds, folds, splits and draws that the runs have met, but for those that are changed."""
    found = []
    for key in luck():
        met = list(dict.fromkeys(row.setting(key) for row in rows))
        every_fold = key == "dataset.fold" and str(len(met)) == rows[0].setting("dataset.folds")  # = an open fold
        if key != besides and met != [rows[0].default(key)] and not every_fold:
            found.append(f"{key}={','.join(met)}")
    return found


def _place(folder: Path) -> list[str]:
    """How a sweep is extended: into its folder, launched as it was."""
    return [*launched(folder), word("hydra.sweep.dir", shown_path(folder)), "--extend"]
