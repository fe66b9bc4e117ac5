"""What a report says in words: does the best setting differ from the runner-up, which runs are missing, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.config.settings import luck
from runner.records.console import shown_path
from runner.reports.next_steps import quoted
from runner.reports.runs import UNFINISHED
from runner.reports.sections import Section
from runner.reports.settings_table import COMPLETE, Setting, source_names
from runner.reports.statistics import Comparison, Spread

LISTED = 5  # runs named at most


def digits(values: Iterable[Spread | None]) -> int:
    """Decimals with which a column of means is shown: two digits of the median half-width, else four of the mean."""
    found = [spread for spread in values if spread is not None]
    halves = sorted(spread.half for spread in found if spread.half)
    size = halves[len(halves) // 2] if halves else 0.0
    digit = 2
    if not size:
        size, digit = max((abs(spread.mean) for spread in found), default=1.0) or 1.0, 4
    return min(8, max(0, digit - 1 - int(f"{size:e}".partition("e")[2])))


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


def label(setting: Setting, section: Section) -> str:
    """A setting in words: what tells it apart from the others, such as lr=0.01 dropout=0.2."""
    short = short_keys(section.varied)
    words = [f"{short[key]}={setting.keys[key]}" for key in section.varied if setting.keys.get(key, "")]
    if len(section.sources) > 1:
        words.append(f"({source_of(setting, section)})")
    return " ".join(words) or "this setting"


def source_of(setting: Setting, section: Section) -> str:
    """The folder a setting is from, as short as tells it apart from the others."""
    return source_names(section.sources)[section.positions[setting.source]]


def over(settings: Sequence[Setting]) -> str:
    """What the intervals are over: "5 seeds, fixed split", "5 seeds x 3 folds, ..." """
    rows = [row for setting in settings for row in setting.finished]
    counts = {name: len({row.setting(key) for row in rows}) for key, name in luck().items()}
    words = [f"{counts['seed']} seed{'s' * (counts['seed'] > 1)}"]
    words += [
        f"{n} {name}s" if name != "draw of the data" else f"{n} draws of the data"
        for name, n in counts.items()
        if n > 1 and name != "seed"
    ]
    fixed = counts["fold"] == counts["split"] == counts["draw of the data"] == 1
    return " x ".join(words) + (", fixed split" if fixed else "")


def caution(setting: Setting, *, tested: bool) -> str:
    """What is wrong with an interval over folds or splits; empty if it is over seeds."""
    rows = setting.finished
    for key in ("dataset.fold", "dataset.split_seed"):
        if len({row.setting(key) for row in rows}) > 1:
            p = "; p allows for it (Nadeau & Bengio 2003)" if tested else ""
            shared = f"{luck()[key].capitalize()}s share training rows"
            return f"{shared}: the interval is too narrow (Bengio & Grandvalet 2004){p}."
    return ""


def answer(section: Section) -> str:
    """One paragraph: which setting is best, by how much, and whether that is more than noise."""
    best = section.settings[0]
    found = best.spread(section.metric)
    if found is None:
        return "No run has finished with this metric: nothing to compare."
    decimals = digits([found])
    value = f"{section.metric} {found.mean:.{decimals}f}"
    if found.half is not None:
        value += f" ± {found.half:.{decimals}f} (95% interval over {over([best])})"
    said = f"Best: {label(best, section)}, {value}." if len(section.settings) > 1 else f"{value}."
    if best.tier != COMPLETE:
        said += f" Not one setting is complete; this one has {len(best.finished)} of {len(best.rows)} runs."
    elif section.comparable:
        said = f"{said} {_compared(section, best)}"
    return " ".join(filter(None, (said.strip(), caution(best, tested=bool(section.comparisons)))))


def _compared(section: Section, best: Setting) -> str:
    if not section.comparisons:
        one = "One seed cannot tell how much of it is luck." if len(best.finished) == 1 else ""
        other = "No other setting is complete: nothing to compare." if len(section.settings) > 1 else ""
        return f"{one} {other}".strip()
    position = min(section.comparisons)
    found, second = section.comparisons[position], label(section.settings[position], section)
    if found.n < 2:
        if len(best.finished) == 1:
            return f"One seed cannot tell whether it is better than the runner-up ({second}) or luckier."
        return f"It shares {found.n or 'no'} seed{'s' * (found.n != 1)} with the runner-up ({second}): not comparable."
    return _test(section, found, second)


def _test(section: Section, found: Comparison, second: str) -> str:
    by = f"{abs(found.difference):#.2g}"
    picked = f", corrected (Holm) for having picked the best of {len(section.comparisons) + 1}"
    test = f"paired t test over {found.n} shared {_unit(section)}, {p_value(found.corrected)}"
    test += picked if len(section.comparisons) > 1 else ""
    if found.differs:
        return f"It beats the runner-up ({second}) by {by}, beyond noise ({test})."
    tied = len(section.may_be_best)
    of = f"{tied} of {len(section.comparisons) + 1} complete settings"
    also = f" {of} may be the best (marked ~)." if tied > 2 else ""
    if found.difference == 0:
        return f"The runner-up ({second}) reaches the same.{also}"
    return f"Its lead of {by} over the runner-up ({second}) is within noise ({test}).{also}"


def _unit(section: Section) -> str:
    return "seeds" if over(section.settings[:1]).endswith("fixed split") else "runs"


def p_value(p: float) -> str:
    """A p-value with two digits."""
    return f"p = {p:#.2g}" if p >= 1e-4 else "p < 0.0001"


def trouble(section: Section) -> list[str]:
    """Runs that diverged, failed or have not ended, and the commands that say why or go on."""
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
            place = source.folder if source.is_sweep or len(waiting) > 1 else waiting[0].folder
            count = f"{len(waiting)} run{'s have' if len(waiting) > 1 else ' has'} not ended"
            command = f"  runner resume {quoted(place)}" if source.is_sweep or len(waiting) == 1 else ""
            lines += [f"{count}:" if command else f"{count}, such as {shown_path(waiting[0].folder)}"]
            lines += [command] if command else []
    return lines


def _more(count: int) -> list[str]:
    return [f"  and {count - LISTED} more (--csv lists all)"] if count > LISTED else []
