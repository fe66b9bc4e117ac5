"""All registered choices as nodes of Hydra's ConfigStore, so that `optimizer=sgd` swaps in that optimizer's own keys.

Values are left untyped for Hydra: `validate` judges them, all at once.
"""

from __future__ import annotations

from typing import Any

from runner.config.registry import Entry, entries
from runner.config.settings import CHOICE_GROUPS, SINGLE_GROUPS, default_tree, single_key

NEUTRAL_REGULARIZERS = "neutral_regularizers"  # every key at its neutral value; the first entry under `regularizer`


def nodes() -> dict[tuple[str | None, str], dict[str, Any]]:
    """(group, choice) -> keys and defaults, for everything registered."""
    found: dict[tuple[str | None, str], dict[str, Any]] = {
        (group, name): {"name": name} | entry.defaults
        for group in CHOICE_GROUPS
        for name, entry in entries(group).items()
    }
    found |= {(group, name): entry.defaults for group in SINGLE_GROUPS for name, entry in entries(group).items()}
    found |= {("regularizer", name): preset(entry) for name, entry in entries("regularizer").items()}
    found[("regularizer", "none")] = {}
    found[(None, NEUTRAL_REGULARIZERS)] = default_tree()["regularizer"]
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
        package = "regularizer" if name == NEUTRAL_REGULARIZERS else None
        ConfigStore.instance().store(group=group, name=name, node=node, package=package, provider="runner")
