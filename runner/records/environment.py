"""Which software a run was made with: library versions and the state of the working directory's git repository."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

LIBRARIES = ("torch", "numpy", "numba", "scipy", "scikit-learn", "pandas", "hydra-core", "tensorboard")
GIT_SECONDS = 0.02  # the record of a run must not wait for a huge repository


@functools.cache
def versions() -> dict[str, str]:
    """Library -> version, "python" first; libraries that are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in ("runner", *LIBRARIES):
        version = _version(name)
        if version is not None:
            found[name] = version
    return found


def _version(name: str) -> str | None:
    loaded = getattr(sys.modules.get(name), "__version__", None)
    if loaded is not None:
        return str(loaded)
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def git_info(folder: Path | None = None) -> dict[str, str | bool | None] | None:
    """{"commit": hash, "dirty": do tracked files differ (None: unknown)} of the repository around a folder, else None.

    The commit is read from git's files, `dirty` asked of git itself with a time limit; neither ever fails a run.
    """
    start = (folder or Path.cwd()).resolve()
    for root in (start, *start.parents):
        if (root / ".git").exists():
            commit = _commit(root / ".git")
            return None if commit is None else {"commit": commit, "dirty": _dirty(root)}
    return None


def _commit(git: Path) -> str | None:
    """The hash HEAD points to, also in a linked working tree; None before the first commit."""
    try:
        if git.is_file():
            git = (git.parent / git.read_text().removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head
        shared = git / "commondir"
        places = [git, (git / shared.read_text().strip()).resolve()] if shared.exists() else [git]
        return next(filter(None, (_lookup(place, head.removeprefix("ref:").strip()) for place in places)), None)
    except (OSError, UnicodeDecodeError):
        return None


def _lookup(git: Path, ref: str) -> str | None:
    if (git / ref).is_file():
        return (git / ref).read_text().strip()
    packed = git / "packed-refs"
    lines = packed.read_text().splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {ref}")), None)


def _dirty(root: Path) -> bool | None:
    command = ["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"]
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, env=quiet, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return bool(done.stdout.strip()) if done.returncode == 0 else None
