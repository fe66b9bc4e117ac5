"""Arrays in a .npz file, without ever unpickling, and which of them are examples, images and targets."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

import numpy as np

from runner.data.files import did_you_mean, read_bytes
from runner.errors import DataError

WHOLE = "all"  # the part of a file that does not say how it is split
ENDS = {"": WHOLE, "_train": "train", "_val": "val", "_valid": "val", "_test": "test"}  # of names of arrays
Pair = tuple[np.ndarray, np.ndarray]  # examples and targets
SAVE = 'np.savez("FILE.npz", x=x, y=y)'


def read_npz(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """(arrays by name, sha256 of the file); DataError if it is no .npz file, is damaged or holds pickled objects."""
    raw = read_bytes(path)
    if raw[:2] != b"PK":
        kind = "a .npy file, which holds one array" if raw[:6] == b"\x93NUMPY" else "no .npz file (a zip of arrays)"
        raise DataError(f"{path} is {kind}. Save examples and targets together: {SAVE}")
    arrays = {}
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
            for name in archive.files:
                arrays[name] = _array(archive, name, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError) as error:
        raise DataError(f"{path} is damaged ({error}). Write or fetch it again: {SAVE}") from error
    return arrays, hashlib.sha256(raw).hexdigest()


def _array(archive, name: str, path: Path) -> np.ndarray:
    try:
        array = archive[name]
    except ValueError as error:  # numpy's refusal to unpickle, or a header that is none
        if "allow_pickle" not in str(error):
            raise DataError(
                f"{path} is damaged: the array {name!r} cannot be read ({error}). Write it again."
            ) from error
        raise DataError(
            f"{path}: the array {name!r} holds Python objects, which are stored as a pickle. A pickle can run any code "
            "when it is read, so it is not. Save numbers or text instead, such as "
            "np.savez(FILE, x=np.asarray(x, float), y=np.asarray(y, str))"
        ) from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: {name!r} is no array. Save examples and targets: {SAVE}")
    return array


def pairs(arrays: dict[str, np.ndarray], path: Path, targets: bool = True) -> dict[str, Pair]:
    """(x, y) by part: {WHOLE: ...} of the arrays x and y, or {"train": ..., "test": ...} of x_train, y_train and so on.

    Upper and lower case count as one; y are zeros where `targets` are not asked for. DataError if x or y is missing, or
    both forms are there.
    """
    by_name = {name.lower(): array for name, array in arrays.items()}
    if len(by_name) < len(arrays):
        raise DataError(f"{path} has arrays whose names differ in upper and lower case only: {_listed(arrays)}.")
    ends = [(part, end) for end, part in ENDS.items() if f"x{end}" in by_name]
    found = dict(ends)
    if len(found) < len(ends) or (WHOLE in found and len(found) > 1):
        raise DataError(
            f"{path} has examples of the same part twice: {_listed(arrays)}. Save x, or x_train and x_test."
        )
    if WHOLE not in found and "train" not in found:
        wanted = "x_train" if found else "x"
        raise DataError(
            f"{path} has no array {wanted!r}.{did_you_mean(wanted, arrays)} Expected x and y, or x_train, y_train, "
            f"x_test, y_test (also x_val, y_val); found {_listed(arrays)}."
        )
    if not targets:
        return {part: (x := by_name[f"x{end}"], np.zeros(x.shape[:1])) for part, end in found.items()}
    for end in found.values():
        if f"y{end}" not in by_name:
            near = did_you_mean(f"y{end}", [name for name in arrays if not name.lower().startswith("x")])
            raise DataError(f"{path} has x{end}, but no targets 'y{end}' to it.{near} Found {_listed(arrays)}.")
    return {part: (by_name[f"x{end}"], by_name[f"y{end}"]) for part, end in found.items()}


def _listed(arrays: dict[str, np.ndarray]) -> str:
    shown = [f"{name} {list(array.shape)}" for name, array in arrays.items()]
    return (", ".join(shown[:12]) + (", ..." if len(shown) > 12 else "")) or "nothing"


def joined(parts: dict[str, Pair], path: Path) -> Pair:
    """(x [N, ...], y [N] or [N, k]) of all parts one below the other; DataError if they do not fit together."""
    xs, ys = [], []
    for part, (x, y) in parts.items():
        end = "" if part == WHOLE else f"_{part}"
        y = _answers(y, f"{path}: y{end}")
        if x.ndim == 0 or len(x) != len(y) or not len(x):
            raise DataError(
                f"{path}: x{end} has the shape {list(x.shape)}, y{end} {list(y.shape)}; each row needs its target."
            )
        xs.append(x)
        ys.append(y)
    if len({x.shape[1:] for x in xs}) > 1 or len({(y.dtype.kind in "US", y.shape[1:]) for y in ys}) > 1:
        shown = ", ".join(
            f"x_{part} {list(x.shape)} with y{f' {list(y.shape)}' * (y.ndim > 1)} of {y.dtype}"
            for part, (x, y) in parts.items()
        )
        raise DataError(f"{path}: the parts do not fit together: {shown}.")
    return np.concatenate(xs), np.concatenate(ys)


def _answers(y: np.ndarray, name: str) -> np.ndarray:
    """The targets [N] of [N] or [N, 1], several [N, k]."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2) or not all(y.shape[1:]):
        raise DataError(f"{name} has the shape {list(y.shape)}, expected one target a row, [rows], or [rows, targets].")
    if y.dtype.kind not in "biufUS":
        raise DataError(f"{name} has the type {y.dtype}; numbers, true/false and text are understood.")
    return np.char.decode(y, "utf-8") if y.dtype.kind == "S" else y


