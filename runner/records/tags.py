"""TensorBoard's tags: what the columns of metrics.csv are called there, what they mean, which stand in one chart."""

from __future__ import annotations

from collections.abc import Iterable

from runner.config.registry import entries

SPLITS = {"train": "training", "val": "validation", "test": "test"}
MEANINGS = {
    "loss": "The loss on the {split} rows, without penalties: what a run is compared by.",
    "objective": "What training minimized: the loss on the training rows as they were drawn, with noise and penalties.",
    "gap": "Validation loss minus training loss: what the network does less well on rows that it has not learned from.",
    "grad_norm": "Length of the gradient at the last step of the epoch, before clipping.",
    "weight_norm": "Length of all weights together (L2 norm).",
    "sparsity": "Share of the weights that are exactly 0.",
    "lr": "Learning rate of the last step of the epoch.",
}
BEST = "best"  # how the tags of what was kept begin


def tag_of(column: str) -> str:
    """Column -> TensorBoard tag, which is grouped by its first word: "train/loss" -> "loss/train"; "lr" stays."""
    split, slash, metric = column.partition("/")
    return f"{metric}/{split}" if slash else column


def meaning(tag: str) -> str:
    """A sentence on what a tag shows; "" for one that explains itself."""
    name, _, split = tag.rpartition("/") if "/" in tag else (tag, "", "")
    if tag.startswith(f"{BEST}/"):
        split, _, name = tag.removeprefix(f"{BEST}/").partition("/")
        return f"{name} on the {SPLITS.get(split, split)} rows with the weights that were kept, at their epoch."
    if name in MEANINGS:
        return MEANINGS[name].format(split=SPLITS.get(split, split))
    metric = entries("metric").get(name)
    said = (metric.cls.__doc__ or "").strip().splitlines() if metric else []
    return f"{said[0]}; on the {SPLITS.get(split, split)} rows" if said else ""


def together(columns: Iterable[str]) -> dict[str, list[str]]:
    """The charts that show training and validation together: metric -> regular expressions of its tags."""
    names = dict.fromkeys(
        name for split, _, name in (column.partition("/") for column in columns) if split in ("train", "val")
    )
    return {name: [f"^{name}/train$", f"^{name}/val$"] for name in names if name and name != "objective"}
