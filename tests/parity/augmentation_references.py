"""Augmentations written a second time, one row and step at a time, with scipy or numpy loops.

A reference gets the draws of its row and step, images p [B, channels, height, width] (or features x [B, D]), targets q
[B, C] and the value of each key, and returns new images and targets (or features).
"""

from __future__ import annotations

import colorsys

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
    """From forward(draws, strength, i, width, height, *other keys) -> where the map sends (x, y) from the middle: a
    2 x 2 matrix and a shift.
    """

    def reference(draws, p, q, strength, *others):
        middle = (np.array(p.shape[2:]) - 1) / 2
        out = np.empty_like(p)
        for i, image in enumerate(p):
            matrix, shift = forward(draws, strength, i, p.shape[3], p.shape[2], *others)
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


def resized_crop(draws, area, i, width, height, aspect):
    """As torchvision's RandomResizedCrop, but with corners between pixels, and a part that is too wide cut to fit."""
    kept = 1 - uniform(draws)[i] * (1 - area)
    ratio = np.exp(signed(draws, np.log(aspect), 1)[i])
    wide, high = min(1, np.sqrt(kept * ratio)), min(1, np.sqrt(kept / ratio))
    left, top = (1 - wide) * (width - 1) * uniform(draws, 2)[i], (1 - high) * (height - 1) * uniform(draws, 3)[i]
    middle = left + wide * (width - 1) / 2 - (width - 1) / 2, top + high * (height - 1) / 2 - (height - 1) / 2
    return [[1 / wide, 0], [0, 1 / high]], (-middle[0] / wide, -middle[1] / high)


def crop(draws, p, q, pixels):
    pixels, (height, width) = int(pixels), p.shape[2:]
    padded = np.pad(p, ((0, 0), (0, 0), (pixels, pixels), (pixels, pixels)))
    out = np.empty_like(p)
    for i, (u, v) in enumerate(zip(uniform(draws), uniform(draws, 1), strict=True)):
        left, top = 2 * pixels - int(u * (2 * pixels + 1)), 2 * pixels - int(v * (2 * pixels + 1))
        out[i] = padded[i, :, top : top + height, left : left + width]
    return out, q


def elastic(draws, p, q, alpha, sigma):
    """Simard et al. 2003, smoothed by scipy on a field that goes on beyond the image."""
    height, width = p.shape[2:]
    edge = int(4 * sigma + 0.5)
    high, wide = height + 2 * edge, width + 2 * edge
    drawn = 2 * draws.features(2 * high * wide)[0, 0].numpy().reshape(-1, 2, high, wide) - 1
    down, across = np.mgrid[:height, :width].astype(float)
    out = np.empty_like(p)
    for i, fields in enumerate(drawn):
        dx, dy = (alpha * ndimage.gaussian_filter(f, sigma, mode="wrap")[edge:-edge, edge:-edge] for f in fields)
        for channel in range(p.shape[1]):
            places = [down + dy, across + dx]
            out[i, channel] = ndimage.map_coordinates(p[i, channel], places, order=1, mode="grid-constant", cval=0.0)
    return out, q


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


def hue(draws, p, q, turn):
    out = np.empty_like(p)
    for i, by in enumerate(signed(draws, turn)):
        for y, x in np.ndindex(*p.shape[2:]):
            h, s, v = colorsys.rgb_to_hsv(*p[i, :, y, x])
            out[i, :, y, x] = colorsys.hsv_to_rgb((h + by) % 1, s, v)
    return out, q


def multiplicative_noise(draws, p, q, sd):
    return np.clip(p + p * sd * draws.normal(p[0].size)[0, 0].numpy().reshape(p.shape), 0, 1), q


def cutout(draws, p, q, share, shape, fill):
    """As the authors' code, but for squares of odd size, which theirs makes one smaller."""
    out, (height, width) = p.copy(), p.shape[2:]
    instead = np.broadcast_to(0.0 if isinstance(fill, str) else fill, p.shape)
    if fill == "mean":
        instead = np.broadcast_to(p.mean((2, 3), keepdims=True), p.shape)
    elif fill == "noise":
        instead = draws.features(p[0].size)[0, 0].numpy().reshape(p.shape)
    side = max(1, int(np.rint(share * min(height, width))))
    for i, (u, v) in enumerate(zip(uniform(draws), uniform(draws, 1), strict=True)):
        top, left = int(u * height) - side // 2, int(v * width) - side // 2
        for y, x in np.ndindex(height, width):
            round_ = np.hypot(y - top - (side - 1) / 2, x - left - (side - 1) / 2) <= side / 2
            square = top <= y < top + side and left <= x < left + side
            if round_ if shape == "circle" else square:
                out[i, :, y, x] = instead[i, :, y, x]
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


