"""summary.json: strict JSON, so that any language can read it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import DamagedError, RunError

SUMMARY = "summary.json"
FORMAT = 1


def to_json(content: Mapping[str, Any]) -> bytes:
    """Strict JSON: floats exact, NaN and infinities null, NumPy and torch values as plain ones, paths as text."""
    return (json.dumps(strict(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def strict(value: Any) -> Any:
    """The value as what JSON has. Raises TypeError for what it has not."""
    if isinstance(value, Mapping):
        return {str(key): strict(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return strict(value.tolist())
    raise TypeError(f"{SUMMARY} can't hold {value!r} of type {type(value).__name__}")


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary of a finished run. Raises RunError if it is missing, broken or from a newer version."""
    path = Path(folder) / SUMMARY
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"{path}: not there; either the run has not finished (`runner resume {folder}`) or this is no run"
        ) from None
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise DamagedError(f"{path}: damaged ({error}); delete it and `runner resume {folder}`") from error
    if not isinstance(content, dict) or "status" not in content:
        raise DamagedError(f"{path}: damaged (no status in it); delete it and `runner resume {folder}`")
    if content.get("format") != FORMAT:
        raise RunError(f"{path}: format {content.get('format')!r}, this version of runner reads {FORMAT}")
    return content
