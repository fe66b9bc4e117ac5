"""What `runner.train` accepts as a configuration, as checked settings; all problems of all configurations at once.

A configuration is a dictionary laid over the defaults (choices by `name`), the words of a command line, or settings
already made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.origin import Record, missing
from runner.config.overrides import HYDRA
from runner.config.settings import CHOICE_GROUPS, FLAT_GROUPS, SINGLE_GROUPS, Settings, keys_alone
from runner.config.validate import check, show
from runner.errors import ConfigError, shortened
from runner.plan.command_line import CommandLine, read_command_line
from runner.records.command import Command

PRESETS = (*SINGLE_GROUPS, *FLAT_GROUPS, "experiment")  # groups whose choices are sets of values, known to Hydra only
NEITHER = "must be a dictionary such as {'optimizer': {'name': 'sgd', 'lr': 0.1}} or a list such as ['optimizer=sgd']"


def read_all(configs: Sequence[Any]) -> list[Settings]:
    """The settings of each configuration; ConfigError with the problems of all, each saying which one it is about."""
    if isinstance(configs, (str, Mapping, Settings)) or not isinstance(configs, Sequence):
        example = "[{'seed': 0}, {'seed': 1}]"
        raise ConfigError(f"configs = {shortened(configs)}: must be a list of configurations, for example {example}")
    found, problems = [], []
    for i, config in enumerate(configs):
        try:
            found.append(read(config))
        except ConfigError as error:
            problems += [f"configs[{i}]: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(problems)
    return found


def read(config: Any) -> Settings:
    """The settings of one configuration; ConfigError with all its problems."""
    if isinstance(config, Settings):
        return remade(config.tree(), config.chosen)
    if isinstance(config, Mapping):
        tree, problems = nested(config)
        settings, more = check(tree)
        if problems or more:
            raise ConfigError(problems + more)
        return settings
    if isinstance(config, (list, tuple)) and all(isinstance(word, str) for word in config):
        return from_words(list(config))
    raise ConfigError(f"{shortened(config)}: {NEITHER}")


def remade(config: Any, chosen: Mapping[str, str], plugins: Mapping[str, Record] | None = None) -> Settings:
    """The settings of a run from its record; ConfigError as `read`, and for choices that are not registered here, with
    what they came from.
    """
    if lacking := missing(plugins or {}):
        raise ConfigError(lacking)
    settings = read(config)
    settings.chosen, settings.plugins = dict(chosen), dict(plugins or {})
    return settings


def nested(config: Mapping) -> tuple[dict[str, Any], list[str]]:
    """(tree of plain values, problems): dotted keys opened, a choice given by its bare name under `name`."""
    tree: dict[str, Any] = {}
    problems = []
    for key, value in config.items():
        alone = "" if isinstance(value, (Mapping, list, tuple)) else keys_alone().get(str(key), "")
        group, _, rest = f"{key}{alone}".partition(".")
        try:
            value = _plain(value, str(key))
        except ConfigError as error:
            problems += error.problems
            continue
        if group in CHOICE_GROUPS and not rest and isinstance(value, str):
            value = {"name": value}
        if group in PRESETS and not rest and isinstance(value, (str, list)):
            problems.append(_preset(group, value))
            continue
        for part in reversed(rest.split(".") if rest else []):
            value = {part: value}
        _lay_over(tree, {group: value})
    for group in CHOICE_GROUPS:
        node = tree.get(group)
        if isinstance(node, dict) and not isinstance(node.get("name", ""), str):
            names = f"one of the choices that `runner list {group}` shows"
            problems.append(f"{group}.name = {show(tree.pop(group)['name'])}: must be text, {names}")
    return tree, problems


def _lay_over(tree: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _lay_over(tree[key], value)
        else:
            tree[key] = value


def _plain(value: Any, key: str) -> Any:
    """NumPy numbers and arrays, tuples and paths as what YAML has. ConfigError for what it has not."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{key}.{k}") for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, key) for v in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "to_parquet"):
        raise ConfigError(
            f"{key}: is a {type(value).__name__}; a run reads its data from a file, which its records name: "
            "table.to_parquet('table.parquet'), then {'dataset': {'name': 'parquet', 'path': 'table.parquet', "
            "'target': COLUMN}}"
        )
    if hasattr(value, "tolist"):
        return value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ConfigError(f"{key} = {shortened(value)}: must be plain: numbers, text, true or false, None, lists of them")


def _preset(group: str, value: Any) -> str:
    word = f"{group}={show(value)}".replace(" ", "")
    keys = "" if group == "experiment" else f", or set its keys: {{'{group}': {{...}}}}"
    as_list = f"give this configuration as a list, ['{word}', ...]"
    return f"{group} = {show(value)}: presets are for the command line; {as_list}{keys}"


def from_words(words: list[str]) -> Settings:
    """The settings of the words of a command line; ConfigError as there, and for words about the process."""
    hydras = [word for word in words if word.lstrip("+~").startswith(HYDRA)]
    if hydras:
        raise ConfigError([f"{word}: sets the process, not the run; leave it out" for word in hydras])
    line = line_of(Command(tuple(words)))
    if line.multirun:
        raise ConfigError(f"{' '.join(words)}: is a sweep; give one configuration a run")
    return line.settings[0]


def line_of(command: Command, *more: str, multirun: bool = False) -> CommandLine:
    """What a command line means, with -m before it or not; ConfigError with all its problems."""
    place = Path(command.config_path) if command.config_path else config_dir()
    with _own_hydra(), hydra_ready(place, command.config_dir or None):
        words, name = [*command.words, *more], command.config_name or "config"
        return read_command_line(words, multirun=multirun, config_name=name)


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Hydra's global state set aside, so that a program that uses Hydra itself can call `runner.train`."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig

    theirs, config = GlobalHydra.instance().hydra, HydraConfig.instance().cfg
    GlobalHydra.instance().clear()
    try:
        yield
    finally:
        GlobalHydra.instance().hydra, HydraConfig.instance().cfg = theirs, config
