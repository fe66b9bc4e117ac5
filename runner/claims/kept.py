"""What a claim leaves in outputs/claims/NAME: verdict.json, page.html, figure.svg and the folders of its sweeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.records import disk
from runner.records.folders import OUTPUTS

CLAIMS = OUTPUTS / "claims"
VERDICT, PAGE, FIGURE, BOOK = "verdict.json", "page.html", "figure.svg", "book.html"


def folder_of(name: str) -> Path:
    """Where a claim's results lie."""
    return CLAIMS / name


def sweep_folder(name: str, sweep: str, words: Sequence[str]) -> Path:
    """The folder of one of its sweeps: another one for other words, so that nothing finished is run again."""
    return folder_of(name) / f"{sweep}-{hashlib.sha256(chr(10).join(telling(words)).encode()).hexdigest()[:8]}"


def telling(words: Sequence[str]) -> list[str]:
    """The words that say what is trained, and not by how many processes."""
    return [word for word in words if not word.startswith("hydra.launcher.")]


def write(record: dict[str, Any], figure: str, page: str) -> Path:
    """Put the results of a claim in place; returns the page."""
    folder = folder_of(record["claim"])
    folder.mkdir(parents=True, exist_ok=True)
    disk.replace(folder / FIGURE, figure.encode())
    disk.replace(folder / PAGE, page.encode())
    disk.replace(folder / VERDICT, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    return folder / PAGE


def read(name: str) -> dict[str, Any] | None:
    """The last verdict on a claim here; None if there is none that can be read."""
    try:
        found = json.loads((folder_of(name) / VERDICT).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and found.get("claim") == name else None
    except (OSError, ValueError):
        return None


def last_verdict(name: str) -> str:
    """The last verdict in a word or two: "holds", "holds (quick)"; "" if the claim has not been run here."""
    found = read(name)
    if found is None:
        return ""
    marks = [*(["quick"] if found.get("quick") else []), *(["changed"] if found.get("changed") else [])]
    return str(found.get("verdict", "")) + (f" ({', '.join(marks)})" if marks else "")
