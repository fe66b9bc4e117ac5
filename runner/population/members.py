"""The rows of a population: each row's settings, and any key as a column over the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.config.choices import cached
from runner.config.registry import Option, entries
from runner.config.settings import Settings, flat_key

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Columns:
    """Values of configuration keys over rows. A null or absent technique stands as its neutral value.

    Tensors are made in the number format `dtype`, torch's or its name.
    """

    def __init__(self, runs: list[Settings], dtype: torch.dtype | str = "float32", device: torch.device | str = "cpu"):
        self.runs, self.device = runs, device
        self.dtype: Any = dtype

    def values(self, path: str, layer: int | None = None) -> list:
        """One value a row; a per-layer list gives its value at `layer`."""
        option = self.runs[0].options()[path]
        found = [run.value(path) for run in self.runs]
        if layer is not None:
            found = [v[layer] if isinstance(v, (list, tuple)) else v for v in found]
        return [option.neutral if v is None else v for v in found]

    def per_layer(self, path: str) -> bool:
        """Whether some row gives one value a layer."""
        return any(isinstance(run.value(path), (list, tuple)) for run in self.runs)

    def tensor(self, path: str, layer: int | None = None, dims: int = 2) -> Tensor:
        """The column [M, 1, ...] with `dims` dimensions, in the population's number format."""
        return self.column(self.values(path, layer), dims)

    def column(self, values: list, dims: int = 2) -> Tensor:
        """Numbers, one a row, as `tensor` gives them."""
        import torch

        dtype = getattr(torch, self.dtype) if isinstance(self.dtype, str) else self.dtype
        column = torch.tensor(values, dtype=torch.float64).to(dtype).to(self.device)
        return column.view(-1, *[1] * (dims - 1))

    def active(self, path: str) -> bool:
        """Whether some row differs from the neutral value; a key without one is always active."""
        neutral = self.runs[0].options()[path].neutral
        if neutral is None:
            return True
        values = (run.value(path) for run in self.runs)
        return any(
            v is not None and any(e != neutral for e in (v if isinstance(v, (list, tuple)) else [v])) for v in values
        )


def using(columns: Columns, paths: dict[str, str]) -> list[bool]:
    """Which rows use the technique with these keys: a strength of theirs, in some layer, is not neutral."""
    options = columns.runs[0].options()
    switches = {path: options[path] for path in paths.values() if options[path].neutral is not None}
    return [any(option.active(run.value(path)) for path, option in switches.items()) for run in columns.runs]


def active_entries(columns: Columns, base: type, group: str = "regularizer") -> list[tuple[str, Any, dict[str, str]]]:
    """(name, instance, {key: dotted path}) of every registered technique of a site (its `base`) that some row uses."""
    nodes = [getattr(run, group) for run in columns.runs]
    return [
        (name, nodes[0][name], dict(paths))
        for name, paths, switches in _techniques(base, group)
        if any(option.active(getattr(each[name], key)) for key, option in switches for each in nodes)
    ]


@cached
def _techniques(base: type, group: str) -> list[tuple[str, dict[str, str], list[tuple[str, Option]]]]:
    """(name, {key: dotted path}, its strengths by key) of every registered technique of a site."""
    return [
        (
            name,
            {key: flat_key(entry, key) for key in entry.options},
            [(key, option) for key, option in entry.options.items() if option.neutral is not None],
        )
        for name, entry in sorted(entries(group).items())
        if issubclass(entry.cls, base)
    ]
