"""The configuration of a run as its folder holds it: written when it starts, read when it is resumed or used."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runner.config.origin import Record, differing, is_records
from runner.config.settings import OWN, Settings
from runner.errors import ConfigError, DamagedError
from runner.execution.configurations import remade
from runner.records import disk
from runner.records.checksums import sha256
from runner.records.run_folder import CONFIG
from runner.records.yaml_file import load

CHOSEN = "chosen"  # the key of `Settings.chosen`
PLUGINS = "plugins"  # the key of `Settings.foreign`, which is read as `Settings.plugins`
CHECKSUM = "# sha256: "  # how the last line begins, which is about all before it


def write_config(settings: Settings, folder: Path) -> None:
    """Put the checked configuration into `folder`, whole and durable, in place of what Hydra may have written there."""
    disk.make_folder((folder / CONFIG).parent, parents=True)
    disk.replace(folder / CONFIG, config_text(settings).encode())


def config_text(settings: Settings, known: dict[Any, str] | None = None) -> str:
    """The configuration as YAML, the presets it was chosen by, and what plug-ins it needs; the last line is the
    checksum of the others. `known` keeps the text that is the same for runs that differ in nothing but seed and name.
    """
    known = {} if known is None else known
    key = settings.parts(), tuple(settings.chosen.items())
    if key not in known:
        about = {CHOSEN: settings.chosen, PLUGINS: settings.foreign()}
        tree = {name: part for name, part in about.items() if part} | settings.tree()
        known[key] = "".join(as_yaml(json.dumps({name: tree[name]})) for name in tree if name not in OWN)
    text = f"{known[key]}seed: {settings.seed}\n{as_yaml(json.dumps({'name': settings.name}))}"
    return f"{text}{CHECKSUM}{sha256(text.encode())}\n"


@functools.lru_cache(maxsize=4096)
def as_yaml(content: str) -> str:
    """JSON as block YAML."""
    import yaml

    return yaml.dump(json.loads(content), Dumper=_dumper(), sort_keys=False)


@functools.cache
def _dumper() -> Any:
    """PyYAML's, with quotes also where only OmegaConf, which reads the file, would see a number: '1E5'."""
    import yaml
    from omegaconf._utils import get_yaml_loader

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        yaml_implicit_resolvers = get_yaml_loader().yaml_implicit_resolvers

    return Dumper


def is_as_written(folder: Path) -> bool | None:
    """Whether the configuration in `folder` fits its checksum; None if it has none, as in the first versions."""
    try:
        text, found, checksum = (Path(folder) / CONFIG).read_bytes().rpartition(CHECKSUM.encode())
    except OSError:
        return False
    return checksum.strip() == sha256(text).encode() if found else None


def read_config(folder: Path, *, checked: bool = True) -> Settings:
    """The settings a run was started with; ConfigError if the folder holds no run or its configuration is damaged.

    With `checked` false it may have been edited, which is for those who compare it with what has been trained.
    """
    found = read_tree(folder, checked=checked)
    try:
        return remade(*found)
    except ConfigError as error:
        raise ConfigError([f"{folder / CONFIG}: {problem}" for problem in error.problems]) from error


def refuse_changed(runs: Iterable[Settings], where: Path) -> None:
    """ConfigError if runs that were read from folders would continue with other code than they began with."""
    records = {choice: record for settings in runs for choice, record in settings.plugins.items()}
    if found := differing(records):
        raise ConfigError([f"{where}: {each}. Bring the old one back, or start again." for each in found])


def read_tree(folder: Path, *, checked: bool = True) -> tuple[dict[str, Any], dict[str, str], dict[str, Record]]:
    """(configuration, `Settings.chosen`, `Settings.plugins`) as recorded: choices need not be registered here any more.

    Raises ConfigError as `read_config`, but for what only training needs to be right.
    """
    path = Path(folder) / CONFIG
    if not path.exists():
        raise ConfigError(f"{folder} is no run: it has no {CONFIG}. Runs lie in outputs/<date>/<time>-<n>.")
    try:
        tree: Any = load(path)
    except DamagedError as error:
        raise ConfigError(f"{error}; restore it from a backup, or start the run again.") from error
    if not isinstance(tree, dict) or not tree:
        raise ConfigError(f"{path}: empty; the run was killed before it began. Start it again.")
    if "name" not in tree:  # the last key: a file cut short is still YAML, but of another run
        raise ConfigError(f"{path}: incomplete; the run was killed before it began. Start it again.")
    tree.pop("hydra", None)
    chosen, plugins = tree.pop(CHOSEN, None) or {}, tree.pop(PLUGINS, None) or {}
    if not isinstance(chosen, dict) or not is_records(plugins):
        raise ConfigError(
            f"{path}: damaged ({CHOSEN}, {PLUGINS}: no names); restore it from a backup, or start the run again."
        )
    if checked and is_as_written(folder) is False:
        raise ConfigError(
            f"{path}: damaged or edited since it was written (checksum); restore it, or start the run again."
        )
    return tree, {str(group): str(name) for group, name in chosen.items()}, plugins
