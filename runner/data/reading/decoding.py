"""From the bytes of a text file to text: which encoding it is in, and what else a file may be that is no text."""

from __future__ import annotations

import codecs
from pathlib import Path

from runner.errors import ConfigError, DataError

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
OTHERS = {  # first bytes -> what such a file is, and what helps
    b"%PDF": "a PDF document: save its table as CSV",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind (.xls): save it as .xlsx or CSV",
    b"SQLite format 3": "an SQLite database: write its table as CSV",
    b"\x89HDF": "an HDF5 file: write its table as CSV or Parquet",
    b"\x93NUMPY": "a numpy array: use dataset=npz",
    b"ARROW1": "an Arrow (Feather) file: write it as Parquet",
    b"\x80\x04": "a pickle, which is never read as it can run any code: write the table as CSV or Parquet",
    b"BZh": "packed by bzip2: unpack it",
    b"\xfd7zXZ": "packed by xz: unpack it",
    b"\x28\xb5\x2f\xfd": "packed by zstd: unpack it",
    b"<!doctype html": "a web page, not the file that it shows: fetch the file itself",
    b"<html": "a web page, not the file that it shows: fetch the file itself",
    b"version https://git-lfs": "a note of Git LFS in place of the file: fetch it with `git lfs pull`",
}
SAVE = "Save it as UTF-8, or name its encoding: dataset.encoding=latin-1"


def refuse_others(raw: bytes, path: Path) -> None:
    """DataError saying what a file is that is no table, by its first bytes."""
    start = raw[:100].lstrip().lower()
    for first, kind in OTHERS.items():
        if raw.startswith(first) or start.startswith(first.lower()):
            raise DataError(f"{path} is {kind}.")


def decode(raw: bytes, path: Path, encoding: str | None) -> tuple[str, str]:
    """(text, the encoding it is in): as the file's mark says, as asked, UTF-8, or of single bytes, whichever holds.

    Raises DataError naming the line at fault; ConfigError for an encoding that does not exist.
    """
    mark = next((name for first, name in MARKS.items() if raw.startswith(first)), None)
    if encoding is None and mark is None:
        refuse_others(raw, path)
        mark = _without_mark(raw, path)
    try:
        return raw.decode(mark or encoding or "utf-8"), mark or encoding or "utf-8"
    except LookupError as error:
        raise ConfigError(
            f"dataset.encoding = {encoding!r}: no such encoding; for example utf-8, latin-1, cp1252, utf-16"
        ) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path} is not {mark or encoding} text (byte 0x{raw[error.start]:02x} in line {line}). {SAVE}"
        ) from error


def _without_mark(raw: bytes, path: Path) -> str:
    """The encoding of a file that does not begin with a mark; DataError if its lines are in several."""
    if b"\0" in raw[:4096]:
        place = raw.index(0)
        line = raw.count(b"\n", 0, place) + 1
        raise DataError(
            f"{path} is no text: byte {place + 1} (line {line}) is zero. CSV, Excel and Parquet "
            "are read; for text in two bytes a letter set dataset.encoding=utf-16"
        )
    try:
        raw.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        _refuse_mixed(raw, path)
    try:  # Windows gives letters to the 32 codes that latin-1 leaves to control characters
        return "cp1252" if any(0x80 <= byte < 0xA0 for byte in raw) and raw.decode("cp1252") else "latin-1"
    except UnicodeDecodeError:
        return "latin-1"


def _refuse_mixed(raw: bytes, path: Path) -> None:
    """DataError if some lines with letters beyond ASCII are UTF-8 and others are not."""
    first: dict[bool, int] = {}
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.isascii():
            first.setdefault(_is_utf8(line), number)
    if True in first:
        raise DataError(
            f"{path} mixes encodings: line {first[True]} is UTF-8, line {first[False]} is not. Save it whole as UTF-8, "
            "or have it read byte by byte: dataset.encoding=latin-1"
        )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
