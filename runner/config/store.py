"""All registered choices as nodes of Hydra's ConfigStore, so that `optimizer=sgd` swaps in that optimizer's own keys.

Values are left untyped for Hydra: `validate` judges them, all at once.
"""

from __future__ import annotations

from typing import Any

from runner.config.registry import Entry, entries
from runner.config.settings import CHOICE_GROUPS, FLAT_GROUPS, SINGLE_GROUPS, default_tree, flat_entries, single_key

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


def store() -> None:
    """Hand all nodes to Hydra. Calling it again changes nothing."""
    from hydra.core.config_store import ConfigStore

    for (group, name), node in nodes().items():
        package = name.removeprefix(NEUTRAL) if group is None else None
        ConfigStore.instance().store(group=group, name=name, node=node, package=package, provider="runner")
