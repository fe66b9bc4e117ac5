"""The launchers that hand the runs of a sweep to tasks of a cluster: `hydra/launcher=submitit_slurm`, `submitit_local`.

They go by the names and keys of hydra-submitit-launcher, so that a site's own YAML for it works unchanged. That package
trains one process a run and registers the same names: it cannot be installed beside ours.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from runner.errors import ConfigError

STOCK = "hydra_plugins.hydra_submitit_launcher"
OURS = "hydra_plugins.runner_submitit"
CLUSTERS = {
    f"{place}.{name}Launcher": name.lower()
    for place in (OURS, f"{STOCK}.submitit_launcher")
    for name in ("Slurm", "Local")
}


def trains_together(launcher: Mapping[str, Any]) -> bool:
    """Whether the node hydra.launcher names a launcher of ours; other launchers train one job after the other."""
    return "max_members" in launcher or launcher.get("_target_") in CLUSTERS


def answer_to_stock_names() -> None:
    """Have Hydra take our launchers where a configuration names those of the other package in `_target_`."""
    from hydra.core.plugins import Plugins

    known = Plugins.instance().class_name_to_class
    for theirs in (name for name in CLUSTERS if name.startswith(STOCK)):
        known[theirs] = known[f"{OURS}.{theirs.rpartition('.')[2]}"]


def cluster_of(launcher: Mapping[str, Any]) -> str | None:
    """The engine that a node hydra.launcher hands its runs to, "slurm" or "local"; None for this machine alone.

    Raises ConfigError if the package whose names these are is installed, or submitit is not.
    """
    cluster = CLUSTERS.get(str(launcher.get("_target_")))
    if cluster and _found(STOCK):
        raise ConfigError(
            f"hydra/launcher=submitit_{cluster}: hydra-submitit-launcher is installed, which registers the same name "
            "and trains one process a run; `pip uninstall hydra-submitit-launcher` leaves runner's own"
        )
    if cluster and not _found("submitit"):
        raise ConfigError(
            f'hydra/launcher=submitit_{cluster}: needs submitit, which is not installed; `pip install "runner[slurm]"`'
        )
    return cluster


def _found(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
