"""Settings that learn the same problem, ranked by what they reach.

Keys of the data that make another problem are conditions: settings are compared within each of their values, never
across, where a better value may only mean easier data ("the best label_noise is 0" answers no question).
The metric that ranks is the one that most runs monitor, on the validation split.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from runner.config.registry import entries
from runner.config.suggest import closest
from runner.data.sources.base import Source as DataSource
from runner.errors import ConfigError, RunError
from runner.records.names import plural, short_keys, spelled
from runner.reports import asked, columns
from runner.reports.grouping import group
from runner.reports.ranking import rank
from runner.reports.run_row import RunRow
from runner.reports.runs import RunSource
from runner.reports.searches.sweeper import objectives
from runner.reports.settings_table import Setting, fixed_keys, source_names
from runner.reports.statistics import Comparison
from runner.training.metrics.base import metric as metric_class

MONITOR = "early_stopping.monitor"
HEADLINES = ("accuracy", "r2")  # what people ask for first
OWN_LOSS = {"loss", "dataset.target_scaling"}  # keys of which each value has a loss that no other compares with
NAMED = 5  # settings named in a note
CONDITIONS = ("train_size", "label_noise")  # of the keys that all data sets have, those that make another problem


@dataclass
class Section:
    """Settings that can be compared, because they learn the same problem; best first."""

    settings: list[Setting]
    sources: list[RunSource]
    metric: str
    maximize: bool
    metrics: list[str]  # all that were recorded
    notes: list[str] = field(default_factory=list)
    comparable: bool = True  # False: the settings learn different problems, or met different data
    title: str = ""
    comparisons: dict[int, Comparison] = field(default_factory=dict)  # position -> the best compared with it
    unit: str = "seed"  # what is counted there
    positions: dict[int, int] = field(default_factory=dict)  # Setting.source -> position in `sources`

    @cached_property
    def varied(self) -> list[str]:
        """Keys that tell these settings apart, but for those that only tell their sweeps apart."""
        names = dict.fromkeys(key for setting in self.settings for key in setting.keys)
        fixed = fixed_keys(self.settings)
        return [k for k in names if len({s.keys.get(k, "") for s in self.settings}) > 1 and k not in fixed]

    @cached_property
    def between(self) -> list[str]:
        """Keys that are fixed within every sweep and differ between them."""
        return sorted(fixed_keys(self.settings))

    @cached_property
    def common(self) -> dict[str, str]:
        """Keys that all these settings share, and that are not at their default."""
        first = self.settings[0]
        shared = {k: v for k, v in first.keys.items() if all(s.keys.get(k, "") == v for s in self.settings)}
        return {k: v for k, v in shared.items() if v and v != first.rows[0].default(k)}

    @cached_property
    def sizes(self) -> list[str]:
        """How many parameters each setting has, as text; none at all where all have as many."""
        found = [setting.parameters for setting in self.settings]
        return found if len({*found} - {""}) > 1 else []

    @property
    def beside(self) -> list[str]:
        """What to show in addition to the metric that ranks: the same on the test split, then what people ask for."""
        name = self.metric.partition("/")[2]
        headline = next((h for h in HEADLINES if f"test/{h}" in self.metrics), name)
        wanted = [f"test/{name}", f"val/{headline}", f"test/{headline}"]
        return [m for m in dict.fromkeys(wanted) if m in self.metrics and m != self.metric]

    @property
    def judged(self) -> bool:
        """Whether one side of the metric is better, as of a loss; of a norm or a share of zeros neither is."""
        return "/" in self.metric

    @property
    def may_be_best(self) -> list[int]:
        """Positions of the settings that are not told apart from the best, which comes first."""
        return [0, *(i for i, each in self.comparisons.items() if not each.differs)]

    def not_told_apart(self, position: int) -> bool:
        """Whether a test left open that a setting is as good as the best."""
        found = self.comparisons.get(position)
        return found is not None and found.tested and not found.differs


def label(setting: Setting, section: Section) -> str:
    """A setting in words: what tells it apart from the others, such as lr=0.01 dropout=0.2."""
    short = short_keys(section.varied)
    words = [f"{short[key]}={setting.shown(key)}" for key in section.varied if setting.shown(key)]
    if len(section.sources) > 1:
        words.append(f"({source_of(setting, section)})")
    return " ".join(words) or "this setting"


def source_of(setting: Setting, section: Section) -> str:
    """The folder a setting is from, as short as tells it apart from the others."""
    return source_names(section.sources)[section.positions[setting.source]]


def make_sections(
    sources: Sequence[RunSource],
    metric: str | None = None,
    *,
    where: Sequence[str] = (),
    by: str | None = None,
    across: str | None = None,
) -> list[Section]:
    """The settings of all sources, a section a problem.

    Args:
        metric: ranks them instead of what was searched for or is monitored; any metric, or column of metrics.csv.
        where: KEY=VALUE[,VALUE] that settings must have.
        by: a key; of the settings with each of its values only the best is kept.
        across: a condition that is not to part the settings, as it is what a chart goes over.

    Raises ConfigError if no run has that metric, or no setting such keys.
    """
    settings = asked.chosen(group(sources), where)
    metric = metric or _searched_by(sources, settings)
    _find_metric(metric, [row for setting in settings for row in setting.rows])
    by = by and asked.key_named(settings, by, "--by")
    problems: dict[tuple[str, ...], list[Setting]] = {}
    names = [key for key in problem_keys(settings) if across not in (key, key.rpartition(".")[2])]
    names = [key for key in names if _varies(key, settings)]
    for setting in settings:
        problems.setdefault(tuple(setting.keys.get(key, "") for key in names), []).append(setting)
    tasks = {tuple(_recorded(part)) for part in problems.values()}
    if all(len(part) == 1 for part in problems.values()) and len(tasks) == 1 and len(problems) > 1:
        return [_section(settings, sources, metric, "", comparable=False, by=[by] if by else [])]
    titles = ["  ".join(f"{k}={spelled(v)}" for k, v in zip(names, values, strict=True) if v) for values in problems]
    apart = [key for key in problem_keys(settings) if key not in names and _varies(key, settings)]
    return [
        _section(part, sources, metric, title, comparable=not apart, by=[by, *apart] if by else [])
        for part, title in zip(problems.values(), titles, strict=True)
    ]


def _searched_by(sources: Sequence[RunSource], settings: Iterable[Setting]) -> str | None:
    """The metric that a search went after first, where runs recorded it; None: the monitored one."""
    names = objectives(sources)[:1]
    return next((name for name in names if name in _recorded(settings)), None)


def _varies(key: str, settings: Iterable[Setting]) -> bool:
    return len({setting.keys.get(key, "") for setting in settings}) > 1


def _find_metric(metric: str | None, rows: Sequence[RunRow]) -> None:
    """Have the metric that was asked for among those of the runs, from metrics.csv if need be; ConfigError if none has
    it.
    """
    recorded = {name for row in rows for name in row.metrics}
    if not metric or metric in recorded or not recorded:
        return
    extra = columns.columns_of(rows)
    if metric in extra:
        columns.add(rows, metric)
        return
    there = [*sorted(recorded), *extra]
    near = closest(metric, there)
    hint = f"; did you mean {near}?" if near else ""
    raise ConfigError(f"--metric {metric}: no run recorded it{hint}; recorded: {', '.join(there)}")


def problem_keys(settings: Iterable[Setting]) -> list[str]:
    """Keys of the data that make it another problem, so that results do not compare: which it is and where it comes
    from, how many examples there are and how noisy they are; not its split, its folds or how it is encoded.
    """
    general = {f"dataset.{f.name}" for f in dataclasses.fields(DataSource) if f.name not in CONDITIONS}
    general.add("dataset.max_categories")
    names = dict.fromkeys(key for setting in settings for key in setting.keys)
    return [key for key in names if key.partition(".")[0] == "dataset" and key not in general]


def _recorded(settings: Iterable[Setting]) -> list[str]:
    return list(dict.fromkeys(m for setting in settings for row in setting.rows for m in row.metrics))


def _section(
    settings: list[Setting],
    sources: Sequence[RunSource],
    metric: str | None,
    title: str,
    *,
    comparable: bool,
    by: Sequence[str] = (),
) -> Section:
    recorded, notes = _recorded(settings), []
    monitors = Counter(row.setting(MONITOR) for setting in settings for row in setting.rows)
    chosen = metric if metric in recorded else rank_by(monitors, recorded)
    if metric and chosen != metric:
        notes.append(f"{metric} is not recorded here; ranked by {chosen}")
    elif not metric and len(monitors) > 1:
        said = ", ".join(f"{name} ({count})" for name, count in monitors.most_common())
        notes.append(f"runs monitor different metrics: {said}; ranked by {chosen} (--metric takes another)")
    elif not metric and chosen != next(iter(monitors)):
        notes.append(f"runs monitor {next(iter(monitors))}; ranked by {chosen}")
    if chosen.startswith("train/"):
        notes.append(f"{chosen} was measured on the training rows: it says nothing about new ones")
    numbers = sorted({s.source for s in settings})
    used = [sources[i] for i in numbers]
    maximize = direction(chosen, settings)
    if maximize is None:
        unknown, chosen, maximize = chosen, *_known(metric, recorded, settings, chosen)
        notes.append(f"{unknown}: no metric of this version of runner; ranked by {chosen}")
    ranking = rank(settings, chosen, maximize=maximize, comparable=comparable)
    if by:
        ranking = rank(asked.best_of_each(ranking.settings, by), chosen, maximize=maximize, comparable=comparable)
        each = " and ".join(key.rpartition(".")[2] for key in by)
        notes.append(f"each {each} with its best other keys, chosen by {chosen} of these same runs")
    notes += ranking.notes
    section = Section(ranking.settings, used, chosen, maximize, recorded, notes, ranking.comparable, title)
    section.comparisons, section.unit = ranking.comparisons, ranking.unit
    section.positions = {number: i for i, number in enumerate(numbers)}
    if not comparable:
        notes.append("the settings have different data: a better value may only mean an easier problem")
    if chosen.endswith("/loss") and OWN_LOSS & set(section.varied):
        other = next((f"val/{h}" for h in HEADLINES if f"val/{h}" in recorded), "val/<metric>")
        notes.append(f"{chosen} is each setting's own loss, which does not compare: --metric {other} does")
    _note_untrained(section)
    _note_second_phases(section)
    _note_data(section)
    return section


def rank_by(monitors: Counter[str], recorded: Sequence[str]) -> str:
    """The metric that most runs monitor, on the validation split if there is one."""
    name = monitors.most_common(1)[0][0]
    held_out = "val/" + name.partition("/")[2]
    return held_out if held_out in recorded else name


def direction(metric: str, settings: Sequence[Setting]) -> bool | None:
    """Whether a larger value of a metric is better; None if it is none of this version and the runs that monitor it do
    not say (early_stopping.mode).
    """
    name = metric.rpartition("/")[2]
    if name in entries("metric"):
        return metric_class(name).maximize
    if "/" not in metric or metric in columns.SMALLER:
        return metric not in columns.SMALLER
    rows = [row for setting in settings for row in setting.rows if row.setting(MONITOR) == metric]
    modes = {row.setting("early_stopping.mode") for row in rows}
    return modes == {"max"} if modes in ({"max"}, {"min"}) else None


def _known(asked: str | None, recorded: Sequence[str], settings: Sequence[Setting], unknown: str) -> tuple[str, bool]:
    """The metric that ranks instead of one that is not registered here, and whether larger is better."""
    known = {name: found for name in recorded if (found := direction(name, settings)) is not None}
    name = next((n for n in ("val/loss", *known) if n in known), None)
    if asked == unknown or name is None:
        raise RunError(f"{unknown}: no metric of this version of runner, so it is unknown whether larger is better")
    return name, known[name]


def _note_untrained(section: Section) -> None:
    """Say which runs kept the network that they began with, so that their metrics are those of no training."""
    found = [setting for setting in section.settings if any(row.untrained for row in setting.rows)]
    runs = sum(row.untrained for setting in found for row in setting.rows)
    if runs:
        names = [*(label(setting, section) for setting in found[:NAMED]), *(["..."] if len(found) > NAMED else [])]
        there = f": {', '.join(names)}" if len(section.settings) > 1 else ""
        section.notes.append(
            f"{plural(runs, 'run')} of {plural(len(found), 'setting')} kept the untrained network "
            "(best epoch 0), as training never bettered it: their numbers are those of that network. Try a lower "
            f"optimizer.lr there{there}"
        )


def _note_second_phases(section: Section) -> None:
    """Say what validation rows that trained in the end have measured."""
    key, shown = "early_stopping.then", section.metric.startswith("val/")
    then = [row.setting(key) for setting in section.settings for row in setting.rows if row.finished]
    found = [value for value in dict.fromkeys(then) if value not in ("none", "")]
    if found and shown:
        test = next((name for name in section.beside if name.startswith("test/")), "")
        told = f", and {test} shows what it brought (--metric {test})" if test else ""
        section.notes.append(
            f"{key}={' and '.join(found)}: val/* is that of the first phase, as validation rows train in the second"
            f"{told}"
        )


def _note_data(section: Section) -> None:
    """Say if one data set has different content in different sweeps."""
    hashes: dict[str, set[str]] = {}
    for source in section.sources:
        for name, digest in source.data.items():
            hashes.setdefault(name, set()).add(digest)
    if any(len(each) > 1 for each in hashes.values()):
        section.notes.append("the content of the data differs between the sweeps, so that their results do not compare")
