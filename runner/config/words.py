"""Settings as the words of a command line: presets by their names, every key not at its default, in Hydra's grammar."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from runner.config.compact import told
from runner.config.presets import with_known
from runner.config.settings import Settings

PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.-]*")  # text that needs no quotes, unless it says one of MEANT
MEANT = ("null", "true", "false", "nan", "inf")
SPECIAL = re.compile(r"([\\()\[\]{}:=, \t])")  # what a key of a dictionary, which has no quotes, escapes


def words(settings: Settings) -> list[str]:
    """The words with which `runner` trains these settings, whatever they came from."""
    return [word(key, value) for key, value in told(with_known(settings)).items()]


def word(key: str, value: Any) -> str:
    """key=value, to be read by Hydra as that value and nothing else."""
    return f"{key}={spelled(value)}"


def spelled(value: Any) -> str:
    """A value in Hydra's grammar, numbers with all their digits."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(spelled, value))}]"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{_key(key)}:{spelled(each)}' for key, each in value.items())}}}"
    return repr(value) if isinstance(value, (int, float)) else _text(str(value))


def key_of(given: str) -> str:
    """The key that a word of the command line is about; `seeds=5` is about the seed."""
    key = given.lstrip("+~").partition("=")[0]
    return "seed" if key == "seeds" else key


def plain(value: Any) -> str:
    """A value as it compares: 1e-3 is 0.001, [64, 64] is [64,64], 'a' is a."""
    said = (value if isinstance(value, str) else spelled(value)).replace(" ", "").strip("'\"")
    try:
        return f"{float(said):.12g}"
    except ValueError:
        return said.lower() if said in ("True", "False") else said


def without(given: Collection[str], keys: Collection[str]) -> list[str]:
    """The words that are not about one of the keys."""
    return [each for each in given if key_of(each) not in keys]


def _text(text: str) -> str:
    """Text, quoted unless it can be read as nothing else."""
    if PLAIN.fullmatch(text) and text.lower() not in MEANT:
        return text
    text = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)  # else an interpolation
    text = re.sub(r"(\\+)(?='|$)", r"\1\1", text)  # backslashes before a quote are halved when it is read
    return "'" + text.replace("'", "\\'") + "'"


def _key(key: Any) -> str:
    return SPECIAL.sub(r"\\\1", key) if isinstance(key, str) else spelled(key)
