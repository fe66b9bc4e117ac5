"""Values of the command line laid over a composed configuration, whether or not their keys exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig


def lay_over(base: DictConfig, overrides: list[Override]) -> dict[str, Any]:
    """The tree of `base` with values set, whether or not their keys exist; interpolations resolved."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    config = OmegaConf.create({key: base._get_node(key) for key in base if key != "hydra"})
    HydraConfig.instance().set_config(base)
    try:
        for override in overrides:
            if override.is_delete():
                _delete(config, override.key_or_group)
            else:
                OmegaConf.update(config, override.key_or_group, override.value(), force_add=True)
        return OmegaConf.to_container(config, resolve=True)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise ConfigError(first_line(error)) from error


def is_involved(override: Override) -> bool:
    """Whether only OmegaConf can apply it: a deletion, an interpolation, keys to be merged, an element of a list."""
    return (
        override.is_delete()
        or "${" in (override.input_line or "")
        or isinstance(override.value(), dict)
        or "[" in override.key_or_group
        or any(part.isdigit() for part in override.key_or_group.split("."))
    )


def laid_over(tree: dict[str, Any], overrides: list[Override]) -> dict[str, Any]:
    """A copy of a tree of plain values with values set, whether or not their keys exist."""
    changed = dict(tree)
    copied: set[int] = set()
    for override in overrides:
        *parents, last = override.key_or_group.split(".")
        node = changed
        for part in parents:
            child = node.get(part)
            if not isinstance(child, dict) or id(child) not in copied:
                child = dict(child) if isinstance(child, dict) else {}
                copied.add(id(child))
                node[part] = child
            node = child
        node[last] = _plain_value(override.value())
    return changed


def _plain_value(value: Any) -> Any:
    """A value of Hydra's grammar as OmegaConf would hold it."""
    from hydra.core.override_parser.types import QuotedString

    if isinstance(value, QuotedString):
        return value.text
    return [_plain_value(v) for v in value] if isinstance(value, list) else value


def first_line(error: BaseException) -> str:
    """The first line of an error's text, with the second if that is what it announces."""
    first, *others = (str(error).strip() or type(error).__name__).splitlines()
    return f"{first} {others[0].strip()}" if first.endswith(":") and others else first


def _delete(config: Any, key: str) -> None:
    from omegaconf import OmegaConf

    parent, _, last = key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    if node is None or last not in node:
        raise ConfigError(f"~{key}: there is no such key to delete")
    del node[last]
