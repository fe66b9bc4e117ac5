"""What is said at the end of a sweep: how its runs ended, the best, those that failed and why, what to type next."""

from __future__ import annotations

import shlex
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.config import plugins
from runner.records import pipe
from runner.records.console import shown_path
from runner.records.names import plural
from runner.records.progress import duration
from runner.records.sweep_folder import DONE

if TYPE_CHECKING:
    from runner.reports.sections import Section
    from runner.training.outcome import Outcome

SHOWN = 20  # failures shown at most
TOP = 5  # settings shown
FEW = 3  # conditions that are shown with a table each
SECONDS: dict[Path, float] = {}  # how long the sweeps of this process have trained, by their folders


def conclude_sweep(outcomes: Sequence[Outcome], root: Path) -> None:
    """Say how the runs of a sweep ended, which settings are best and how sure that is, and what to type next; on
    standard error those that failed.
    """
    from runner.reports.answer import metric_asked
    from runner.reports.runs import read_sources
    from runner.reports.sections import make_sections

    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    finished = any(outcome.status in DONE for outcome in outcomes)
    lines, metric = [_counts(outcomes, root)], None
    if finished:
        known = {outcome.folder: outcome.summary for outcome in outcomes if outcome.summary}
        sections = make_sections(read_sources(root, known=known))
        lines += ["", *best_settings(sections), ""]
        metric = metric_asked(sections)
    elif outcomes and not failed:
        lines += ["every run diverged: try a lower optimizer.lr"]
    lines += [f"results: {shown_path(root)}/results.csv"]
    lines += ["next:", *(f"  {command}" for command in next_commands(root, failed=bool(failed), metric=metric))]
    if failed:
        pipe.write(sys.stderr, "\n".join(failures(failed)) + "\n")
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    pipe.write(sys.stdout, ("\n".join(lines) + "\n").encode(encoding, "replace").decode(encoding))


def best_settings(sections: Iterable[Section]) -> list[str]:
    """The table of the best settings, and whether the best is better than the next by more than noise: within each
    condition, of many only the answers; over several data sets also what the ranks say.
    """
    from runner.reports import report_text
    from runner.reports.across import over_data_sets
    from runner.reports.answer import answer
    from runner.reports.searches.fresh import fresh_lines
    from runner.reports.searches.pareto import front_lines
    from runner.reports.searches.words import search_lines

    sections = list(sections)
    lines: list[str] = []
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if ranks := over_data_sets(sections):
        lines += [textwrap.fill(ranks.text, width) if width else ranks.text, ""]
    if len(sections) > FEW:
        answers = [f"{section.title}: {answer(section).strip()}" for section in sections]
        return [*lines, *(textwrap.fill(each, width, subsequent_indent="  ") if width else each for each in answers)]
    for section in sections:
        lines += [*([""] if lines else []), f"{section.title}:"] if section.title else []
        table = report_text.columns(section, TOP)
        rows = report_text.plain(report_text.fitted(table, width) if width else table)
        left = len(section.settings) - TOP
        more = [f"and {plural(left, 'more setting')}"] if left > 0 else []
        told = [answer(section).strip(), *search_lines(section), *fresh_lines(section)]
        if width:
            rows = [row if len(row) <= width else row[: width - 1] + "…" for row in rows]
            told = [textwrap.fill(each, width) for each in told]
        notes = [f"note: {note}" for note in section.notes]
        lines += [*notes, *rows, *more, "", *told] if len(section.settings) > 1 else told
        lines += ["", *front] if (front := front_lines(section)) else []
    return lines


def failures(failed: Sequence[Outcome]) -> list[str]:
    """The table of runs that failed: folder and reason, and where the tracebacks are."""
    lines = [f"runner: {plural(len(failed), 'run')} failed; tracebacks are in the train.log of each"]
    width = max(len(outcome.folder.name) for outcome in failed[:SHOWN])
    lines += [f"  {outcome.folder.name:{width}}  {outcome.reason}" for outcome in failed[:SHOWN]]
    return lines + ([f"  and {len(failed) - SHOWN} more: results.csv"] if len(failed) > SHOWN else [])


def next_commands(root: Path, *, failed: bool = False, metric: str | None = "") -> list[str]:
    """The commands worth typing after a sweep. `metric`: which `best` must be told to rank by, None if it has none."""
    words = ["resume"] * failed + ["report"] + ["best"] * (metric is not None) + ["dashboard"]
    more = {"best": f" --metric {shlex.quote(metric)}"} if metric else {}
    return [f"{plugins.command(word, shown_path(root))}{more.get(word, '')}" for word in words]


def _counts(outcomes: Sequence[Outcome], root: Path) -> str:
    counts = Counter(outcome.status.replace("_", " ") for outcome in outcomes)
    said = ", ".join(f"{count:,} {status}" for status, count in counts.most_common())
    seconds = SECONDS.get(root.absolute())
    took = "" if seconds is None else f", in {duration(seconds)}"
    copies = sum(outcome.copied for outcome in outcomes)
    copied = f", {copies:,} of them copied from the same run under another name" if copies else ""
    return f"{plural(len(outcomes), 'run')}{took}: {said}{copied}"
