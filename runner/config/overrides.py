"""The words of a command line as Hydra's overrides: parsed one by one, so that every broken one is reported."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any

from runner.config.settings import TEXTS, declared, keys_alone, written_keys
from runner.config.suggest import GROUPS, closest
from runner.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

HYDRA = ("hydra.", "hydra/", "hydra")
SEEDS = ("seeds=", "+seeds=", "++seeds=")

_parsed: dict[str, Override] = {}  # plain words met before: parsing one takes a third of a millisecond


def parse(words: list[str], commands: tuple[str, ...] = ()) -> tuple[list[Override], list[str]]:
    """(overrides, problems); `commands` are what a bare word might have been meant to be."""
    from hydra.errors import HydraException

    parsed, problems = [], []
    misspelled = bool(words) and _is_bare(words[0]) and closest(words[0], commands) is not None
    for i, word in enumerate(words):
        if _is_bare(word):
            if i == 0 or not misspelled:  # else an argument of that command
                problems.append(_bare_word(word, commands))
            continue
        try:
            parsed.append(parse_word(word))
        except HydraException as error:
            problems.append("; ".join([f"{word}: cannot be read{_column(error)}", *_syntax_hint(word)]))
    return parsed, problems


def parse_word(word: str) -> Override:
    """One override. Raises HydraException."""
    from hydra.core.global_hydra import GlobalHydra

    from runner.config.grammar import parser

    if word in _parsed:
        return _parsed[word]
    hydra = GlobalHydra.instance()
    loader = hydra.config_loader() if hydra.is_initialized() else None
    (override,) = parser(loader).parse_overrides([word])
    if not override.is_sweep_override():
        _parsed[word] = override
    return override


def plain(override: Override, value: Any) -> Override:
    """The override that sets one value of those that `override` sweeps over: numbers are not parsed again."""
    from hydra.core.override_parser.types import ValueType

    word = f"{override.get_key_element()}={override._get_value_element_as_str(value)}"
    if type(value) not in (int, float, bool) or override.key_or_group in written_keys(TEXTS):
        return parse_word(word)
    if word not in _parsed:
        _parsed[word] = dataclasses.replace(override, value_type=ValueType.ELEMENT, _value=value, input_line=word)
    return _parsed[word]


def points(override: Override) -> list[Override]:
    """The plain overrides that an override stands for: one a value of a sweep, in its order; or itself.

    A shuffled sweep is shuffled by its own words: the same command, the same order.

    Raises:
        ConfigError: for a sweep whose values cannot be counted up.
    """
    from hydra.core.override_parser.types import Sweep
    from hydra.errors import HydraException

    from runner.config.sweeps import values

    if not override.is_sweep_override():
        return [override]
    swept: Any = override._value
    try:
        listed = values(swept) if isinstance(swept, Sweep) else override.sweep_iterator()
        found = [plain(override, value) for value in listed]
    except (HydraException, ValueError) as error:
        raise ConfigError(f"{override.input_line}: {str(error).splitlines()[0]}") from error
    if getattr(swept, "shuffle", False):
        random.Random(override.input_line).shuffle(found)
    return found


def count(override: Override) -> int:
    """How many values an override stands for; a long range is not counted up for that. Raises ConfigError."""
    from runner.config.sweeps import Range

    if not isinstance(override._value, Range):
        return len(points(override))
    try:
        return override._value.count()
    except ValueError as error:
        raise ConfigError(f"{override.input_line}: {error}") from error


def is_hydra(override: Override) -> bool:
    """Whether the override is about Hydra itself."""
    return override.key_or_group.startswith(HYDRA)


def spelled_out(words: list[str]) -> tuple[list[str], list[str]]:
    """(words, problems) with `seeds=5` written as the sweep it is short for, `seed=range(5)`, and a technique's number
    alone under the key that it is of: `augmentation.cutout=0.3` as `augmentation.cutout.share=0.3`.
    """
    words = [_under_its_key(word) for word in words]
    counts = [word for word in words if word.startswith(SEEDS)]
    seeds = [word for word in words if word.lstrip("+").startswith("seed=")]
    problems = [] if len(counts) < 2 else [f"{' and '.join(counts)}: how many seeds is said once; leave one out"]
    if counts and seeds:
        problems.append(f"{counts[0]} and {seeds[0]}: both say which seeds; leave one out")
    rest = [word for word in words if word not in counts]
    for word in counts:
        text = word.partition("=")[2]
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            problems.append(
                f"seeds = {text}: how many seeds, a whole number >= 1; for example seeds=5 for seed=0,1,2,3,4"
            )
    return rest if problems else [_seed_range(word) if word in counts else word for word in words], problems


def _under_its_key(word: str) -> str:
    key, _, value = word.partition("=")
    full = keys_alone().get(key.lstrip("+"))
    return word if full is None or value.startswith(("{", "[")) else f"{key}{full}={value}"


def _seed_range(word: str) -> str:
    return f"seed=range({int(word.partition('=')[2])})"


def _is_bare(word: str) -> bool:
    return "=" not in word and not word.startswith("~")


def _bare_word(word: str, commands: tuple[str, ...]) -> str:
    found = closest(word, commands)
    hint = f"did you mean runner {found}? " if found else ""
    known = f"; {hint}commands: {', '.join(commands)}" if commands else ""
    return f"{word}: neither a command nor key=value{known}"


def _column(error: Exception) -> str:
    """Where Hydra's parser stopped, in words."""
    first, *others = str(error).splitlines()
    text = others[0] if others and first.startswith("Error parsing override") else first
    return f" ({text})" if text and not text.startswith("LexerNoViableAlt") else ""


def may_be_text(key: str) -> bool:
    """Whether a value in quotes can be meant under a key: one of ours for text, or any of Hydra's own."""
    return key.lstrip("+") in written_keys(TEXTS).difference(GROUPS) or key.startswith(HYDRA)


def _syntax_hint(word: str) -> list[str]:
    key, _, value = word.partition("=")
    if value.count("[") != value.count("]"):
        return [f'brackets do not match; a list is written {key}=[1,2], quoted for the shell: "{key}=[1,2]"']
    if value.count("'") % 2 or value.count('"') % 2:
        return [f"quotes do not match; write \"{key}='text'\""] if may_be_text(key) else ["quotes do not match"]
    if not may_be_text(key):
        near = "" if key in declared() else closest(key, sorted(written_keys(TEXTS)))
        return [f"did you mean \"{near}='{value}'\"?"] if near else []
    return [f"quote text with spaces, parentheses, commas or equals signs inside: \"{key}='{value}'\""]
