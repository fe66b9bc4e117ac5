"""The jobs of a whole sweep, in which several experiments may each bring a sweep (`experiment=a,b`).

Hydra composes `hydra.sweeper` once, from what is not swept over, and so would drop them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.config.compose import Composer
from runner.config.overrides import parse, points
from runner.config.repair import quoted
from runner.config.settings import TEXTS, written_keys
from runner.config.suggest import GROUPS
from runner.errors import ConfigError
from runner.plan.jobs import expand, one_at_a_time, remarks
from runner.plan.limits import check_total
from runner.plan.overridden import standing
from runner.plan.sweeper import OWN_KINDS, SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

HANDED = ("launcher", "sweep")  # nodes of hydra.* that hold for all jobs of a sweep


def expand_all(
    overrides: Sequence[Override], options: SweeperOptions, composer: Composer | None
) -> list[list[Override]]:
    """The jobs of a sweep: those of `expand`, or those of the sweep of each experiment, one after the other.

    For a sweeper that is none of ours, jobs in which each value comes up. Without a composer there are no experiments.
    Raises ConfigError as `expand` does, and if the experiments cannot be run together.
    """
    own = _own_sweeps(overrides, options, composer)
    if not own:
        everything = [*options.overrides(), *overrides]
        return expand(everything, options, composer) if options.kind else one_at_a_time(everything)
    jobs = [job for words, each in own.values() for job in expand_all(words, each, composer)]
    check_total(len(jobs), " + ".join(own), options)
    return jobs


def remarks_of(overrides: Sequence[Override], options: SweeperOptions, composer: Composer) -> list[str]:
    """What is to be said of the jobs of a sweep of ours that can be expanded (`runner.plan.jobs.remarks`)."""
    own = _own_sweeps(overrides, options, composer)
    if own:
        return list(dict.fromkeys(s for words, each in own.values() for s in remarks_of(words, each, composer)))
    return remarks([*options.overrides(), *overrides], options, composer)


def _own_sweeps(
    overrides: Sequence[Override], options: SweeperOptions, composer: Composer | None
) -> dict[str, tuple[list[Override], SweeperOptions]]:
    """Choice -> (words, options) of the sweep that it brings; empty if there is one sweep only."""
    everything = [*options.overrides(), *overrides]
    recipes = next((each for each in standing(everything) if composer and _may_bring(each, composer)), None)
    own = _brought(recipes, everything, options, composer) if composer and recipes else {}
    if recipes is None or not own:
        return {}
    given = overrides if recipes in overrides else [recipes, *overrides]
    return {name: ([point if each is recipes else each for each in given], its) for name, (point, its) in own.items()}


def _may_bring(override: Override, composer: Composer) -> bool:
    """Whether an override sweeps over files that may set hydra.sweeper: experiments, or a group of the user's own."""
    return (
        override.is_sweep_override()
        and override.is_discrete_sweep()
        and override.key_or_group not in GROUPS
        and composer.is_choice(override)
    )


def _brought(
    recipes: Override, everything: Sequence[Override], options: SweeperOptions, composer: Composer
) -> dict[str, tuple[Override, SweeperOptions]]:
    """Choice -> (the override that makes it, the options of its sweep); empty if all are swept in the same way."""
    before = composer.unswept(list(everything))
    own = {}
    differ = together = False
    for point in points(recipes):
        config = composer.unswept([*everything, point])
        own[str(point.value())] = (point, SweeperOptions.of(node(config, "sweeper")))
        differ |= node(config, "sweeper") != node(before, "sweeper")
        together |= any(node(config, each) != node(before, each) for each in HANDED)
    every = (options, *(each for _, each in own.values()))
    ours = all(each.kind in OWN_KINDS and each.losers == options.losers for each in every)
    if differ and (together or not ours):
        commands = "; ".join(f"runner -m {quoted(point.input_line or '')}" for point, _ in own.values())
        raise ConfigError(
            f"{recipes.input_line}: each brings its own sweep, with a launcher, a folder or a sweeper that cannot "
            f"be shared; run one after the other: {commands}"
        )
    return own if differ else {}


def node(config: Any, name: str) -> dict[str, Any]:
    """hydra.<name> as plain values; what names a time or a place is not filled in."""
    from omegaconf import OmegaConf

    found: Any = OmegaConf.to_container(config.hydra[name], resolve=name != "sweep")
    return found


def sweep_words(words: list[str], sweeper: Mapping[str, Any], composer: Composer | None = None) -> list[list[str]]:
    """The words of every job: `words` are those of the command line, `sweeper` the node hydra.sweeper."""
    overrides, problems = parse(words)
    if problems:
        raise ConfigError(problems)
    jobs = expand_all(overrides, SweeperOptions.of(sweeper), composer)
    return [[override.input_line or "" for override in job] for job in jobs]


def for_others(overrides: Sequence[Override], kind: str | None) -> list[str]:
    """The words of a sweep for a sweeper that reads Hydra's grammar in Hydra's way: values that it would read otherwise
    are written out. Raises ConfigError for what Hydra's own sweeper would drop.
    """
    kept = standing(overrides)
    keys = [override.get_key_element() for override in kept]
    twice = [override.input_line for override in kept if keys.count(override.get_key_element()) > 1]
    if kind == "basic" and twice:
        raise ConfigError(f"{' and '.join(map(str, twice))}: hydra/sweeper=basic reads only the last; leave it out")
    known = [kind == "basic" or override.key_or_group in written_keys(TEXTS) for override in kept]
    return [_written_out(each) if told else each.input_line or "" for each, told in zip(kept, known, strict=True)]


def _written_out(override: Override) -> str:
    """`seed=sort(3,1)` as `seed=1,3`."""
    if not override.is_discrete_sweep():
        return override.input_line or ""
    values = [each.get_value_element_as_str() for each in points(override)]
    return f"{override.get_key_element()}={','.join(values)}"
