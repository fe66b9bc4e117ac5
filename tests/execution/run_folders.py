"""What of a run's folder must be equal, however often the run was killed: everything but times and where it ran."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

WHOLE = {".hydra", "metrics.csv", "events.out.tfevents.0.runner", "train.log", "model.safetensors", "summary.json"}
UNEQUAL = ("seconds", "versions", "git", "files", "sha256")  # checksums are also about seconds and paths


def contents(folder: Path) -> dict[str, Any]:
    """The comparable content of one finished run; fails on leftovers and on points that are there twice."""
    assert {path.name for path in folder.iterdir()} - {"figures", "steps.csv", "last.safetensors"} == WHOLE
    assert {path.name for path in (folder / ".hydra").iterdir()} >= {"config.yaml"}
    assert not list((folder / ".hydra").glob("*.tmp"))
    return {
        "metrics": metrics(folder),
        "steps": [path.read_text() for path in folder.glob("steps.csv")],
        "model": (folder / "model.safetensors").read_bytes(),
        "summary": summary(folder),
        "events": points(folder),
        "figures": {path.name: path.read_bytes() for path in sorted((folder / "figures").glob("*"))},
        "config": (folder / ".hydra" / "config.yaml").read_bytes(),
    }


def metrics(folder: Path) -> list[list[str]]:
    """The cells of metrics.csv as text, without the seconds, which may never decrease."""
    text = (folder / "metrics.csv").read_text()
    assert text.endswith("\n")
    rows = list(csv.reader(text.splitlines()))
    column = rows[0].index("seconds")
    seconds = [float(row[column]) for row in rows[1:]]
    assert seconds == sorted(seconds)
    assert [int(row[0]) for row in rows[1:]] == list(range(len(rows) - 1))
    return [row[:column] + row[column + 1 :] for row in rows]


def summary(folder: Path) -> dict[str, Any]:
    """summary.json without what depends on time and place."""
    content = json.loads((folder / "summary.json").read_text())
    assert content["seconds"] > 0
    return {key: value for key, value in content.items() if key not in UNEQUAL}


def points(folder: Path) -> list[tuple[int, str, bytes]]:
    """(step, tag, value) of all TensorBoard points in the file's order, each (step, tag) once; wall times aside."""
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    found = []
    (path,) = folder.glob("events.out.tfevents.*")
    for raw in RawEventFileLoader(str(path)).Load():
        event = Event.FromString(raw)
        found += [(event.step, value.tag, _timeless(value)) for value in event.summary.value]
    assert len({(step, tag) for step, tag, _ in found}) == len(found)
    return found


def _timeless(value: Any) -> bytes:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    data = value.metadata.plugin_data
    if data.plugin_name == "hparams":
        content = HParamsPluginData.FromString(data.content)
        content.session_start_info.ClearField("start_time_secs")
        content.session_end_info.ClearField("end_time_secs")
        data.content = content.SerializeToString(deterministic=True)
    return value.SerializeToString(deterministic=True)


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Which parts of which runs differ, and where first."""
    lines = []
    for name, run in expected.items():
        for part, value in run.items():
            other = found[name][part]
            if other != value:
                pairs = zip(other, value, strict=False) if isinstance(value, list) else [(other, value)]
                lines.append(f"{name} {part}: " + next((f"{a!r} != {b!r}" for a, b in pairs if a != b), "lengths"))
    return lines
