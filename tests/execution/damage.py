"""Damage to a file, and what all readers say of the folder it lies in."""

from __future__ import annotations

import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import runner
from runner.cli import main
from runner.errors import RunnerError
from runner.records.folders import newest
from runner.reports.runs import read_sources
from runner.reports.shown import choose

FLIPS = 8
FOREIGN = {
    "alias": b"a: &a\n  b: *a\n",
    "nested": b"[" * 100_000,
    "nested closed": b"[" * 5_000 + b"]" * 5_000,
    "binary": random.Random(1).randbytes(3_000),
    "utf-16": "run,status\nepoch: 1\n".encode("utf-16"),
    "latin-1": "name: übung\n".encode("latin-1"),
    "number": b"1\n",
    "null": b"null\n",
    "list": b"[1, 2]\n",
}
DAMAGES = [
    *(f"cut {share}" for share in (0, 0.01, 0.3, 0.7, 0.99)),
    *("zeroed", "half zeroed", "folder", "gone", "swapped"),
    *(f"flip {i}" for i in range(FLIPS)),
    *FOREIGN,
]


def spoil(path: Path, damage: str, other: Path) -> None:
    """Damage a file; `other` is the same file of another run or sweep."""
    data, (word, _, number) = path.read_bytes(), damage.partition(" ")
    if damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "gone":
        path.unlink()
    elif damage == "swapped":
        shutil.copy(other, path)
    elif damage in FOREIGN:
        path.write_bytes(FOREIGN[damage])
    elif word == "cut":
        path.write_bytes(data[: int(float(number) * len(data))])
    elif word == "flip":
        path.write_bytes(_flipped(data, f"{path.name} {number}"))
    else:
        kept = len(data) // 2 if word == "half" else 0
        path.write_bytes(data[:kept] + bytes(len(data) - kept))


def _flipped(data: bytes, seed: str) -> bytes:
    draw = random.Random(seed)
    at = draw.randrange(len(data)) if data else 0
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :] if data else b"\1"


def found(folder: Path, run: Path, table: Path, capsys) -> dict[str, Any]:
    """What every reader gets out of a folder, and of one run in it: by run, where readers tell numbers; fails on a
    traceback.
    """
    page, out = folder.parent / "page.html", folder.parent / "out.csv"
    out.unlink(missing_ok=True)
    says: dict[str, Any] = {
        "report": said(capsys, "report", folder, "--top", "0"),
        "page": said(capsys, "report", folder, "--html", page),
        "best": said(capsys, "best", folder),
        "predict": said(capsys, "predict", run, table, "--out", out),
    }
    says = {reader: (code, text.replace(str(folder), "")) for reader, (code, text) in says.items()}
    tried(lambda: {"": newest(folder.parent)})
    return says | {
        "rows": tried(lambda: _rows(folder)),
        "results": tried(lambda: _by_run(runner.results(folder))),
        "curves": tried(lambda: _by_run(runner.curves(folder))),
        "load": tried(lambda: {run.name: runner.load(run).network.state_dict()["0.weight"].tolist()}),
        "predictions": {run.name: out.read_text()} if out.exists() else {},
        "dashboard": tried(lambda: {"": bool(choose(folder))}),
    }


def said(capsys, *words: Any) -> tuple[int, str]:
    """(exit code, what is said); fails on what users must not see."""
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err and "unexpected error" not in err, err
    assert code in (0, 1, 2)
    assert code == 0 or err or "not ended" in out or "No run has finished" in out
    return code, out + err


def without_aside(folder: Path) -> Path:
    """The folder without what was set aside in it."""
    for aside in [*folder.rglob("damaged-*")]:
        shutil.rmtree(aside)
    return folder


def tried(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What is read; nothing where it is refused with a message."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            return read()
        except RunnerError as error:
            assert str(error)
            return {}


def _rows(folder: Path) -> dict[str, Any]:
    rows = [row for source in read_sources(folder) for row in source.rows]
    return {
        str(row.folder.relative_to(folder)): (row.setting("optimizer.lr"), row.setting("seed"), row.metrics)
        for row in rows
        if row.finished
    }


def _by_run(frame: Any) -> dict[str, Any]:
    if "run" not in frame:
        return {"": frame.to_csv(index=False)}
    return {name: part.dropna(axis="columns").to_dict("list") for name, part in frame.groupby("run")}
