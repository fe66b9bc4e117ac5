"""All registered choices as nodes of Hydra's ConfigStore, so that `optimizer=sgd` swaps in that optimizer's own keys.

Values are left untyped for Hydra: `validate` judges them, all at once.
"""

from __future__ import annotations

import functools
from typing import Any

from runner.config.registry import Entry, entries
from runner.config.settings import CHOICE_GROUPS, FLAT_GROUPS, SINGLE_GROUPS, default_tree, flat_entries, single_key

# Where a run and a sweep are written unless the user says otherwise; a number and the name are appended, exclusively.
RUN_DIR = "outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}"
SWEEP_DIR = "outputs/sweeps/${now:%Y-%m-%d}/${now:%H-%M-%S}"
NEUTRAL = "neutral_"  # neutral_regularizer holds every key of the group, switched off: its first entry


def nodes() -> dict[tuple[str | None, str], dict[str, Any]]:
    """(group, choice) -> keys and defaults, for everything registered."""
    found: dict[tuple[str | None, str], dict[str, Any]] = {
        (group, name): {"name": name} | entry.defaults
        for group in CHOICE_GROUPS
        for name, entry in entries(group).items()
    }
    found |= {(group, name): entry.defaults for group in SINGLE_GROUPS for name, entry in entries(group).items()}
    found |= {(entry.group, entry.name): preset(entry) for entry in flat_entries()}
    found |= {(group, "none"): {} for group in FLAT_GROUPS}
    found |= {(None, f"{NEUTRAL}{group}"): default_tree()[group] for group in FLAT_GROUPS}
    return found


def preset(entry: Entry) -> dict[str, Any]:
    """What `regularizer=[name]` switches on: the preset strengths, defaults elsewhere."""
    values = {k: entry.defaults[k] if option.preset is None else option.preset for k, option in entry.options.items()}
    only = single_key(entry.cls)
    return {entry.name: values[only] if only else values}


def hydras_own() -> Any:
    """Hydra's own configuration, under every primary configuration: how `-m` makes and trains jobs, where runs are
    written. It stands below whatever primary configuration is used, which may override it.
    """
    from hydra.conf import HydraConf, JobConf, RunDir, SweepDir

    ours = {"launcher": "population", "sweeper": "grid", "job_logging": "none", "hydra_logging": "none"}
    found = HydraConf(run=RunDir(RUN_DIR), sweep=SweepDir(SWEEP_DIR, "${hydra.job.num}"), job=JobConf(name="runner"))
    found.defaults = [{group: ours.get(group, name) for group, name in each.items()} for each in found.defaults]
    return found


def store() -> None:
    """Hand all nodes to Hydra; those that it has already are not made again."""
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    from runner.config.lazy_node import LazyNode

    shared = ConfigStore.instance()
    if not _stored:
        # Hydra copies the store whenever it composes, and once more each node that it takes from there.
        shared.__deepcopy__ = lambda memo: shared  # type: ignore[attr-defined]
        shared.store(group="hydra", name="config", node=hydras_own(), provider="runner")
    for (group, name), node in nodes().items():
        if _stored.get((group, name)) != node:
            package = name.removeprefix(NEUTRAL) if group is None else None
            make = functools.cache(functools.partial(OmegaConf.structured, node))
            place = shared.repo if group is None else shared.repo.setdefault(group, {})
            place[f"{name}.yaml"] = LazyNode(name, make, group, package)
            _stored[group, name] = node


_stored: dict[tuple[str | None, str], dict[str, Any]] = {}  # what `store` has handed to Hydra
