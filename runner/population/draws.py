"""Random numbers by position: every draw is a pure function of (seed, purpose, counters, position). Nothing to save.

A 64-bit key is mixed from seed, purpose and counters (splitmix64: Steele, Lea & Flood 2014). The bits at position n are
mix(mix(n c ^ k0) + k1) with k0, k1 the two words of the key and mix a 32-bit finalizer with low bias (Wellons 2018);
the second word enters between the rounds, so that two keys never give windows of one sequence.
"""

from __future__ import annotations

import functools
import math
import sys
import threading
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

POSITION = 0x9E3779B1 - (1 << 32)  # the odd constant that spreads positions, as int32
_GOLDEN_NUMBER, _WORD = 0x9E3779B97F4A7C15, (1 << 64) - 1
_GOLDEN = np.uint64(_GOLDEN_NUMBER)


def _mix64(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def key(seed, purpose: str, *counters) -> np.ndarray:
    """64-bit keys, uint64; seed and counters are whole numbers or arrays that broadcast."""
    with np.errstate(over="ignore"):
        z = _mix64(np.asarray(seed, dtype=np.uint64) + _GOLDEN)
        for part in (zlib.crc32(purpose.encode()), *counters):
            z = _mix64(z ^ (np.asarray(part, dtype=np.uint64) + np.uint64(1)) * _GOLDEN)
    return z


def generator(seed: int, purpose: str, *counters) -> torch.Generator:
    """A separate CPU generator for one member and occasion (initial weights, the order of an epoch)."""
    import torch

    return torch.Generator().manual_seed(_seed(seed, purpose, *counters))


def _seed(seed: int, purpose: str, *counters) -> int:
    """The upper 63 bits of a key of whole numbers, by Python's, which are sooner at one than NumPy's."""
    z = _mix(seed + _GOLDEN_NUMBER)
    for part in (zlib.crc32(purpose.encode()), *counters):
        z = _mix(z ^ ((int(part) + 1) * _GOLDEN_NUMBER & _WORD))
    return z >> 1


def _mix(z: int) -> int:
    """`_mix64` of one number."""
    z &= _WORD
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _WORD
    return z ^ (z >> 31)


def raw(first: int, count: int, seed: int, purpose: str, *counters) -> np.ndarray:
    """`count` of the 32-bit words of `generator` from the one numbered `first` on, as uint64, without torch (Matsumoto
    & Nishimura 1998; torch takes the low 32 bits of a seed).
    """
    with _ONE_AT_A_TIME:
        source = _source()
        source._legacy_seeding(_seed(seed, purpose, *counters) & 0xFFFFFFFF)
        if first:
            source.random_raw(first, output=False)
        return source.random_raw(count)


_ONE_AT_A_TIME = threading.Lock()


@functools.cache
def _source() -> np.random.MT19937:
    """Seeded anew for every draw, which takes 1 us where making one takes 80."""
    return np.random.MT19937(0)


def permutation(n: int, seed: int, purpose: str, *counters) -> np.ndarray:
    """0..n-1 in random order, int64: the numbers of torch.randperm with `generator` (Fisher & Yates 1938), by torch
    itself in a process that has it.
    """
    if torch := sys.modules.get("torch"):
        return torch.randperm(n, generator=generator(seed, purpose, *counters)).numpy()
    drawn = raw(0, max(n - 1, 0), seed, purpose, *counters).view(np.int64)
    if (compiled := _compiled_shuffle()) is None:
        places = list(range(n))
        shuffle(places, drawn.tolist())
        return np.array(places, dtype=np.int64)
    order = np.arange(n)
    compiled(order, drawn)
    return order


def with_replacement(n: int, seed: int, purpose: str, *counters) -> np.ndarray:
    """n independent draws from 0..n-1, int64: the integer part of n u/2^64 for words u of 64 bits (Lemire 2019)."""
    high, low = raw(0, 2 * n, seed, purpose, *counters).reshape(-1, 2).T
    return ((high * np.uint64(n) + (low * np.uint64(n) >> np.uint64(32))) >> np.uint64(32)).astype(np.int64)


def shuffle(order, drawn):
    """Exchange place i, from the first to the last but one, with the place drawn[i] mod (n - i) behind it."""
    n = len(order)
    for i in range(n - 1):
        j = i + drawn[i] % (n - i)
        order[i], order[j] = order[j], order[i]


@functools.cache
def _compiled_shuffle() -> Callable | None:
    """`shuffle` on arrays; None where there is no compiler."""
    try:
        from runner.compiled.kernels import driver

        return driver(lambda dtype: (np.zeros(1, np.int64), np.zeros(0, np.int64)))(shuffle).made("int64")
    except Exception:  # noqa: BLE001 (whatever keeps it from being compiled: the lists of Python do)
        return None


def words(keys: np.ndarray, device="cpu") -> tuple[Tensor, Tensor]:
    """The two 32-bit words of each key, int32."""
    import torch

    pairs = torch.from_numpy(np.ascontiguousarray(keys).view(np.int32).reshape(*keys.shape, 2).copy()).to(device)
    return pairs[..., 0], pairs[..., 1]


def _shift_xor(x: Tensor, by: int) -> Tensor:
    return x.bitwise_xor_((x >> by).bitwise_and_((1 << (32 - by)) - 1))


def _mix32(x: Tensor) -> Tensor:
    _shift_xor(x, 16).mul_(0x7FEB352D)
    _shift_xor(x, 15).mul_(0x846CA68B - (1 << 32))
    return _shift_xor(x, 16)


def positions(batch: int, width: int, padded: int, device="cpu") -> Tensor:
    """Position numbers b width + j times an odd constant, int32 [batch, padded]; padding repeats the last column."""
    import torch

    column = torch.arange(padded, dtype=torch.int32, device=device).clamp_(max=width - 1)
    row = torch.arange(batch, dtype=torch.int32, device=device)
    return (row[:, None] * width + column) * POSITION


def normal(first: Tensor, second: Tensor) -> Tensor:
    """Standard normal numbers, float64, from two independent uniform int32 tensors of one shape (Box & Muller 1958).

    In double precision whatever the run's format: its functions give equal bits on 16 numbers or more, single precision
    only on 32, and padding is to 16.
    """
    u, v = ((b.double() + (2.0**31 + 0.5)) * 2.0**-32 for b in (first, second))
    return u.log_().mul_(-2).sqrt_() * v.mul_(2 * math.pi).cos_()


def bits(keys: tuple[Tensor, Tensor], place: Tensor) -> Tensor:
    """Uniform int32 of shape [*keys, *place] from key words [...] and `positions` [B, W]."""
    k0, k1 = (word[..., None, None] for word in keys)
    return _mix32(_mix32(place ^ k0).add_(k1))
