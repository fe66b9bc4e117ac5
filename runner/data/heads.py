"""Several targets of which some are classes: each is answered by some columns of the last layer, its head."""

from __future__ import annotations

import dataclasses
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from runner.data.target_scaling import TargetScale


class TargetHead(NamedTuple):
    """One of several targets."""

    name: str
    place: int  # among the targets
    columns: slice  # of the outputs of the network: a score for each class, or a number
    encoding: Any  # that of the data, as if it were the only target

    @property
    def classes(self) -> bool:
        """Whether it is classes."""
        return self.encoding.labels is not None

    @property
    def width(self) -> int:
        """Columns."""
        return self.columns.stop - self.columns.start


def heads_of(encoding: Any) -> list[TargetHead]:
    """The heads of an encoding, side by side in the order of its targets; none if all of them are numbers."""
    if not encoding.labels_of:
        return []
    ends = accumulate((len(labels or [0]) for labels in encoding.labels_of), initial=0)
    targets = zip(encoding.targets.items(), encoding.labels_of, pairwise(ends), strict=True)
    return [
        TargetHead(name, place, slice(*ends), _alone(encoding, name, scale, labels))
        for place, ((name, scale), labels, ends) in enumerate(targets)
    ]


def _alone(encoding: Any, name: str, scale: TargetScale, labels: list[str] | None) -> Any:
    return dataclasses.replace(
        encoding,
        task="classification" if labels else "regression",
        target=name,
        labels=labels,
        targets={},
        labels_of=[],
        target_offset=scale.offset,
        target_scale=scale.scale,
        target_log=scale.log,
        target_quantiles=scale.quantiles,
    )