def mosaic(draws, p, q, alpha):
    """Takahashi et al. 2018, the code in their paper, with the example itself as the first of the four."""
    (height, width), out, mixed = p.shape[2:], np.empty_like(p), np.zeros_like(q)
    h = int(np.rint(height * beta.ppf(draws.steps(0)[0, 0], alpha, alpha)))
    w = int(np.rint(width * beta.ppf(draws.steps(1)[0, 0], alpha, alpha)))
    tops = [int(draws.steps(2)[0, 0] * (height - h + 1)), int(draws.steps(3)[0, 0] * (h + 1))]
    lefts = [int(draws.steps(4)[0, 0] * (width - w + 1)), int(draws.steps(5)[0, 0] * (w + 1))]
    orders = [np.arange(len(p)), *(draws.order(i)[0, 0].numpy() for i in range(3))]
    for k, order in enumerate(orders):
        lower, right = divmod(k, 2)
        rows, columns = ((0, h), (h, height))[lower], ((0, w), (w, width))[right]
        high, wide = rows[1] - rows[0], columns[1] - columns[0]
        window = p[order][:, :, tops[lower] : tops[lower] + high, lefts[right] : lefts[right] + wide]
        out[:, :, rows[0] : rows[1], columns[0] : columns[1]] = window
        mixed += q[order] * (high * wide) / (height * width)
    return out, mixed


def table_multiplicative_noise(draws, x, sd):
    return x + x * table_noise(draws, np.zeros_like(x), sd)


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


def grid_linear(signal, places):
    return ndimage.map_coordinates(signal, [places], order=1, mode="grid-constant", cval=0.0)


def snr(draws, s, decibels):
    """10 log10(power of the signal / power of the noise) is the ratio."""
    power = (s**2).mean(1) / 10 ** (decibels / 10)
    return s + np.sqrt(power)[:, None] * draws.normal(s.shape[1])[0, 0].numpy()


def speed(draws, s, change):
    middle = (s.shape[1] - 1) / 2
    times = np.arange(s.shape[1]) - middle
    return np.stack([grid_linear(x, middle + c * times) for x, c in zip(s, 1 + signed(draws, change), strict=True)])


def shifted_signal(draws, s, share):
    times = np.arange(s.shape[1])
    by = s.shape[1] * signed(draws, share)
    return np.stack([grid_linear(x, times - later) for x, later in zip(s, by, strict=True)])


def word_deletion(u, v, text, p, synonyms):
    return [word for i, word in enumerate(text) if u[i] >= p]


def word_swap(u, v, text, p, synonyms):
    out = list(text)
    for i in range(len(text)):
        if u[i] < p:
            j = int(v[i] * len(text))
            out[i], out[j] = out[j], out[i]
    return out


def word_insertion(u, v, text, p, synonyms):
    out = []
    for i, word in enumerate(text):
        out += [word, text[int(v[i] * len(text))]] if u[i] < p else [word]
    return out


def word_synonyms(u, v, text, p, synonyms):
    others = [synonyms.get(word) for word in text]
    return [
        many[int(v[i] * len(many))] if many and u[i] < p else word
        for i, (word, many) in enumerate(zip(text, others, strict=True))
    ]


WORD_REFERENCES = {
    "word_deletion": word_deletion,
    "word_swap": word_swap,
    "word_insertion": word_insertion,
    "word_synonyms": word_synonyms,
}
SIGNAL_REFERENCES = {"snr": snr, "speed": speed, "shift": shifted_signal}
REFERENCES = {
    "flip_horizontal": flipped(-1),
    "flip_vertical": flipped(-2),
    "rotation": geometric(rotated),
    "scale": geometric(scaled),
    "shear": geometric(sheared),
    "shift": geometric(shifted),
    "crop": crop,
    "resized_crop": geometric(resized_crop),
    "elastic": elastic,
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "hue": hue,
    "noise": noise,
    "multiplicative_noise": multiplicative_noise,
    "cutout": cutout,
    "mixup": mixup,
    "cutmix": cutmix,
    "mosaic": mosaic,
}
TABLE_REFERENCES = {
    "noise": table_noise,
    "multiplicative_noise": table_multiplicative_noise,
    "feature_dropout": feature_dropout,
    "swap_noise": swap_noise,
}
