"""Where the YAML files are: beside the package in a checkout or editable install, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from runner.errors import ConfigError

PACKAGE = Path(__file__).resolve().parents[1]


def config_dir() -> Path:
    """The folder that holds config.yaml."""
    places = (PACKAGE / "configs", PACKAGE.parent / "configs")
    for place in places:
        if (place / "config.yaml").is_file():
            return place
    raise ConfigError(f"config.yaml is in neither {places[0]} nor {places[1]}; install runner again")
