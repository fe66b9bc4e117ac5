"""Overrides that a later one sets again in full: the last wins, in a sweep as in a single run, and it is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.config.settings import FLAT_GROUPS, declared, root_options

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


def standing(overrides: Sequence[Override]) -> list[Override]:
    """The overrides without sweeps that a later override sets again: their values would make the same job many times.

    The last word takes the place of the sweep, unless one between them touches the same keys.
    """
    kept: list[Override] = []
    for override in overrides:
        again = [i for i, each in enumerate(kept) if each.is_sweep_override() and covers(override, each)]
        rest = [each for i, each in enumerate(kept) if i not in again]
        place = again[0] if again and not any(_meet(override, each) for each in rest[again[0] :]) else len(rest)
        kept = [*rest[:place], override, *rest[place:]]
    return kept


def without_effect(overrides: Sequence[Override]) -> list[str]:
    """A sentence for every override that a later one sets again."""
    found = []
    for i, override in enumerate(overrides):
        later = [each for each in overrides[i + 1 :] if covers(each, override)]
        if later:
            found.append(f"{override.input_line}: has no effect, as {later[-1].input_line} comes after it")
        kept = [each.input_line or "" for each in overrides[:i] if _outlasts(each, override)]
        if kept:
            found.append(f"{override.input_line}: has no effect on {' '.join(kept)}, as values win over choices")
    return found


def _outlasts(value: Override, choice: Override) -> bool:
    """Whether a value switches something on that a later `regularizer=none` seems to switch off."""
    group = choice.key_or_group
    if group not in FLAT_GROUPS or choice.is_delete() or choice._value != "none" or value.is_delete():
        return False
    if not value.key_or_group.startswith(f"{group}.") or value.is_sweep_override():
        return False
    option: Any = declared().get(value.key_or_group)
    return option is not None and option.active(value.value())


def covers(later: Override, earlier: Override) -> bool:
    """Whether `later` sets every key that `earlier` sets."""
    if later.is_delete() or earlier.is_delete():
        return False
    above = set.intersection(*map(set, _keys(later)))
    return all(_within(key, above) for keys in _keys(earlier) for key in keys)


def _meet(one: Override, other: Override) -> bool:
    """Whether some key is set by both."""
    mine, theirs = (set().union(*_keys(each)) for each in (one, other))
    return any(_within(key, mine) for key in theirs) or any(_within(key, theirs) for key in mine)


def _within(key: str, above: set[str]) -> bool:
    """Whether a key, or one that holds it, is among others."""
    parts = key.split(".")
    return any(".".join(parts[: i + 1]) in above for i in range(len(parts)))


def _keys(override: Override) -> list[list[str]]:
    """The keys that each value of an override sets; a choice of a group, which sets none by name, is `=group`."""
    key = override.key_or_group + (f"@{override.package}" if override.package is not None else "")
    value: Any = override._value
    listed = getattr(value, "list", None) or [value]
    is_key = "." in key or key in root_options()
    return [_leaves(key, each) if isinstance(each, dict) else [key if is_key else f"={key}"] for each in listed]


def _leaves(key: str, value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [key]
    return [leaf for part, below in value.items() for leaf in _leaves(f"{key}.{part}", below)]
