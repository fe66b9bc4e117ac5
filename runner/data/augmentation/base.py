"""Random changes of training examples, by what they change: one base class a kind. All strengths are columns; a row
whose strength is neutral never reaches the code.

Images are changed as images: pixels between 0 (black) and 1, whatever `dataset.scaling` makes of them for the network.
A step's order is geometry (one affine map and one field of displacements, sampled once), then pixels, then the mixing
of examples.

Shapes: K steps, M rows that use the technique, B batch, D features, C outputs; images are [K, M, B, channels, height,
width]. Each key arrives as a column [M, 1] in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor

    from runner.data.hashing import Vocabulary
    from runner.population.chance import Chance


@dataclass(frozen=True)
class Shape:
    """What the features of a batch are: an image, or the columns of a table.

    `numeric` [M, D] marks the columns that hold numbers; `block` [M, D] is for each feature the first one of its block:
    itself for a number, the first category's for the one-hot features of one column. Both are None for images.
    """

    image: tuple[int, ...] | None  # channels, height, width
    features: int
    numeric: Tensor | None = None
    block: Tensor | None = None

    def of(self, rows) -> Shape:
        """The same for some rows."""
        if self.numeric is None or self.block is None:
            return self
        return Shape(None, self.features, self.numeric[rows], self.block[rows])

    def together(self, drawn: Tensor) -> Tensor:
        """Numbers [K, M, B, D] with those of a block's first feature in the whole block."""
        return drawn if self.block is None else drawn.gather(3, self.block[None, :, None].expand(drawn.shape))


class Augmentation:
    """Base of everything under `augmentation.*`.

    `inputs` says what it can change (signals are a table, too), `channels` how many an image must have (None = any
    number), `on_pixels` whether it sees the values of pixels or signals rather than the network's features,
    `changes_numbers` whether it moves a number of a table, whose bins would have to move with it. `alone` is the key
    that the technique had before it had others: `augmentation.NAME=VALUE` still sets it.
    """

    inputs: ClassVar[tuple[str, ...]] = ("image", "table")
    channels: ClassVar[int | None] = None
    on_pixels: ClassVar[bool] = False
    changes_numbers: ClassVar[bool] = False
    alone: ClassVar[str] = ""

    def unfit(self, shape: tuple[int, ...]) -> str:
        """What is wrong with the strength for images of a shape (channels, height, width); "" if nothing is."""
        return ""

    def missing(self) -> str:
        """What else the technique needs, if it is used; "" if nothing."""
        return ""


class Geometry(Augmentation):
    """A change of place, one affine map an example, about the middle of the image."""

    inputs: ClassVar[tuple[str, ...]] = ("image",)
    on_pixels = True

    def matrix(self, chance: Chance, height: int, width: int, **h: Tensor) -> Tensor:
        """Where each pixel of the new image comes from: [K, M, B, 2, 3] in float64, (x, y, 1) -> (x, y) in pixels from
        the middle, x to the right and y down.
        """
        raise TypeError(f"{type(self).__name__} must define matrix")


class Deformation(Augmentation):
    """A change of place, another one for each pixel of the image."""

    inputs: ClassVar[tuple[str, ...]] = ("image",)
    on_pixels = True

    def field(self, chance: Chance, p: Tensor, **h: Tensor) -> Tensor:
        """How far from its place each pixel of the new images comes from: [K, M, B, 2, height, width] for images p [K,
        M, B, channels, height, width], in their number format, x and y in pixels. Added to what the affine map says.
        """
        raise TypeError(f"{type(self).__name__} must define field")


class Pixels(Augmentation):
    """A change of an image's values. `clipped` ones are cut to 0 to 1 afterwards."""

    inputs: ClassVar[tuple[str, ...]] = ("image",)
    on_pixels = True
    clipped: ClassVar[bool] = True

    def pixels(self, chance: Chance, p: Tensor, **h: Tensor) -> Tensor:
        """New pixels of the shape of p [K, M, B, channels, height, width]."""
        raise TypeError(f"{type(self).__name__} must define pixels")


class Signals(Augmentation):
    """A change of signals, whose columns are values one after the other in time, in their own units."""

    inputs: ClassVar[tuple[str, ...]] = ("signal",)
    on_pixels = True
    changes_numbers = True
    last: ClassVar[bool] = False  # after those that change when something is heard

    def signals(self, chance: Chance, s: Tensor, **h: Tensor) -> Tensor:
        """New signals of the shape of s [K, M, B, T]."""
        raise TypeError(f"{type(self).__name__} must define signals")


class Words(Augmentation):
    """A change of the words of texts, of which features are made afterwards. `order_only` ones keep every word."""

    inputs: ClassVar[tuple[str, ...]] = ("text",)
    order_only: ClassVar[bool] = False

    def words(
        self, chance: Callable[[int], np.ndarray], ids: np.ndarray, vocabulary: Vocabulary, **h: float
    ) -> np.ndarray:
        """New texts of n texts ids [n, W], numbers of words and -1 behind the last one: [n, any], -1 for no word.

        `chance(i)` gives the i-th independent numbers [n, W], uniform between 0 and 1.
        """
        raise TypeError(f"{type(self).__name__} must define words")


class Features(Augmentation):
    """A change of a table's encoded features."""

    inputs: ClassVar[tuple[str, ...]] = ("table",)

    def features(self, chance: Chance, x: Tensor, shape: Shape, **h: Tensor) -> Tensor:
        """New features of the shape of x [K, M, B, D]."""
        raise TypeError(f"{type(self).__name__} must define features")


class Mixing(Augmentation):
    """A mixture of each example with another one of its batch, inputs and targets alike."""

    def mixed(self, chance: Chance, x: Tensor, q: Tensor, shape: Shape, **h: Tensor) -> tuple[Tensor, Tensor]:
        """New features of the shape of x [K, M, B, D] and targets of that of q [K, M, B, C]."""
        raise TypeError(f"{type(self).__name__} must define mixed")


def spread(u: Tensor, amount: Tensor) -> Tensor:
    """Uniform between -amount and amount, from u uniform between 0 and 1 [K, M, B]."""
    return (2 * u - 1) * amount


def affine(xx, xy, x1, yx, yy, y1) -> Tensor:
    """[..., 2, 3] from its six elements; numbers where they do not depend on the example."""
    import torch

    like = next(e for e in (xx, xy, x1, yx, yy, y1) if isinstance(e, torch.Tensor))
    elements = [e if isinstance(e, torch.Tensor) else torch.full_like(like, e) for e in (xx, xy, x1, yx, yy, y1)]
    return torch.stack(elements, -1).unflatten(-1, (2, 3))


def per_image(amounts: Tensor, p: Tensor) -> Tensor:
    """[K, M, B] as numbers that broadcast against the images p."""
    return amounts.to(p.dtype)[..., None, None, None]
