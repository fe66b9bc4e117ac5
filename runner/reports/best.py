"""The winner of a sweep: its settings, what it reaches, its best run and the command that repeats it.

Runs that were validated on different rows have no best one: then the command trains the setting on all of these rows.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from runner.config import plugins
from runner.errors import ConfigError, RunError
from runner.records.names import shown_path, spelled
from runner.reports import refit
from runner.reports.answer import answer, none_finished, nothing_measured, over
from runner.reports.decimals import digits
from runner.reports.next_steps import quoted, settings_of
from runner.reports.run_row import RunRow
from runner.reports.runs import RunSource
from runner.reports.searches.words import search_lines
from runner.reports.sections import Section, make_sections, source_of
from runner.reports.settings_table import Setting


def winners(sources: Sequence[RunSource], where: str, metric: str | None = None) -> list[Section]:
    """The problems of a folder that have a best setting. RunError if none has: no run finished, or has `metric`."""
    sections = make_sections(sources, metric)
    won = [section for section in sections if section.settings[0].spread(section.metric)]
    if not won and any(setting.finished for section in sections for setting in section.settings):
        raise RunError(f"{where}: {nothing_measured(sections[0])}")
    if not won:
        notes = "".join(f"\nnote: {note}" for source in sources for note in source.notes)
        told = f"`runner report {shlex.quote(where)}`"
        raise RunError(f"{where}: {none_finished([row for source in sources for row in source.rows], told)}{notes}")
    return won


def why_not_one(won: Sequence[Section]) -> str:
    """Why there is no best run among all of them; "" if there is."""
    if len(won) > 1 or not won[0].comparable:
        return "they learn different data or different problems, each with a best one (`runner best` names it)"
    different = len(refit.validations(won[0].settings[0].finished)) > 1
    return "they were validated on different rows, where the best is the luckiest" if different else ""


def best_run(section: Section) -> RunRow:
    """The run of the best setting that reached most on the metric that ranks."""
    rows = [row for row in section.settings[0].finished if section.metric in row.metrics]
    choose = max if section.maximize else min
    return choose(rows, key=lambda row: row.metrics[section.metric])


def best_lines(section: Section) -> list[str]:
    """Everything about the best setting of a section, which must have a finished run."""
    setting = section.settings[0]
    place = f" ({source_of(setting, section)})" if len(section.sources) > 1 else ""
    count = f"best of {len(section.settings)} settings" if len(section.settings) > 1 else "one setting"
    lines = [f"{section.title + ': ' if section.title else ''}{count} by {section.metric}{place}"]
    lines += [f"note: {note}" for note in [*section.notes, *(n for source in section.sources for n in source.notes)]]
    lines += _aligned("settings that are not at their default:", _settings(setting))
    lines += _aligned(
        f"over {over([setting])} ({len(setting.finished)} of {len(setting.rows)} runs):", _metrics(section)
    )
    if len(refit.validations(setting.finished)) > 1:
        return [*lines, "", answer(section), *search_lines(section), "", *_refitted(setting)]
    run = best_run(section)
    found = f"{section.metric} {run.metrics[section.metric]:.{digits([setting.spread(section.metric)])}f}"
    lines += [f"best run ({found}):", f"  {quoted(run.folder)}"]
    lines += ["", answer(section), *search_lines(section), "", "to repeat its best run:", f"  {repeat(run)}"]
    return [*lines, "to use it:", f"  {plugins.command('predict', shown_path(run.folder))} INPUT --out FILE"]


def repeat(row: RunRow) -> str:
    """The command that repeats one run, or why there is none: a choice may not be registered here any more."""
    from runner.execution.repeat_command import command_of

    try:
        return command_of(settings_of(row), row.folder, row.overrides).once()
    except ConfigError as error:
        return f"not here: {error.problems[0]}"


def _refitted(setting: Setting) -> list[str]:
    """What to do with a setting whose runs were validated on different rows."""
    runs = setting.finished
    lines = [
        f"its {len(runs)} runs were validated on {len(refit.validations(runs))} different sets of rows: the best of "
        "them is the luckiest, so none is named"
    ]
    found = refit.refitted(runs)
    if found is None:
        return [*lines, "to train one of them again:", f"  {repeat(runs[0])}"]
    settings, command = found
    epochs = f"{settings.trainer.epochs} epoch{'s' * (settings.trainer.epochs != 1)}"
    lines += [f"to train the setting on all rows but the test's, for {epochs} (the mean of their best epochs):"]
    return [*lines, f"  {command}", "to use what that trains:", "  runner predict last INPUT --out FILE"]


def _settings(setting: Setting) -> list[list[str]]:
    row = setting.rows[0]
    found = [(key, value, row.default(key)) for key, value in setting.keys.items()]
    found = [each for each in found if each[1] and each[1] != each[2]]
    shown = [[key, spelled(value), f"(default {spelled(other)})" if other else ""] for key, value, other in found]
    return shown or [["none: the default run"]]


def _metrics(section: Section) -> list[list[str]]:
    rows = []
    for metric in dict.fromkeys([section.metric, *section.beside, *section.metrics]):
        spread = section.settings[0].spread(metric)
        if spread:
            places = digits([spread])
            half = "" if spread.half is None else f"± {spread.half:.{places}f} (95%)"
            sd = "" if spread.sd is None else f"sd {spread.sd:.{places}f}"
            rows.append([metric, f"{spread.mean:.{places}f}", half, sd])
    return rows


def _aligned(title: str, rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [title, *(f"  {line}".rstrip() for line in lines)]
