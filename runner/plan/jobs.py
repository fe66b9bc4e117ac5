"""From the words of a sweep to its jobs: what the check, the dry run and the sweepers all call, so that they agree.

A job is a list of plain overrides. `hydra/sweeper=grid` takes every combination, with `hydra.sweeper.zip` it walks
through some keys together; `random` draws (`runner.plan.draws`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.config.overrides import count, parse, points
from runner.errors import ConfigError
from runner.plan.draws import check_number, draw
from runner.plan.rules import Rules

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

MANY = 10_000  # values of one key that are checked when the sweep as a whole cannot be expanded


def expand(overrides: Sequence[Override], rules: Rules) -> list[list[Override]]:
    """The jobs of a sweep, in order.

    Raises:
        ConfigError: no job at all, more than max_jobs, a zip that does not fit, values that cannot be counted up.
    """
    axes = {override.get_key_element(): override for override in overrides}  # the last of several wins, as in Hydra
    if rules.kind == "random":
        return draw(axes, rules)
    return _grid(axes, rules)


def one_at_a_time(overrides: Sequence[Override]) -> list[list[Override]]:
    """Jobs in which every value of every key comes up, one key at a time: to check a sweep that cannot be expanded."""
    axes: dict[str, list[Override]] = {}
    for override in overrides:
        discrete = not override.is_sweep_override() or override.is_discrete_sweep()
        try:
            few = discrete and count(override) <= MANY
            axes[override.get_key_element()] = points(override) if few else []
        except ConfigError:  # said where the sweep is expanded
            axes[override.get_key_element()] = []
    axes = {key: axis for key, axis in axes.items() if axis}
    first = {key: axis[0] for key, axis in axes.items()}
    varied = [list((first | {key: each}).values()) for key, axis in axes.items() for each in axis[1:]]
    return [list(first.values()), *varied]


def _grid(axes: dict[str, Override], rules: Rules) -> list[list[Override]]:
    wrong = [
        f"{each.input_line}: an interval has no end of values; list them, use range(start,stop,step), or draw from it "
        "with hydra/sweeper=random"
        for each in axes.values()
        if each.is_interval_sweep()
    ]
    if wrong:
        raise ConfigError(wrong)
    ties = _ties(axes, rules.zip)
    check_number({key: count(axes[key]) for key in (tie[0] for tie in ties)}, axes, rules)
    walks = [list(zip(*(points(axes[key]) for key in tie), strict=True)) for tie in ties]
    keys = list(itertools.chain(*ties))
    jobs = []
    for combination in itertools.product(*walks):
        job = dict(zip(keys, itertools.chain(*combination), strict=True))
        jobs.append([job[key] for key in axes])
    return jobs


def _ties(axes: Mapping[str, Override], zipped: Sequence[Sequence[str]]) -> list[list[str]]:
    """Keys that walk together, each group at the place of its first. Raises ConfigError."""
    keys = {override.key_or_group: key for key, override in axes.items()}
    wrong: list[str] = []
    tie_of: dict[str, list[str]] = {}
    for names in zipped:
        shown = f"hydra.sweeper.zip = [[{', '.join(names)}]]"
        absent = [name for name in names if name not in keys or not axes[keys[name]].is_sweep_override()]
        wrong += [f"{shown}: {name} is not swept over; give it values, as in {name}=a,b" for name in absent]
        wrong += [
            f"{shown}: {name} stands there twice" for name in names if keys.get(name) in tie_of or names.count(name) > 1
        ]
        if wrong:
            continue
        lengths = [count(axes[keys[name]]) for name in names]
        if len(set(lengths)) > 1:
            counted = ", ".join(f"{name} has {n} values" for name, n in zip(names, lengths, strict=True))
            wrong.append(f"{shown}: {counted}; keys that are zipped need equally many")
        tie_of |= {keys[name]: [keys[each] for each in names] for name in names}
    if wrong:
        raise ConfigError(wrong)
    ties: list[list[str]] = []
    for key in axes:
        if not any(key in tie for tie in ties):
            ties.append(tie_of.get(key, [key]))
    return ties


def sweep_words(words: list[str], sweeper: Mapping[str, Any]) -> list[list[str]]:
    """The words of every job: `words` are those of the command line, `sweeper` the node hydra.sweeper."""
    rules = Rules.of(sweeper)
    overrides, problems = parse(words)
    if problems:
        raise ConfigError(problems)
    return [[override.input_line or "" for override in job] for job in expand([*rules.overrides(), *overrides], rules)]
