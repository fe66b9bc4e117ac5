"""Which finished runs of some folders can answer together, the best first, and what is said about the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.config import plugins
from runner.config.settings import Settings
from runner.ensembles.options import TOP, check_size
from runner.errors import ConfigError, RunError
from runner.execution.run_list import resumed_in
from runner.execution.stored import read_config
from runner.plan.duplicates import repeated
from runner.records.names import plural, shown_path
from runner.records.run_folder import MEMBERS, MODEL, is_ensemble
from runner.reports import refit
from runner.reports.next_steps import settings_of
from runner.reports.run_row import UNFINISHED, RunRow, unfit
from runner.reports.runs import RunSource, read_sources
from runner.reports.sections import HEADLINES, MONITOR, OWN_LOSS, direction, rank_by


@dataclass
class Candidates:
    """Runs that can be members: by rank where validation ranks them, else in the order of their folders."""

    where: str
    rows: list[RunRow]
    settings: list[Settings]
    metric: str  # that ranks them
    why_unranked: str = ""  # why none is better than another; "" if some are
    left_out: list[str] = field(default_factory=list)  # "2 diverged"
    notes: list[str] = field(default_factory=list)

    def best(self, top: int | None) -> list[int]:
        """Positions of the `top` best, of all if it is None; ConfigError for a number of them that makes no ensemble or
        that there is not, or if nothing ranks them.
        """
        check_size(TOP, top)
        if top is None:
            return list(range(len(self.rows)))
        if top > len(self.rows):
            raise ConfigError(
                f"{TOP} {top}: {self.where} has {plural(len(self.rows), 'run')} that can be taken. Leave {TOP} "
                "out to take all of them"
            )
        self.refuse_unranked(TOP)
        return list(range(top))

    def refuse_unranked(self, option: str) -> None:
        """ConfigError if nothing says which runs are better."""
        if self.why_unranked:
            raise ConfigError(f"{option}: {self.why_unranked}. Leave {option} out to combine all of them")


def candidates(sources: Sequence[RunSource], where: str) -> Candidates:
    """The finished runs of the sources, each once. RunError if some have not ended, or fewer than two are left."""
    found = {row.folder.resolve(): row for source in sources for row in source.rows}
    rows = list(found.values())
    _refuse_running(sources, where)
    finished = [row for row in rows if row.finished]
    ended = [row for row in finished if (row.folder / MODEL).exists()]
    ensembles = [row for row in finished if is_ensemble(row.folder) and not (row.folder / MODEL).exists()]
    _refuse_stages(ended)
    settings = [settings_of(row) for row in ended]
    copies = repeated(settings)
    left_out = unfit(rows)
    without = len(finished) - len(ended) - len(ensembles)
    counts = {f"without {MODEL}": without, "made of members": len(ensembles), "the same as others": len(copies)}
    left_out += [f"{count} {what}" for what, count in counts.items() if count]
    kept = [i for i in range(len(ended)) if i not in copies]
    if len(kept) < 2:
        raise _too_few(where, len(kept), left_out, ensembles)
    metric, why = _ranking([ended[i] for i in kept])
    if not why:
        kept.sort(key=lambda i: _badness(ended[i], metric))
    notes = [note for source in sources if source.is_sweep for note in source.notes]
    return Candidates(where, [ended[i] for i in kept], [settings[i] for i in kept], metric, why, left_out, notes)


def best_members(root: Path, top: int | None, *, force: bool = False) -> list[RunRow]:
    """The runs below a folder that answer together, all or the `top` best; errors as of `candidates` and `best`."""
    found = candidates(read_sources(root, force=force), str(root))
    return [found.rows[i] for i in found.best(top)]


def _refuse_running(sources: Sequence[RunSource], where: str) -> None:
    rows = [row for source in sources for row in source.rows]
    missing = [row for row in rows if row.status == UNFINISHED and not row.damaged]
    if missing:
        resume = plugins.command("resume", shown_path(resumed_in(missing[0].folder)))
        count = f"{len(missing)} of {plural(len(rows), 'run')} {'has' if len(missing) == 1 else 'have'} not ended"
        raise RunError(
            f"{where}: {count}, so who belongs to the ensemble is not known. Wait for them, or end them with "
            f"`{resume}`; or name runs that have ended: `runner ensemble RUN RUN ...`"
        )


def _refuse_stages(rows: Sequence[RunRow]) -> None:
    """ConfigError if a run trained on what others left, so that it has no answer of its own."""
    for home, row in {row.folder.parent.parent: row for row in rows if row.folder.parent.name == MEMBERS}.items():
        if is_ensemble(home) and read_config(home, checked=False).ensemble.staged:
            raise ConfigError(
                f"{shown_path(row.folder)}: trained on what the members before it left, and is no answer by itself. "
                f"`{plugins.command('predict', shown_path(home))}` combines them as they were trained"
            )


def _too_few(where: str, count: int, left_out: Sequence[str], ensembles: Sequence[RunRow]) -> RunError:
    but = f" (left out: {', '.join(left_out)})" if left_out else ""
    more = f"Train more, such as `{plugins.command('-m', 'seeds=5')}`, or name more folders"
    if ensembles:
        first = shown_path(ensembles[0].folder)
        more = f"Each of the ensembles answers as it is: `{plugins.command('predict', first)}`"
    return RunError(f"{where}: {plural(count, 'finished run')}{but}, but an ensemble has two members at least. {more}")


def _ranking(rows: Sequence[RunRow]) -> tuple[str, str]:
    """(the metric of validation that ranks the runs, why there is none that does)."""
    recorded = list(dict.fromkeys(name for row in rows for name in row.metrics))
    metric = rank_by(Counter(row.setting(MONITOR) for row in rows), recorded)
    if metric == "val/loss" and any(len({row.setting(key) for row in rows}) > 1 for key in OWN_LOSS):
        metric = next((f"val/{name}" for name in HEADLINES if f"val/{name}" in recorded), metric)
    if not metric.startswith("val/") or metric not in recorded:
        return metric, "there is no validation split (dataset.val_fraction=0), so that nothing says which runs are best"
    if len(refit.validations(rows)) > 1:
        return metric, "the runs were validated on different rows, where the best is the luckiest"
    return metric, ""


def _badness(row: RunRow, metric: str) -> float:
    """What sorts runs, the best first and those without the metric last."""
    value = row.metrics.get(metric, math.nan)
    return math.inf if math.isnan(value) else -value if direction(metric, ()) else value
