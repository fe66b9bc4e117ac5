"""summary.json: strict JSON, so that any language can read it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.errors import DamagedError, RunError
from runner.records.run_folder import SUMMARY

FORMAT = 1
SPLITS = ("train", "val", "test")


def to_json(content: Mapping[str, Any]) -> bytes:
    """Strict JSON: floats exact, NaN and infinities null, NumPy and torch values as plain ones, paths as text."""
    return written(strict(content))


def written(plain: Mapping[str, Any]) -> bytes:
    """As a file has it what is `strict` already."""
    return (json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def strict(value: Any) -> Any:
    """The value as what JSON has. Raises TypeError for what it has not."""
    if value is None or isinstance(value, (str, int)):  # switches too
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): strict(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return strict(value.tolist())
    raise TypeError(f"{SUMMARY} can't hold {value!r} of type {type(value).__name__}")


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as JSON has it, and `sha256`, the checksum of all of it."""
    plain = strict(content)
    return plain | {"sha256": checksum(plain)}


def checksum(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content but for `sha256` itself, as ASCII JSON with sorted keys and without spaces."""
    kept = {key: value for key, value in content.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_summary(folder: Path, *, force: bool = False) -> dict[str, Any]:
    """The summary of a finished run; with `force` it need not be what was written, but readable.

    Raises RunError if it is missing or from a newer version, DamagedError if it does not hold.
    """
    path = Path(folder) / SUMMARY
    content = read_json(path) if force else read_sealed(path)
    if content.get("format", FORMAT) != FORMAT:
        raise RunError(f"{path}: format {content['format']!r}, this version of runner reads {FORMAT}")
    if not _complete(content):
        raise DamagedError(f"{path}: damaged (no status or no metrics in it)")
    return content


def read_sealed(path: Path) -> dict[str, Any]:
    """What a file with a checksum of itself holds, after a check of that. Those of the first versions have none."""
    content = read_json(path)
    if "sha256" in content and content["sha256"] != checksum(content):
        raise DamagedError(f"{path}: does not match its checksum")
    if ("sha256" in content) != ("files" in content):
        raise DamagedError(f"{path}: damaged (its checksums are incomplete)")
    return content


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object that a file of a run holds. Raises RunError if it is missing, DamagedError if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        again = plugins.command("resume", str(path.parent))
        raise RunError(f"{path}: not there; either the run has not finished (`{again}`) or this is no run") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if not isinstance(content, dict):
        raise DamagedError(f"{path}: damaged (it holds no JSON object)")
    return content


def _complete(content: Mapping[str, Any]) -> bool:
    """Whether what every reader counts on is there."""
    metrics = [content.get(split, {}) for split in SPLITS]
    return (
        "format" in content
        and isinstance(content.get("status"), str)
        and isinstance(content.get("monitor", ""), str)
        and all(isinstance(each, dict) for each in metrics)
        and all(value is None or isinstance(value, (int, float)) for each in metrics for value in each.values())
    )


def finite_metrics(summary: Mapping[str, Any]) -> dict[str, float]:
    """Every metric of a run at its best epoch that is a finite number, named "<split>/<metric>"."""
    return {
        f"{split}/{name}": float(value)
        for split in SPLITS
        for name, value in (summary.get(split) or {}).items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }
