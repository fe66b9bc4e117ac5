"""Nested settings as flat keys for the HParams page, and as Markdown for the Text page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"optimizer": {"lr": 0.1}} -> {"optimizer.lr": 0.1}; lists stay lists."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def plain(value: Any) -> bool | int | float | str:
    """What the HParams page can show; the rest becomes text: None -> "null", [64, 32] -> "64-32", NaN -> "nan"."""
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return "-".join(str(plain(v)) for v in value) or "none"
    return str(value)


def markdown(tree: Mapping[str, Any]) -> str:
    """The settings as a Markdown table of key and value."""
    rows = [f"| {key} | {_cell(value)} |" for key, value in flatten(tree).items()]
    return "\n".join(["| key | value |", "|---|---|", *rows])


def _cell(value: Any) -> str:
    shown = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return shown.replace("|", "\\|").replace("\n", " ")
