"""constraints.txt pins everything an installation of the project pulls in, and nothing that only one machine has."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CUDA = ("nvidia", "cuda", "triton")  # torch's builds for GPUs pin these themselves
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
LOCK = {canonicalize_name(name): version for name, version in (line.split("==") for line in LINES)}


def direct() -> list[Requirement]:
    """What pyproject.toml asks for, the extra `dev` included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["dev"]]


def closure() -> Iterator[Requirement]:
    """Those and everything they ask for in turn, on this platform."""
    todo, seen = direct(), set()
    while todo:
        requirement = todo.pop()
        yield requirement
        name = canonicalize_name(requirement.name)
        if name not in seen:
            seen.add(name)
            found = [Requirement(line) for line in requires(name) or []]
            found = [r for r in found if not r.name.startswith(CUDA)]
            todo += [r for r in found if not r.marker or r.marker.evaluate({"extra": ""})]


def test_lines_are_plain_pins():
    assert len(LINES) > 30
    assert [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", line)] == []
    assert len(LOCK) == len(LINES)


def test_everything_installed_is_pinned_to_a_version_that_is_allowed():
    needed = list(closure())
    assert {canonicalize_name(r.name) for r in needed} - set(LOCK) == set()
    assert [str(r) for r in needed if not r.specifier.contains(LOCK[canonicalize_name(r.name)], prereleases=True)] == []


def test_torch_is_the_plain_release():
    assert LOCK["torch"] == "2.13.0"
    assert not [name for name in LOCK if name.startswith(CUDA)]
