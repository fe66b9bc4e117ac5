"""What a report was asked for: some of the settings (--where), or the best of each value of a key (--by)."""

from __future__ import annotations

from collections.abc import Sequence

from runner.config.suggest import closest
from runner.config.words import plain
from runner.errors import ConfigError
from runner.records.names import short_keys, spelled
from runner.reports.settings_table import Setting


def chosen(settings: Sequence[Setting], where: Sequence[str]) -> list[Setting]:
    """The settings for which every KEY=VALUE[,VALUE] is true.

    Raises ConfigError for a key that does not vary, and for values that no setting has.
    """
    found = list(settings)
    for word in where:
        name, equals, values = word.partition("=")
        if not equals:
            raise ConfigError(f"--where {word}: write KEY=VALUE, such as --where optimizer=adam")
        key = key_named(found, name, "--where")
        wanted = {plain(value) for value in _split(values)}
        left = [each for each in found if plain(each.keys.get(key, "")) in wanted]
        if not left:
            there = ", ".join(dict.fromkeys(spelled(each.keys.get(key, "")) for each in found))
            raise ConfigError(f"--where {word}: no setting has that; values of {name}: {there}")
        found = left
    return found


def key_named(settings: Sequence[Setting], name: str, option: str) -> str:
    """The key, in full, that varies and goes by this name; ConfigError with those that vary."""
    keys = list(dict.fromkeys(key for setting in settings for key in setting.keys))
    varied = [key for key in keys if len({setting.keys.get(key, "") for setting in settings}) > 1]
    short = short_keys(varied)
    names = {spelling: key for key in varied for spelling in (short[key], key)}
    if name in names or name in keys:
        return names.get(name, name)
    near = closest(name, names)
    hint = f"; did you mean {near}?" if near else ""
    raise ConfigError(f"{option} {name}: no key that varies{hint}; vary: {', '.join(short.values()) or 'none'}")


def best_of_each(settings: Sequence[Setting], keys: Sequence[str]) -> list[Setting]:
    """Of ranked settings the first with each combination of values of the keys: its best other keys."""
    found: dict[tuple[str, ...], Setting] = {}
    for setting in settings:
        found.setdefault(tuple(setting.keys.get(key, "") for key in keys), setting)
    return list(found.values())


def _split(values: str) -> list[str]:
    """Values between the commas that are in no brackets."""
    parts, depth = [""], 0
    for letter in values:
        depth += (letter in "[{(") - (letter in ")}]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
