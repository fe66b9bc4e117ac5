"""Conflicts of weights that several layers, or several networks, have in common."""

from __future__ import annotations

from collections.abc import Iterator

from runner.config.conflicts.base import Conflict, Known
from runner.config.settings import Settings

TRANSPOSED, HIDDEN = "transposed", "hidden"  # model.tied


def tied_shapes(s: Settings, known: Known) -> Iterator[Conflict]:
    """Layers with one weight have one shape."""
    tied, hidden, problem = s.model.tied, s.model.hidden, ""
    if tied == TRANSPOSED and (len(hidden) % 2 == 0 or hidden != hidden[::-1]):
        half = [*hidden[: len(hidden) // 2], hidden[len(hidden) // 2] if hidden else 16]
        problem = (
            "layer i from the end has the weight of layer i, so that model.hidden reads the same from both ends of one "
            f"width in the middle, and {_spelled(hidden)} does not; set model.hidden={_spelled([*half, *half[-2::-1]])}"
        )
    elif tied == TRANSPOSED and getattr(s.dataset, "task", None) != "autoencoder":
        problem = "a network that gives back its inputs has as many outputs; set dataset.task=autoencoder"
    elif tied == HIDDEN and (len(hidden) < 3 or len(set(hidden)) > 1):
        wide = [max(hidden, default=128)] * max(3, len(hidden))
        problem = (
            "the layers between hidden layers have one weight, so that there are three or more hidden layers of one "
            f"width, and model.hidden = {_spelled(hidden)} has not; set model.hidden={_spelled(wide)}"
        )
    if problem:
        yield Conflict(("model.tied", "model.hidden", "dataset.task"), f"model.tied = {tied}: {problem}")


def tied_weights(s: Settings, known: Known) -> Iterator[Conflict]:
    """What a layer has from another one is not said a second time."""
    for key, off in (("parametrization", "none"), ("mask", None)):
        value = getattr(s.model, key)
        if s.model.tied != "none" and value != off:
            yield Conflict(
                ("model.tied", f"model.{key}"),
                f"model.{key} = {value}: says what the weight of each layer is, and with model.tied = {s.model.tied} "
                f"some have that of another; set model.{key}={off or 'null'}, or model.tied=none",
            )


def _spelled(widths: list[int]) -> str:
    return str(widths).replace(" ", "")


CHECKS = (tied_shapes, tied_weights)
