"""A node of Hydra's store that is made when Hydra first reads it: of ninety, a command reads twenty."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from hydra.core.config_store import ConfigNode


class LazyNode(ConfigNode):
    """`make` gives its configuration; Hydra copies that, so it is asked for it once for each load."""

    def __init__(self, name: str, make: Callable[[], Any], group: str | None, package: str | None):
        self.name, self.make, self.group, self.package, self.provider = f"{name}.yaml", make, group, package, "runner"

    @cached_property
    def node(self) -> Any:  # type: ignore[override]
        """What Hydra composes."""
        return self.make()
