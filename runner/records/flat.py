"""Nested settings as flat keys, and as Markdown for TensorBoard's Text page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.config.compact import text


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"optimizer": {"lr": 0.1}} -> {"optimizer.lr": 0.1}; lists stay lists."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def markdown(tree: Mapping[str, Any]) -> str:
    """The settings as a Markdown table of key and value."""
    rows = [f"| {key} | {_cell(value)} |" for key, value in flatten(tree).items()]
    return "\n".join(["| key | value |", "|---|---|", *rows])


def _cell(value: Any) -> str:
    return text(value).replace("|", "\\|").replace("\n", " ")
