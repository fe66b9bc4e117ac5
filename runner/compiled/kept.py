"""Compiled functions kept on disk, one file each, in a folder of the user's.

A file is a SHA-256 checksum and what it is the checksum of: what is damaged is as if it were not there, and what cannot
be written is compiled again by the next process. (Numba's own cache trusts its files and does not work without them.)
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

PACKAGE = Path(__file__).parent
SUFFIX = ".kernel"


def folder() -> Path:
    """Where they are kept: below a folder for each version of what may be compiled into a function."""
    sources = b"".join(path.read_bytes() for path in sorted(PACKAGE.glob("*.py")))
    version = hashlib.sha256(sources + f"{numba.__version__} {llvmlite.__version__} {sys.version}".encode())
    return _home() / "runner" / "kernels" / version.hexdigest()[:12]


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


def _frozen(function: Callable) -> list[tuple[str, Any]]:
    """What compiling fixes of the names around a function: numbers, and the sources of functions of other files."""
    found: list[tuple[str, Any]] = []
    for name, value in sorted(inspect.getclosurevars(function).globals.items()):
        if isinstance(value, (int, float, tuple)):
            found.append((name, value))
        elif inspect.isfunction(value):
            found.append((name, Path(inspect.getfile(value)).read_bytes()))
    return found


class Kept(NullCache):
    """Numba's cache of one function: what it asks before it compiles, and tells afterwards."""

    def __init__(self, function: Callable):
        source = Path(inspect.getfile(function)).read_bytes() + repr(_frozen(function)).encode()
        self.function, self.source = function, hashlib.sha256(source).hexdigest()

    def _path(self, signature: Any, codegen: Any) -> Path:
        """One file for a function of a source, the types it takes, and the processor."""
        about = (self.source, self.function.__qualname__, str(signature), codegen.magic_tuple())
        return FOLDER / f"{self.function.__name__}-{hashlib.sha256(repr(about).encode()).hexdigest()[:20]}{SUFFIX}"

    def whole(self, signature: Any, target: Any) -> bytes | None:
        """What is kept for these types; None if nothing is, or it is damaged."""
        try:
            content = self._path(signature, target.codegen()).read_bytes()
        except OSError:
            return None
        checksum, payload = content[:32], content[32:]
        return payload if hashlib.sha256(payload).digest() == checksum else None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function, or None."""
        target_context.refresh()
        payload = self.whole(sig, target_context)
        if payload is None:
            return None
        try:
            return CompileResult._rebuild(target_context, *pickle.loads(payload))  # noqa: S301 code, run in any case
        except Exception:  # noqa: BLE001 (of another compiler, say: what cannot be loaded is compiled again)
            return None

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep it, if the disk takes it."""
        payload = dumps(cres._reduce())
        path = self._path(sig, cres.codegen)
        half = path.with_suffix(f".{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            half.write_bytes(hashlib.sha256(payload).digest() + payload)
            half.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)


FOLDER = folder()