def features(x: np.ndarray, name: str) -> tuple[np.ndarray, tuple[int, ...] | None]:
    """(columns [N, D], image shape (C, H, W) or None).

    DataError for another shape, for anything but numbers, for infinities and empty columns.
    """
    if x.dtype.kind not in "biuf":
        raise DataError(f"{name} has the type {x.dtype}; numbers are needed.")
    if x.ndim not in (2, 3, 4) or not x.size:
        hint = "; of one column save x[:, None]" if x.ndim == 1 else ""
        raise DataError(
            f"{name} has the shape {list(x.shape)}, expected [rows, columns] or images [N, H, W], [N, C, H, W] or "
            f"[N, H, W, C]{hint}."
        )
    shape = None
    if x.ndim > 2:
        x = _channels_first(x, name)
        shape = tuple(x.shape[1:])
    table = np.ascontiguousarray(x.reshape(len(x), -1))
    if table.dtype.kind == "f":
        _check_floats(table, name, image=shape is not None)
    elif table.dtype != np.uint8:
        table = table.astype(np.float64)
    return table, shape


def _check_floats(table: np.ndarray, name: str, image: bool) -> None:
    infinite, holes = np.isinf(table), np.isnan(table)
    if infinite.any() or (image and holes.any()):
        row = int(np.flatnonzero((infinite | holes if image else infinite).any(axis=1))[0])
        what = "an infinite value" if infinite[row].any() else "NaN"
        raise DataError(
            f"{name} holds {what} in row {row + 1}. Replace it by a number{'' if image else ', or NaN for a hole'}."
        )
    empty = np.flatnonzero(holes.all(axis=0))
    if len(empty):
        raise DataError(f"{name}: column {empty[0] + 1} is NaN in every row. Save x without it.")


def _channels_first(x: np.ndarray, name: str) -> np.ndarray:
    """Images [N, C, H, W] of [N, H, W], [N, C, H, W] or [N, H, W, C].

    C is the one of the two that is 1 or 3, else the one that is 2 or 4; DataError if that does not tell.
    """
    if x.ndim == 3:
        return x[:, None]
    for counts in ((1, 3), (2, 4)):
        first, last = x.shape[1] in counts, x.shape[3] in counts
        if first != last:
            return x if first else np.moveaxis(x, 3, 1)
        if first:
            break
    raise DataError(
        f"{name} has the shape {list(x.shape)}, which is neither [N, C, H, W] nor [N, H, W, C] for certain "
        "(channels C from 1 to 4). Save grey images as [N, H, W], or all columns as [rows, columns]."
    )
