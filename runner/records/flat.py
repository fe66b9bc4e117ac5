"""Nested settings as flat keys, and as Markdown for TensorBoard's Text page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.config.compact import text
from runner.records.remembered import Remembered

LEAVES = (str, int, float, list, type(None))  # what most values are, which is sooner seen than that they are no mapping


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"optimizer": {"lr": 0.1}} -> {"optimizer.lr": 0.1}; lists stay lists."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if not isinstance(value, LEAVES) and isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def markdown(tree: Mapping[str, Any]) -> str:
    """The settings as a Markdown table of key and value."""
    return f"| key | value |\n|---|---|{rows(tree)}"


def rows(tree: Mapping[str, Any]) -> str:
    """More rows of such a table."""
    flat = flatten(tree)
    return "".join(map(_row, flat, flat.values()))


@Remembered
def _row(key: str, value: Any) -> str:
    cell = text(value).replace("|", "\\|").replace("\n", " ")
    return f"\n| {key} | {cell} |"
