"""What a search says in words: when its best trial came, and how to learn what that is really worth."""

from __future__ import annotations

from runner.config import plugins
from runner.records.names import plural, shown_path
from runner.reports.searches.made import is_search
from runner.reports.searches.trials import best_so_far, spent, trials_of
from runner.reports.sections import Section


def search_lines(section: Section) -> list[str]:
    """One sentence on the way to the best trial, and the command for the winner; none if nothing was searched for."""
    if not is_search(section):
        return []
    trials = trials_of(section)
    found = best_so_far(trials, maximize=section.maximize)
    if not found:
        return []
    best, pruned = found[-1], sum(trial.pruned for trial in trials)
    left = f", {pruned:,} of which were pruned" if pruned else ""
    said = (
        f"Search: the best came with trial {best.trial.number:,} of {len(trials):,}{left}, after {best.epochs:,} of "
        f"{plural(spent(trials), 'epoch')}."
    )
    if len(section.sources) == 1 and section.sources[0].is_sweep:
        command = plugins.command("repeat", shown_path(section.sources[0].folder))
        said += (
            f" The best of {len(trials):,} looks better than it is: `{command} --winner` trains it with fresh seeds on "
            "fresh splits."
        )
    return [said]
