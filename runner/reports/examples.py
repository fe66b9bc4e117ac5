"""What the number of examples alone leaves open: accuracy on 22 rows is known to a tenth, however alike seeds are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.config.registry import entries
from runner.diagnostics.interval import wilson
from runner.errors import RunError
from runner.records.summary import read_summary
from runner.reports.decimals import UNCERTAIN, decimals
from runner.reports.sections import Section
from runner.reports.settings_table import Setting
from runner.training.metrics.base import metric as metric_class

SMALL = 1000  # examples below which it is said


def of_examples(section: Section) -> str:
    """The best setting's accuracies with Wilson's interval over the examples, where there are few of them or its runs
    are all equal; empty where the runs were scored on different examples.
    """
    best = section.settings[0]
    shown = [metric for metric in (section.metric, *section.beside) if not _is_mean(metric, section.metrics)]
    shares = [metric for metric in shown if _is_share(metric) and _same_rows(best, metric)]
    sizes = _examples(best) if shares else {}
    said = []
    for metric in shares:
        found, n = best.spread(metric), sizes.get(metric.partition("/")[0], 0)
        if found and n and (n < SMALL or found.sd == 0):
            low, high = wilson(found.mean, n)
            places = decimals((high - low) / 2, UNCERTAIN)
            said.append(f"{metric} {low:.{places}f} to {high:.{places}f} (n = {n:,})")
    return f"The number of examples alone leaves open: {', '.join(said)}; Wilson's 95% interval." if said else ""


def _same_rows(setting: Setting, metric: str) -> bool:
    """Whether its runs were scored on the same examples: folds share the test's."""
    return setting.unit == "seed" or (setting.unit == "fold" and metric.startswith("test/"))


def _is_mean(metric: str, recorded: Sequence[str]) -> bool:
    """Whether it is the mean over several targets: each example counts more than once."""
    split, _, name = metric.partition("/")
    return any(each.startswith(f"{split}/") and each.endswith(f"/{name}") for each in recorded if each != metric)


def _is_share(metric: str) -> bool:
    split, name = metric.partition("/")[0], metric.rpartition("/")[2]
    return split in ("val", "test") and name in entries("metric") and metric_class(name).share


def _examples(setting: Setting) -> Mapping[str, int]:
    """Examples of each split; none if the run's summary is gone or does not have them."""
    try:
        found = read_summary(setting.finished[0].folder).get("examples")
    except (RunError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}
