"""Augmentations written a second time, one row and step at a time, with scipy or numpy loops.

A reference gets the draws of its row and step, images p [B, channels, height, width] (or features x [B, D]), targets q
[B, C] and the strength, and returns new images and targets (or features).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.stats import beta

GREY = np.array([0.2989, 0.587, 0.114])
BLOCKS = [[0], [1], [2], [3], [4, 5, 6], [7, 8]]


def uniform(draws, draw=0):
    """[B] between 0 and 1."""
    return draws.examples(draw)[0, 0].numpy()


def signed(draws, strength, draw=0):
    """[B] between -strength and strength."""
    return -strength + 2 * strength * uniform(draws, draw)


def geometric(forward):
    """From forward(draws, strength, i) -> where the map sends (x, y) from the middle: a 2 x 2 matrix and a shift."""

    def reference(draws, p, q, strength):
        middle = (np.array(p.shape[2:]) - 1) / 2
        out = np.empty_like(p)
        for i, image in enumerate(p):
            matrix, shift = forward(draws, strength, i, p.shape[3], p.shape[2])
            back = np.linalg.inv(np.array(matrix)[::-1, ::-1])  # rows and columns instead of x and y
            offset = middle - back @ (middle + np.array(shift)[::-1])
            for channel in range(len(image)):
                out[i, channel] = ndimage.affine_transform(
                    image[channel], back, offset, order=1, mode="grid-constant", cval=0.0
                )
        return out, q

    return reference


def rotated(draws, degrees, i, width, height):
    a = np.deg2rad(signed(draws, degrees)[i])
    return [[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]], (0, 0)  # y points down: counter-clockwise


def sheared(draws, degrees, i, width, height):
    return [[1, -np.tan(np.deg2rad(signed(draws, degrees)[i]))], [0, 1]], (0, 0)


def scaled(draws, change, i, width, height):
    factor = 1 + signed(draws, change)[i]
    return [[factor, 0], [0, factor]], (0, 0)


def shifted(draws, share, i, width, height):
    return np.eye(2), (width * signed(draws, share)[i], height * signed(draws, share, 1)[i])


def flipped(axis):
    def reference(draws, p, q, probability):
        return np.stack([np.flip(i, axis) if u < probability else i for i, u in zip(p, uniform(draws), strict=True)]), q

    return reference


def brightness(draws, p, q, amount):
    return np.clip(p + signed(draws, amount)[:, None, None, None], 0, 1), q


def contrast(draws, p, q, change):
    out = p.copy()
    for i, factor in enumerate(1 + signed(draws, change)):
        mean = np.tensordot(GREY, p[i], 1).mean()
        out[i] = factor * p[i] + (1 - factor) * mean  # as torchvision.transforms.functional.adjust_contrast blends
    return np.clip(out, 0, 1), q


def saturation(draws, p, q, change):
    out = p.copy()
    for i, factor in enumerate(1 + signed(draws, change)):
        out[i] = factor * p[i] + (1 - factor) * np.tensordot(GREY, p[i], 1)
    return np.clip(out, 0, 1), q


def noise(draws, p, q, sd):
    return np.clip(p + sd * draws.normal(p[0].size)[0, 0].numpy().reshape(p.shape), 0, 1), q


def cutout(draws, p, q, share):
    """As the authors' code, but for squares of odd size, which theirs makes one smaller."""
    out, (height, width) = p.copy(), p.shape[2:]
    side = max(1, int(np.rint(share * min(height, width))))
    for i, (u, v) in enumerate(zip(uniform(draws), uniform(draws, 1), strict=True)):
        top, left = int(u * height) - side // 2, int(v * width) - side // 2
        out[i, :, max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0
    return out, q


def mixup(draws, p, q, alpha):
    """Zhang et al. 2018: lam x + (1 - lam) x[index]."""
    lam, index = beta.ppf(draws.steps()[0, 0], alpha, alpha), draws.order()[0, 0].numpy()
    return lam * p + (1 - lam) * p[index], lam * q + (1 - lam) * q[index]


def cutmix(draws, p, q, alpha):
    """Yun et al. 2019, their rand_bbox."""
    lam, index = beta.ppf(draws.steps()[0, 0], alpha, alpha), draws.order()[0, 0].numpy()
    height, width = p.shape[2:]
    tall, wide = int(height * np.sqrt(1 - lam)), int(width * np.sqrt(1 - lam))
    y, x = int(draws.steps(1)[0, 0] * height), int(draws.steps(2)[0, 0] * width)
    top, bottom = np.clip([y - tall // 2, y + tall // 2], 0, height)
    left, right = np.clip([x - wide // 2, x + wide // 2], 0, width)
    out = p.copy()
    out[:, :, top:bottom, left:right] = p[index][:, :, top:bottom, left:right]
    lam = 1 - (bottom - top) * (right - left) / (height * width)
    return out, lam * q + (1 - lam) * q[index]


def table_noise(draws, x, sd):
    drawn = sd * draws.normal(x.shape[1])[0, 0].numpy()
    drawn[:, 4:] = 0  # categories
    return x + drawn


def feature_dropout(draws, x, p):
    out, u = x.copy(), draws.features(x.shape[1])[0, 0].numpy()
    for i in range(len(x)):
        for block in BLOCKS:
            if u[i, block[0]] < p:
                out[i, block] = 0
    return out


def swap_noise(draws, x, p):
    out = x.copy()
    u, v = (draws.features(x.shape[1], draw)[0, 0].numpy() for draw in range(2))
    for i in range(len(x)):
        others = [j for j in range(len(x)) if j != i]
        for block in BLOCKS:
            if u[i, block[0]] < p:
                out[i, block] = x[others[int(v[i, block[0]] * len(others))], block]
    return out


REFERENCES = {
    "flip_horizontal": flipped(-1),
    "flip_vertical": flipped(-2),
    "rotation": geometric(rotated),
    "scale": geometric(scaled),
    "shear": geometric(sheared),
    "shift": geometric(shifted),
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "noise": noise,
    "cutout": cutout,
    "mixup": mixup,
    "cutmix": cutmix,
}
TABLE_REFERENCES = {"noise": table_noise, "feature_dropout": feature_dropout, "swap_noise": swap_noise}
