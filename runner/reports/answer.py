"""What a report says in words: does the best setting differ from the runner-up, which runs are missing, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.config import plugins
from runner.errors import RunError
from runner.execution.run_list import resumed_in
from runner.records.console import shown_path
from runner.records.names import plural
from runner.reports.decimals import digits
from runner.reports.examples import of_examples
from runner.reports.next_steps import quoted
from runner.reports.run_row import UNFINISHED, RunRow, unfit
from runner.reports.sections import Section, label
from runner.reports.settings_table import COMPLETE, Setting
from runner.reports.statistics import LEAST, Comparison, Spread
from runner.reports.units import in_words, units

LISTED = 5  # runs named at most
FEW = ("No", "One", "Two")


def over(settings: Sequence[Setting]) -> str:
    """What the intervals are over: "5 seeds, on this split", "3 folds, each the mean of 2 seeds"."""
    return in_words([each for setting in settings for each in setting.lucks])


def nothing_measured(section: Section) -> str:
    """Why there is nothing to rank by: no run has finished, or none has the metric; then which metrics there are."""
    if not any(setting.finished for setting in section.settings):
        return "No run has finished: nothing to compare."
    split, recorded = section.metric.partition("/")[0], ", ".join(section.metrics)
    rows = {"val": "validation", "test": "test"}.get(split, "such")
    why = (
        f"there are no {rows} rows"
        if not any(m.startswith(f"{split}/") for m in section.metrics)
        else "it is no number"
    )
    ranks = f"--metric NAME ranks by one of them: {recorded}" if recorded else "no other metric was recorded"
    return f"No run has {section.metric} ({why}): nothing to compare by; {ranks}."


def none_finished(rows: Sequence[RunRow], report: str) -> str:
    """Why there is no best run, by what became of all; `report` is the command that says more."""
    ended = {row.status for row in rows}
    every = f"all {len(rows)} runs" if len(rows) != 1 else "its only run"
    if ended == {"diverged"}:
        return f"{every} diverged: try a lower optimizer.lr"
    if ended == {"failed"}:
        return f"{every} failed: {report} says why"
    yet = " yet" if UNFINISHED in ended else ""
    return f"no run in it has finished{yet} ({', '.join(unfit(rows))}); {report} says what became of them"


def metric_asked(sections: Sequence[Section]) -> str | None:
    """The metric that `runner best` must be told to rank these by: "" if it finds one itself, None if no run that
    finished recorded any, else that of the test rows if there is one.
    """
    if any(section.settings[0].spread(section.metric) for section in sections):
        return ""
    recorded = [metric for section in sections for metric in section.metrics]
    wanted = [f"test/{section.metric.partition('/')[2]}" for section in sections]
    return next((metric for metric in (*wanted, *recorded) if metric in recorded), None)


def answer(section: Section) -> str:
    """One paragraph: which setting is best, by how much, and whether that is more than noise."""
    best = section.settings[0]
    found = best.spread(section.metric)
    if found is None:
        return nothing_measured(section)
    said = f"{section.metric} {found.mean:.{digits([found])}f}{_spread(found, best)}"
    if len(section.settings) > 1:
        first = "Best" if section.comparable and section.judged else "Highest" if section.maximize else "Lowest"
        said = f"{first}: {label(best, section)}, {said}"
    said += "."
    if best.tier != COMPLETE:
        said += f" Not one setting is complete; this one has {len(best.finished)} of {len(best.rows)} runs."
    elif section.comparable:
        said = f"{said} {_compared(section, best, found)}"
    allowed = caution(best, found, tested=any(each.tested for each in section.comparisons.values()))
    return " ".join(filter(None, (said.strip(), allowed, of_examples(section))))


def _spread(found: Spread, best: Setting) -> str:
    """How sure a mean is, and over what."""
    if found.half is not None:
        return f" ± {found.half:.{digits([found])}f} (95% interval over {over([best])})"
    if found.n == 1:
        return ""
    return f" ({'mean of' if found.sd else 'the same in all of'} {over([best])})"


def caution(setting: Setting, found: Spread, *, tested: bool) -> str:
    """What allows for units that share training rows; empty if they do not or nothing is said of their spread."""
    words = [*(["the interval"] if found.half is not None else []), *(["p"] if tested else [])]
    if not found.overlap or not words:
        return ""
    allows = f"{' and '.join(words)} allow{'s' * (len(words) == 1)} for it"
    return f"{units(2, setting.unit).capitalize()} share training rows; {allows} (Nadeau & Bengio 2003)."


def _compared(section: Section, best: Setting, found: Spread) -> str:
    few = f"{FEW[found.n]} {units(found.n, best.unit)} cannot tell" if found.n < LEAST else ""
    if not section.comparisons:
        one = f"{few} how much of it is luck." if few else ""
        other = "No other setting is complete: nothing to compare." if len(section.settings) > 1 else ""
        return f"{one} {other}".strip()
    position = min(section.comparisons)
    beside, second = section.comparisons[position], label(section.settings[position], section)
    if beside.tested:
        return _test(section, beside, second)
    if few:
        return f"{few} whether it is better than the runner-up ({second}) or luckier."
    shared = f"{beside.n or 'no'} {units(beside.n, section.unit)}"
    return f"It shares {shared} with the runner-up ({second}): not comparable."


def _test(section: Section, found: Comparison, second: str) -> str:
    by = f"{abs(found.difference):#.2g}"
    picked = f", corrected (Holm) for having picked the best of {len(section.comparisons) + 1}"
    test = f"paired t test over {found.n} shared {units(found.n, section.unit)}, {p_value(found.corrected)}"
    test += picked if len(section.comparisons) > 1 else ""
    if found.differs:
        beats = "beats" if section.judged else "differs from"
        return f"It {beats} the runner-up ({second}) by {by}, more than noise ({test})."
    also = _others(section)
    if found.difference == 0:
        return f"The runner-up ({second}) reaches the same.{also}"
    return f"Its lead of {by} over the runner-up ({second}) is within noise ({test}).{also}"


def _others(section: Section) -> str:
    """How many settings other than the runner-up may be the best: marked ~, or with too few runs to tell."""
    tied = sum(map(section.not_told_apart, section.comparisons))
    few = sum(not each.tested for each in section.comparisons.values())
    if tied + few < 2:
        return ""
    said = f" Of the {plural(len(section.comparisons), 'other complete setting')} {tied} may be as good (marked ~)"
    lacking = f"; {few} more share{'s' * (few == 1)} too few {units(2, section.unit)} with it to tell"
    return f"{said}{lacking if few else ''}."


def p_value(p: float) -> str:
    """A p-value with two digits."""
    return f"p = {p:#.2g}" if p >= 1e-4 else "p < 0.0001"


def trouble(section: Section) -> list[str]:
    """Runs that diverged, failed, are damaged or have not ended, and the commands that say why or continue."""
    return [*_diverged(section), *_failed(section), *_unfinished(section)]


def _diverged(section: Section) -> list[str]:
    found = [(setting, setting.count("diverged")) for setting in section.settings if setting.count("diverged")]
    if not found:
        return []
    total = sum(count for _, count in found)
    lines = [f"{total} run{'s' * (total > 1)} diverged, of {len(found)} setting{'s' * (len(found) > 1)}, ranked last:"]
    lines += [f"  {label(setting, section)}: {count} of {len(setting.rows)}" for setting, count in found[:LISTED]]
    return lines + _more(len(found))


def _failed(section: Section) -> list[str]:
    found = [row for setting in section.settings for row in setting.rows if row.status == "failed"]
    if not found:
        return []
    lines = [f"{len(found)} run{'s' * (len(found) > 1)} failed (the last lines of train.log say why):"]
    for row in found[:LISTED]:
        reason = row.error.strip().splitlines()
        lines.append(f"  {row.folder.name}: {reason[-1] if reason else 'no reason recorded'}")
        lines.append(f"    tail -n 30 {quoted(row.folder / 'train.log')}")
    return lines + _more(len(found))


def _unfinished(section: Section) -> list[str]:
    lines = []
    mine = {id(row) for setting in section.settings for row in setting.rows}
    for source in section.sources:
        waiting = [row for row in source.rows if row.status == UNFINISHED and id(row) in mine]
        if waiting:
            place = source.folder if source.is_sweep else _together(waiting)
            count = _waiting(waiting)
            lines += [f"{count}:" if place else f"{count}, such as {shown_path(waiting[0].folder)}"]
            lines += [f"  {plugins.command('resume', shown_path(place))}"] if place else []
    return lines


def _waiting(rows: Sequence[RunRow]) -> str:
    """How many of these runs are damaged, how many have not ended."""
    damaged = sum(row.damaged for row in rows)
    open_ = len(rows) - damaged
    parts = [f"{plural(damaged, 'run')} {'is' if damaged == 1 else 'are'} damaged"] if damaged else []
    parts += [f"{plural(open_, 'run')} {'has' if open_ == 1 else 'have'} not ended"] if open_ else []
    return ", ".join(parts)


def _together(waiting: Sequence[RunRow]) -> Path | None:
    """The folder in which these runs resume; None if there is none, or it is unknown."""
    try:
        place = resumed_in(waiting[0].folder)
    except RunError:
        return None
    return place if len(waiting) == 1 or all(place in row.folder.resolve().parents for row in waiting) else None


def _more(count: int) -> list[str]:
    return [f"  and {count - LISTED} more (--csv lists all)"] if count > LISTED else []
