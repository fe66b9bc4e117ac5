"""What `runner ensemble` leaves in its folder: members.csv, sizes.csv, ensemble.png and, last, ensemble.json."""

from __future__ import annotations

import csv
import io
import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from runner.records import disk
from runner.records.checksums import sha256
from runner.records.summary import sealed, to_json
from runner.reports.ensemble.found import Ensemble
from runner.reports.ensemble.kept import MEMBERS, PICTURE, SIZES, SUMMARY

FORMAT = 1
DRAWN = ("accuracy", "nll", "rmse")


def write(ensemble: Ensemble, folder: Path) -> list[str]:
    """Put the files in place and return their names; sizes and picture only where every member knows all rows."""
    disk.make_folder(folder, parents=True)
    files = {MEMBERS: members_csv(ensemble, folder.parent)}
    if any(part.sizes for part in ensemble.parts.values()):
        files |= {SIZES: sizes_csv(ensemble, folder.parent), PICTURE: picture(ensemble)}
    for name in (SIZES, PICTURE):
        if name not in files:
            disk.remove(folder / name)
    for name, data in files.items():
        disk.replace(folder / name, data)
    content = summary(ensemble) | {"files": {name: sha256(data) for name, data in files.items()}}
    disk.replace(folder / SUMMARY, to_json(sealed(content)))
    return [*files, SUMMARY]


def members_csv(ensemble: Ensemble, root: Path) -> bytes:
    """One row a run, in the order in which they were first chosen: run, how often, its metrics."""
    times = Counter(row.folder for row in ensemble.members)
    first = {row.folder: k for k, row in reversed(list(enumerate(ensemble.members)))}
    columns = {f"{split}/{name}": of for split, part in ensemble.parts.items() for name, of in part.members.items()}
    rows = [
        [os.path.relpath(folder, root), times[folder], *(values[k] for values in columns.values())]
        for folder, k in sorted(first.items(), key=lambda each: each[1])
    ]
    return _csv(["run", "times", *columns], rows)


def sizes_csv(ensemble: Ensemble, root: Path) -> bytes:
    """One row a size: the run that came in, and the metrics of all so far together."""
    columns = {f"{split}/{name}": of for split, part in ensemble.parts.items() for name, of in part.sizes.items()}
    rows = [
        [k + 1, os.path.relpath(row.folder, root), *(values[k] for values in columns.values())]
        for k, row in enumerate(ensemble.members)
    ]
    return _csv(["size", "run", *columns], rows)


def picture(ensemble: Ensemble) -> bytes:
    """Accuracy and nll, or rmse, against the number of members."""
    from runner.figures.draw.ensemble import ensemble_sizes

    parts = {split: part for split, part in ensemble.parts.items() if part.sizes}
    names = [name for name in DRAWN if all(name in part.sizes for part in parts.values())]
    sizes = {name: {split: _finite(part.sizes[name]) for split, part in parts.items()} for name in names}
    means = {name: {split: part.mean[name] for split, part in parts.items()} for name in names}
    return ensemble_sizes(sizes, means, title=f"{len(ensemble.members)} members, {ensemble.combine}")


def summary(ensemble: Ensemble) -> dict[str, Any]:
    """How many members, how they are combined, and by split what they reach alone and together."""
    return {
        "format": FORMAT,
        "combine": ensemble.combine,
        "chosen": ensemble.how,
        "members": len(ensemble.members),
        "runs": len({row.folder for row in ensemble.members}),
        "left_out": ensemble.candidates.left_out,
        "out_of_fold": ensemble.out_of_fold,
        **{split: _part(ensemble, split) for split in ensemble.parts},
    }


def _part(ensemble: Ensemble, split: str) -> dict[str, Any]:
    part = ensemble.parts[split]
    kind, value = part.diversity
    best = {"best": {name: float(values[0]) for name, values in part.members.items()}} if ensemble.ranked else {}
    return {
        "rows": len(part.answers.truth),
        "members": part.mean,
        **best,
        "ensemble": part.together,
        "gain": part.gain,
        kind: value,
    }


def _finite(values: np.ndarray) -> np.ndarray:
    """Infinities as holes in a curve."""
    return np.where(np.isfinite(values), values, np.nan)


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *([_cell(cell) for cell in row] for row in rows)])
    return text.getvalue().encode()


def _cell(cell: Any) -> Any:
    """Numbers with all their digits; what is not finite is empty."""
    if isinstance(cell, (float, np.floating)):
        return repr(float(cell)) if math.isfinite(cell) else ""
    return cell
