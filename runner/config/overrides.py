"""The words of a command line as Hydra's overrides: parsed one by one, so that every broken one is reported."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.config.suggest import closest

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

MANY_JOBS = 1000  # more combinations than this are checked one swept key at a time
HYDRA = ("hydra.", "hydra/", "hydra")


def parse(words: list[str], commands: tuple[str, ...] = ()) -> tuple[list[Override], list[str]]:
    """(overrides, problems); `commands` are what a bare word might have been meant to be."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    parsed, problems = [], []
    for word in words:
        if "=" not in word and not word.startswith("~"):
            problems.append(_bare_word(word, commands))
            continue
        try:
            parsed += parser.parse_overrides([word])
        except HydraException as error:
            problems.append(f"{word}: cannot be read{_column(error)}; {_syntax_hint(word)}")
    return parsed, problems


def jobs(overrides: list[Override]) -> Iterator[list[Override]]:
    """One list of plain overrides a job of the sweep; the last of several for one key wins, as in Hydra."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parser = OverridesParser.create()
    axes: dict[str, list[Override]] = {}
    for override in overrides:
        axes[override.get_key_element()] = parser.parse_overrides(_values(override))
    total = 1
    for axis in axes.values():
        total *= len(axis)
    if total <= MANY_JOBS:
        yield from (list(job) for job in itertools.product(*axes.values()))
        return
    first = {key: axis[0] for key, axis in axes.items()}
    for key, axis in axes.items():
        yield from (list((first | {key: value}).values()) for value in axis)


def is_hydra(override: Override) -> bool:
    """Whether the override is about Hydra itself."""
    return override.key_or_group.startswith(HYDRA)


def _values(override: Override) -> list[str]:
    key = override.get_key_element()
    if override.is_sweep_override() and override.is_discrete_sweep():
        return [f"{key}={value}" for value in override.sweep_string_iterator()]
    return [override.input_line or key]


def _bare_word(word: str, commands: tuple[str, ...]) -> str:
    found = closest(word, commands)
    hint = f"did you mean runner {found}? " if found else ""
    return f"{word}: neither a command nor key=value; {hint}commands: {', '.join(commands)}"


def _column(error: Exception) -> str:
    """Where Hydra's parser stopped, in words."""
    text = str(error).splitlines()[0]
    return f" ({text})" if text and not text.startswith("LexerNoViableAlt") else ""


def _syntax_hint(word: str) -> str:
    key, _, value = word.partition("=")
    if value.count("[") != value.count("]"):
        return f'brackets do not match; a list is written {key}=[1,2], quoted for the shell: "{key}=[1,2]"'
    if value.count("'") % 2 or value.count('"') % 2:
        return f"quotes do not match; write \"{key}='text'\""
    return f"quote text with spaces, parentheses, commas or equals signs inside: \"{key}='{value}'\""
