"""YAML files that the program or Hydra has written, read with every kind of damage as one error.

By yaml's own loaders: that of libyaml ends the process where lists are nested ten thousands deep.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.errors import DamagedError

LONGEST = 200  # characters of a reason


def load(path: Path, part: str = "") -> Any:
    """What the file holds, or a part of it (a.b), references resolved. Raises DamagedError if it cannot be read or is
    no such YAML.
    """
    from omegaconf import OmegaConf

    with _reported(path):
        content: Any = OmegaConf.load(path)
        return OmegaConf.to_container(OmegaConf.select(content, part) if part else content, resolve=True)


def load_plain(path: Path) -> Any:
    """What the file holds, references as they are written; DamagedError as `load`."""
    import yaml

    with _reported(path):
        return yaml.safe_load(path.read_text(encoding="utf-8"))


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        yield
    except (YAMLError, OmegaConfBaseException, OSError, ValueError, RecursionError, TypeError, AttributeError) as error:
        reason = " ".join((getattr(error, "strerror", None) or str(error)).split())
        raise DamagedError(f"{path}: damaged or not readable ({reason[:LONGEST]})") from error


def words_text(words: Iterable[str]) -> str:
    """The text of overrides.yaml."""
    return "".join(f"- {json.dumps(word, ensure_ascii=False)}\n" for word in words) or "[]\n"
