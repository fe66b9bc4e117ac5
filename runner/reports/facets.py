"""Which keys of a sweep a picture tells besides those of its axes: one by colours, one by panels side by side; over the
values of all others it shows the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.records.names import short_keys
from runner.reports.sections import Section
from runner.reports.settings_table import Setting

COLOURS = 6  # lines of one style that are told apart in a chart
PANELS = 6  # values up to which a key that nobody named gets a panel for each


def colours_and_panels(section: Section, axis: str) -> tuple[list[str], list[str]]:
    """The keys of the colours and those of the panels of a chart over `axis`, each none, one, or several that go
    together. Colours are for the key with the most values, unless those are more than there are colours.
    """
    found = factors(section, [key for key in section.varied if key != axis])
    found.sort(key=lambda keys: combinations(section, keys) > COLOURS)
    if not found or _one_point_each(section, axis, found[0]):
        return [], []
    panels = next((keys for keys in found[1:] if combinations(section, keys) <= PANELS), [])
    return found[0], panels


def _one_point_each(section: Section, axis: str, colours: Sequence[str]) -> bool:
    """Whether there are too many colours, and no line between points has any of them, as in a random search."""
    count = combinations(section, colours)
    return count > COLOURS and combinations(section, [axis, *colours]) == count


def factors(section: Section, keys: Sequence[str]) -> list[list[str]]:
    """The keys, those whose values always go together (`hydra.sweeper.zip`) as one; the one with most values first."""
    found: list[list[str]] = []
    for key in sorted(keys, key=lambda key: -combinations(section, [key])):
        count = combinations(section, [key])
        home = next((f for f in found if combinations(section, f) == combinations(section, [*f, key]) == count), None)
        if home is None:
            found.append([key])
        else:
            home.append(key)
    return found


def combinations(section: Section, keys: Sequence[str]) -> int:
    """How many different values the settings have of these keys together."""
    return len({values(setting, keys) for setting in section.settings})


def values(setting: Setting, keys: Iterable[str]) -> tuple[str, ...]:
    """Its values of the keys; "" for one that it has not."""
    return tuple(setting.keys.get(key, "") for key in keys)


def words(setting: Setting, section: Section, keys: Sequence[str]) -> str:
    """Its values of the keys as a name: optimizer=adam, or no momentum where there is none."""
    short = short_keys(section.varied)
    found = [(short[key], setting.shown(key)) for key in section.varied if key in keys]
    return " ".join(f"{name}={value}" if value else f"no {name}" for name, value in found)


def order(value: str) -> tuple[int, tuple[float, ...], str]:
    """Numbers by size, then lists of numbers by theirs, then words by the alphabet."""
    is_list = value.startswith("[") and value.endswith("]")
    try:
        return int(is_list), tuple(float(each) for each in (value.strip("[]").split(",") if is_list else [value])), ""
    except ValueError:
        return (1, (), value) if value == "[]" else (2, (), value)


def names(section: Section, keys: Sequence[str]) -> list[str]:
    """The panels, each named by its values of the keys, in the order of these; [""] without keys."""
    found = {words(setting, section, keys): values(setting, keys) for setting in section.settings}
    return sorted(found, key=lambda name: [order(value) for value in found[name]])


def best_over(section: Section, shown: Iterable[str]) -> str:
    """The keys that a picture does not tell, in words; "" if it tells all."""
    told = set(shown)
    short = short_keys(section.varied)
    return ", ".join(short[key] for key in section.varied if key not in told)
