"""The command a run was started with, and the commands made of it that are printed to be typed.

Besides the words about the run, a command line says where its primary configuration lies (--config-path, --config-name,
--config-dir) and how its jobs are launched (hydra/launcher, hydra.launcher.*); without these it would be another run.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.config.location import config_dir
from runner.config.words import key_of, without
from runner.errors import DamagedError
from runner.records.names import shown_path
from runner.records.run_folder import MULTIRUN
from runner.records.yaml_file import load, load_plain

LAUNCHER = ("hydra/launcher", "hydra.launcher")
ONCE = ("hydra.mode", "hydra.run.", "hydra.sweep", "hydra/sweeper")  # where it was written; the jobs of that one sweep


@dataclass(frozen=True)
class Command:
    """Words about a run and about Hydra, and the places of a primary configuration that is not ours ("" = ours)."""

    words: tuple[str, ...]
    hydra: tuple[str, ...] = ()
    config_path: str = ""
    config_name: str = ""
    config_dir: str = ""

    @staticmethod
    def of(node: Mapping[str, Any]) -> Command:
        """From the node `hydra` of a configuration: of this process, or of a run's hydra.yaml."""
        places = {str(source["provider"]): str(source["path"]) for source in node["runtime"]["config_sources"]}
        main, name = places.get("main", ""), str(node["job"]["config_name"])
        about_hydra = map(str, node["overrides"]["hydra"])
        return Command(
            tuple(map(str, node["overrides"]["task"])),
            tuple(word for word in about_hydra if not word.lstrip("+~").startswith(ONCE)),
            "" if not main or Path(main) == config_dir() else main,
            "" if name == "config" else name,
            places.get("command-line", ""),
        )

    @staticmethod
    def stored(folder: Path) -> Command | None:
        """What `folder`/.hydra says a run was started with, unchecked; None if it does not say."""
        node = hydra_node(folder / ".hydra" / "hydra.yaml")
        try:
            return Command.of(node) if node else None
        except (KeyError, TypeError, AttributeError):
            return None

    def once(self, *changes: str) -> str:
        """The command that trains one run, with changes."""
        about_hydra = [word for word in self.hydra if not is_launcher(word)]
        places = (self.config_path, self.config_name, self.config_dir)
        recipe = any(places) or any(key_of(word) == "experiment" for word in self.words)  # may itself ask for a sweep
        return self._line([], [*about_hydra, *(["hydra.mode=RUN"] if recipe else [])], changes)

    def sweep(self, *changes: str) -> str:
        """The command that sweeps over the changes, and is this run otherwise."""
        return self._line(["-m"], self.hydra, changes)

    def flags(self) -> list[str]:
        """The plug-ins of this process, and the places of the primary configuration as seen from the working folder."""
        path, folder = (shown_path(place) if place else "" for place in (self.config_path, self.config_dir))
        given = {"--config-path": path, "--config-name": self.config_name, "--config-dir": folder}
        return plugins.flags() + [word for flag, value in given.items() if value for word in (flag, value)]

    def _line(self, start: list[str], about_hydra: Sequence[str], changes: Sequence[str]) -> str:
        changed = {key_of(change) for change in changes}
        return shlex.join(["runner", *start, *self.flags(), *without(self.words, changed), *about_hydra, *changes])


def hydra_node(path: Path) -> dict[str, Any] | None:
    """The node `hydra` of a file that Hydra has written (hydra.yaml, multirun.yaml), or None if it cannot be read."""
    try:
        return load_plain(path)["hydra"]
    except (DamagedError, KeyError, TypeError):
        return None


def launched(root: Path) -> list[str]:
    """The words about the launcher that the sweep in `root` was started with."""
    node = hydra_node(root / MULTIRUN) or {}
    return [word for word in map(str, (node.get("overrides") or {}).get("hydra") or []) if is_launcher(word)]


def launcher_options(root: Path) -> dict[str, Any]:
    """hydra.launcher.* of the sweep in `root`, as it was started; none if multirun.yaml cannot be read."""
    try:
        return dict(load(root / MULTIRUN, "hydra.launcher"))
    except (DamagedError, TypeError, ValueError):
        return {}


def is_launcher(word: str) -> bool:
    """Whether a word says how the jobs of a sweep are launched."""
    return word.lstrip("+~").startswith(LAUNCHER)
