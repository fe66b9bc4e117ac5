"""What a sweep adds to the TensorBoard events of its runs: training and validation in one chart, and a mean a setting.

    <sweep>/events.out.tfevents.0.layout      the charts of the Custom Scalars page; in the first mean as well
    <sweep>/mean/01_lr=0.001_dropout=0.2/     the mean over the seeds and folds of a setting, the best setting first

A mean has the tags of its runs, so that it lies in their charts, and with its band (one standard deviation each way) as
sd/<tag>/mean, lower and upper: of a run that has one of three tags TensorBoard says that the others are missing.
It has no hyper-parameters and no summary.json: it is not a run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.records import crc, disk
from runner.records.sweep_folder import LAYOUT, MEANS
from runner.records.tags import tag_of, together
from runner.reports.means import Setting, mean_curves, settings_of

if TYPE_CHECKING:
    from runner.execution.session import Session

MEAN = "events.out.tfevents.{}.mean"
LISTED = 50  # runs named in the text of a mean


def band_of(tag: str) -> tuple[str, str, str]:
    """The tags of a mean within its band and of the ends of this."""
    return f"sd/{tag}/mean", f"sd/{tag}/lower", f"sd/{tag}/upper"


def write_layout(root: Path, metrics: Sequence[str]) -> None:
    """Put the layout in place; `metrics` are names such as val/loss."""
    from runner.records import events

    disk.replace(root / LAYOUT, crc.records([events.header(), _layout(metrics)]))


def _layout(metrics: Sequence[str]) -> bytes:
    """Every metric of train and of val in one chart, and the means with their bands."""
    from runner.records import events

    drawn = [metric for metric in metrics if not metric.startswith("test/")]
    charts = together(drawn)
    tags = [tag for name in charts for metric in drawn if (tag := tag_of(metric)).startswith(f"{name}/")]
    bands = {tag: band_of(tag) for tag in reversed(tags)}  # which TensorBoard shows last first
    return events.layout({"train and val": charts}, {"mean and standard deviation of a setting": bands})


def write_means(sweep: Session) -> int:
    """Write the mean of every setting of a `Sweep` with two whole runs or more, in place of those of earlier; how many.

    Raises RunError if the metrics of a run cannot be read or the disk takes no files.
    """
    several = [setting for setting in settings_of(sweep) if len(setting.runs) > 1]
    found = [setting for setting in several if setting.runs[0] not in sweep.teams]  # which have no curves
    digits = len(str(len(found)))
    contents = {}
    for rank, setting in enumerate(found, 1):
        contents[f"{rank:0{digits}d}_{setting.label}"] = _events(setting)
    for folder in list(contents)[:1]:  # so that the root, which is no run, need not be shown for it
        contents[folder] += crc.records([_layout(sweep.results.metrics)])
    _remove(sweep.root / MEANS, contents)
    name = MEAN.format(int(time.time()))  # another name than before: TensorBoard continues to read a file by its name
    for folder, data in contents.items():
        disk.make_folder(sweep.root / MEANS)
        disk.make_folder(sweep.root / MEANS / folder)
        disk.append(sweep.root / MEANS / folder / name, data, 0)  # not synced: they can be computed again
    return len(contents)


def _events(setting: Setting) -> bytes:
    """The events file of a mean: epochs that all its runs have reached."""
    from runner.records import events

    curves = mean_curves(setting.folders)
    parts = [events.header(), events.text("mean", _described(setting))]
    tags = [tag_of(column) for column in curves.columns]
    bands = [band_of(tag) if "/" in tag and not tag.startswith("objective/") else () for tag in tags]
    for epoch, means, sds in zip(curves.epochs, curves.mean, curves.sd, strict=True):
        points = []
        for tag, band, mean, sd in zip(tags, bands, means, sds, strict=True):
            if mean - mean == 0:  # finite
                points.append((tag, mean))
                points += zip(band, (mean, mean - sd, mean + sd), strict=False)
        parts.append(events.scalars(epoch, points))
    return crc.records(parts)


def _described(setting: Setting) -> str:
    names = [folder.name for folder in setting.folders]
    more = [f"- and {len(names) - LISTED} more"] if len(names) > LISTED else []
    left_out = (
        f" ({setting.asked - len(names)} that diverged or failed are left out)" if setting.asked > len(names) else ""
    )
    head = (
        f"Mean of {len(names)} runs{left_out} over the epochs that all of them reached; band: one standard deviation."
    )
    return "\n".join([head, "", *(f"- {name}" for name in names[:LISTED]), *more])


def _remove(place: Path, kept: Mapping[str, bytes]) -> None:
    """Take away the means of earlier; of folders, those that are empty then and not wanted again."""
    if not place.is_dir():
        return
    for folder in [folder for folder in place.iterdir() if folder.is_dir()]:
        for path in folder.glob(MEAN.format("*")):
            disk.remove(path)
        if folder.name not in kept and not any(folder.iterdir()):
            folder.rmdir()
    if not kept and not any(place.iterdir()):
        place.rmdir()
