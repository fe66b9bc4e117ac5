"""Where the YAML files are: next to the package in a checkout or editable install, inside it in a wheel."""

from __future__ import annotations

import shlex
from pathlib import Path

from runner.errors import ConfigError

SAVED = ".hydra"  # where a run keeps its configuration
PACKAGE = Path(__file__).resolve().parents[1]


def config_dir() -> Path:
    """The folder that holds config.yaml."""
    places = (PACKAGE / "configs", PACKAGE.parent / "configs")
    for place in places:
        if (place / "config.yaml").is_file():
            return place
    raise ConfigError(f"config.yaml is in neither {places[0]} nor {places[1]}; install runner again")


def refuse_hidden(extra: Path, main: Path) -> None:
    """ConfigError for files of --config-dir that would have no effect, as Hydra takes their namesakes in `main`."""
    if extra.name == SAVED and (extra / "config.yaml").is_file():
        raise ConfigError(
            f"--config-dir {extra}: is the saved configuration of a run, which would be ignored here; repeat the run, "
            f"with changes if there are any: runner repeat {shlex.quote(str(extra.parent))} [KEY=VALUE ...]"
        )
    names = sorted(path.relative_to(extra) for path in extra.rglob("*.yaml") if path.is_file())
    hidden = [name for name in names if (main / name).is_file() and _differ(extra / name, main / name)]
    if hidden:
        raise ConfigError(
            [
                f"--config-dir {extra}: {name} would be ignored, as {main / name} has the same name; rename it"
                for name in hidden
            ]
        )


def _differ(one: Path, other: Path) -> bool:
    return one.read_bytes() != other.read_bytes()
