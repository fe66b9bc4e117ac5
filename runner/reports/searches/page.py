"""What the page of a report shows of a search: how it went, which keys matter, where the good settings lie."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

import numpy as np

from runner.errors import ConfigError
from runner.reports.searches import charts
from runner.reports.searches.importance import LEAST, Importance, importances
from runner.reports.searches.made import is_search
from runner.reports.searches.parallel import parallel
from runner.reports.searches.scales import Key, keys_of
from runner.reports.searches.trials import Trial, best_so_far, trials_of
from runner.reports.sections import Section, label

DOTS = 300  # trials that are drawn, half of them the best
PANELS = 8  # keys that are drawn


def search_part(section: Section) -> str:
    """Figures with their captions; "" if nothing was searched for, or nothing was found."""
    if not is_search(section):
        return ""
    trials = trials_of(section)
    so_far = best_so_far(trials, maximize=section.maximize)
    if not so_far:
        return ""
    shown, best = drawn(trials, maximize=section.maximize), so_far[-1].trial
    found, note = _importances(section, trials)
    keys = [each.key for each in found] or keys_of(section)
    parts = [
        _figure("Best so far", [charts.progress(trials, shown, so_far, section.metric)], _progress_said(trials, shown)),
        _bars(found, note),
        _slices(keys, shown, len(trials), best, section),
        _contour(keys, found, shown, best, section),
        _parallel(keys, shown, best, section),
    ]
    words = escape(json.dumps([_words(trial, section) for trial in shown]), quote=True)
    return f'<div class="search" data-trials="{words}">{"".join(parts)}</div>'


def drawn(trials: Sequence[Trial], *, maximize: bool) -> list[Trial]:
    """The trials that are drawn, in their order: all of few; of many the best, and some of the others evenly picked."""
    found = [trial for trial in trials if trial.reached is not None]
    if len(found) <= DOTS:
        return found
    sign = -1 if maximize else 1
    ranked = sorted(found, key=lambda trial: (trial.value is None, sign * (trial.reached or 0.0)))
    half = DOTS // 2
    others = [ranked[i] for i in np.linspace(half, len(ranked) - 1, DOTS - half).astype(int)]
    return sorted([*ranked[:half], *others], key=lambda trial: trial.number)


def _importances(section: Section, trials: Sequence[Trial]) -> tuple[list[Importance], str]:
    """Those of the keys, or why there are none."""
    try:
        return importances(trials, keys_of(section), maximize=section.maximize), ""
    except ConfigError as error:
        return [], error.problems[0]


def _words(trial: Trial, section: Section) -> list[str]:
    ended = ", pruned" if trial.pruned else ""
    value = "-" if trial.reached is None else f"{trial.reached:.4g}"
    return [f"trial {trial.number}: {section.metric} {value}{ended}", *label(trial.setting, section).split(" ")]


def _figure(title: str, drawings: Sequence[str], caption: str, *, kind: str = "") -> str:
    plots = "".join(f'<div class="plot{kind}">{each}</div>' for each in drawings if each)
    if not plots:
        return ""
    return (
        f'<figure><h3>{escape(title)}</h3><div class="charts">{plots}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _progress_said(trials: Sequence[Trial], shown: Sequence[Trial]) -> str:
    said = "A dot is a trial, the mean over its runs, where it ended; the line is the best until then. The epochs are "
    said += "those of all runs, trial after trial, whatever became of them."
    if any(trial.pruned for trial in trials):
        said += " Empty dots were pruned: here and below they count with what they had reached when they were left."
    left_out = sum(trial.reached is None for trial in trials)
    said += f" Not drawn: {left_out} that diverged, failed or have not ended." if left_out else ""
    ended = len(trials) - left_out
    return said + (f" Drawn are {len(shown)} of {ended:,} trials, the best half of them." if len(shown) < ended else "")


def _bars(found: Sequence[Importance], note: str) -> str:
    if note:
        return f'<p class="dim">note: {escape(note)}</p>'
    said = (
        "How much each key matters for being among the best trials (Optuna's PED-ANOVA, shares of the total). The "
        "line is what resampling the trials makes of it (5th to 95th percentile); grey: chance gives as much."
    )
    return _figure("Importance of the keys", [charts.bars(found)], said)


def _slices(keys: Sequence[Key], shown: Sequence[Trial], count: int, best: Trial, section: Section) -> str:
    panels = [charts.slice_over(key, shown, count, best, section.metric) for key in keys[:PANELS]]
    said = "A dot is a trial; later ones are stronger; orange: the best. The other keys differ from dot to dot."
    said += f" Drawn are {PANELS} of {len(keys)} keys." if len(keys) > PANELS else ""
    return _figure("A slice for each key", panels, said)


def _contour(
    keys: Sequence[Key], found: Sequence[Importance], shown: Sequence[Trial], best: Trial, section: Section
) -> str:
    """Of the two keys with numbers that matter most."""
    usable = [key for key in keys if not key.words]
    if len(usable) < 2 or sum(trial.reached is not None for trial in shown) < LEAST:
        return ""
    made = charts.contour((usable[0], usable[1]), shown, best, section.metric, maximize=section.maximize)
    which = "that matter most" if found else "with numbers"
    said = (
        f"The two keys {which}. Darker is better, smoothed over the trials around; empty where there is none. "
        "Dots are trials, orange the best."
    )
    return _figure(f"{usable[0].name} and {usable[1].name}", [made], said)


def _parallel(keys: Sequence[Key], shown: Sequence[Trial], best: Trial, section: Section) -> str:
    made = parallel(shown, keys[:PANELS], section.metric, best, maximize=section.maximize)
    said = (
        "A line is a trial, through its value of each key to what it reached; the better the stronger, orange the "
        "best. Where strong lines meet on an axis, its good values lie."
    )
    if any(key.place(trial.setting) is None for key in keys[:PANELS] for trial in shown):
        said += " A line passes by the axis of a key that its trial has not."
    framed = f'<div class="wide" tabindex="0" role="region" aria-label="parallel coordinates">{made}</div>'
    return _figure("All keys together", [framed], said, kind=" full")
