"""The configuration of a run as its folder holds it: written when it starts, read when it is resumed or used."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.records import disk

CONFIG = Path(".hydra") / "config.yaml"


def write_config(settings: Settings, folder: Path) -> None:
    """Put the checked configuration into `folder`, whole and durable, in place of what Hydra may have written there."""
    disk.make_folder((folder / CONFIG).parent)
    disk.replace(folder / CONFIG, config_text(settings).encode())


def config_text(settings: Settings) -> str:
    """The configuration as YAML. Parts that many runs share are put into words once."""
    return "".join(_yaml(json.dumps({key: part})) for key, part in settings.tree().items())


@functools.lru_cache(maxsize=4096)
def _yaml(content: str) -> str:
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


def read_config(folder: Path) -> Settings:
    """The settings a run was started with; ConfigError if the folder holds no run or its configuration is damaged."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from runner.config.validate import validate

    path = Path(folder) / CONFIG
    if not path.exists():
        raise ConfigError(f"{folder} is no run: it has no {CONFIG}. Runs lie in outputs/<date>/<time>-<n>.")
    try:
        tree = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except (YAMLError, OmegaConfBaseException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path}: damaged ({reason}); restore it from a backup, or start the run again.") from error
    if not isinstance(tree, dict) or not tree:
        raise ConfigError(f"{path}: empty; the run was killed before it began. Start it again.")
    if "name" not in tree:  # the last key: a file cut short is still YAML, but of another run
        raise ConfigError(f"{path}: incomplete; the run was killed before it began. Start it again.")
    tree.pop("hydra", None)
    try:
        return validate(tree)
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from error
