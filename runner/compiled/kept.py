"""Compiled functions kept on disk, one file each, in a folder of the user's.

A file is a SHA-256 checksum and what it is the checksum of: what is damaged is as if it were not there, and what cannot
be written is compiled again by the next process. (Numba's own cache trusts its files and does not work without them.)
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import os
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

PACKAGE = Path(__file__).parent
SUFFIX = ".kernel"


def folder() -> Path:
    """Where they are kept: below a folder for each version of what may be compiled into a function."""
    sources = b"".join(path.read_bytes() for path in sorted(PACKAGE.glob("*.py")))
    about = f"{version('numba')} {version('llvmlite')} {version('numpy')} {sys.version}"
    return _home() / "runner" / "kernels" / hashlib.sha256(sources + about.encode()).hexdigest()[:12]


def _home() -> Path:
    """The user's folder for what can be made again; a temporary one of theirs where they have no home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"cache-{os.getuid()}"


def kept() -> list[Path]:
    """The files of all functions that are kept."""
    return sorted(FOLDER.glob(f"*{SUFFIX}"))


def writable() -> bool:
    """Whether another one can be kept; the folder is made if it is not there, for its owner alone: it holds code."""
    with contextlib.suppress(OSError):
        FOLDER.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FOLDER.is_dir() and os.access(FOLDER, os.W_OK)


def path(function: Callable, *about: Any) -> Path:
    """One file for a function of a source, what it is compiled as, and the processor."""
    key = repr((_source(function), function.__qualname__, about, _processor()))
    return FOLDER / f"{function.__name__}-{hashlib.sha256(key.encode()).hexdigest()[:20]}{SUFFIX}"


def _source(function: Callable) -> str:
    """The checksum of the file of a function, and of what compiling fixes of the names around it."""
    source = Path(inspect.getfile(function)).read_bytes()
    return hashlib.sha256(source + repr(_frozen(function)).encode()).hexdigest()


def _frozen(function: Callable) -> list[tuple[str, Any]]:
    """What compiling fixes of the names around a function: numbers, and the sources of functions of other files."""
    found: list[tuple[str, Any]] = []
    for name, value in sorted(inspect.getclosurevars(function).globals.items()):
        if isinstance(value, (int, float, tuple)):
            found.append((name, value))
        elif inspect.isfunction(value):
            found.append((name, Path(inspect.getfile(value)).read_bytes()))
    return found


@functools.cache
def _processor() -> tuple:
    """What code is made for: the processor, and whatever a user tells the compiler of it."""
    told = sorted(each for each in os.environ.items() if each[0].startswith("NUMBA_"))
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), told


def read(place: Path) -> bytes | None:
    """What is kept in a file; None if nothing is, or it is damaged."""
    try:
        content = place.read_bytes()
    except OSError:
        return None
    checksum, payload = content[:32], content[32:]
    return payload if hashlib.sha256(payload).digest() == checksum else None


def save(place: Path, payload: bytes) -> None:
    """Keep it, if the disk takes it."""
    half = place.with_suffix(f".{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half.write_bytes(hashlib.sha256(payload).digest() + payload)
        half.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)


FOLDER = folder()
