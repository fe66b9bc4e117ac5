"""Images moved by affine maps: composed, then sampled once.

A map [..., 2, 3] says where each pixel of the new image comes from: (x, y, 1) -> (x, y) in pixels from the middle, x to
the right and y down.
"""

from __future__ import annotations

import torch
from torch import Tensor


def compose(outer: Tensor, inner: Tensor) -> Tensor:
    """The map x -> outer(inner(x)). Written out, since a matrix product's bits may depend on the size of the stack."""
    (xx, xy, x1), (yx, yy, y1) = (row.unbind(-1) for row in outer.unbind(-2))
    top, bottom = inner.unbind(-2)
    across, down = (a[..., None] * top + b[..., None] * bottom for a, b in ((xx, xy), (yx, yy)))
    moved = torch.stack([across, down], -2)
    moved[..., 0, 2] += x1
    moved[..., 1, 2] += y1
    return moved


def sample(images: Tensor, maps: Tensor, field: Tensor | None = None) -> Tensor:
    """Images [N, channels, height, width] at the places that maps [N, 2, 3] say, displaced by a field [N, 2, height,
    width] of pixels: bilinear, 0 (black) outside.
    """
    height, width = images.shape[-2:]
    x = torch.arange(width, dtype=maps.dtype, device=maps.device) - (width - 1) / 2
    y = torch.arange(height, dtype=maps.dtype, device=maps.device)[:, None] - (height - 1) / 2
    (xx, xy, x1), (yx, yy, y1) = (row[:, :, None, None].unbind(1) for row in maps.unbind(1))
    grid = images.new_empty(len(images), height, width, 2)  # from -1 to 1 over the width and over the height
    for axis, (by_x, by_y, constant), side in ((0, (xx, xy, x1), width), (1, (yx, yy, y1), height)):
        along_x, along_y = (by_x * x + constant) * (2 / side), by_y * y * (2 / side)
        torch.add(along_x.to(images.dtype), along_y.to(images.dtype), out=grid[..., axis])
        if field is not None:
            grid[..., axis] += field[:, axis] * (2 / side)
    return torch.nn.functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
