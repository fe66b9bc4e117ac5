"""Rooms that installed packages extend by entry points in the group `runner.rooms`."""

import importlib
import sys
from pathlib import Path

import pytest
from plugged_in import HALVES, as_new

from runner.config import choices
from runner.config.registry import entries
from runner.execution.configurations import read


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package of one module, which extends the room `optimizer`, as pip would."""
    monkeypatch.syspath_prepend(tmp_path)

    def installed(package, text):
        (tmp_path / f"{package}_rooms.py").write_text(text)
        info = tmp_path / f"{package}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[runner.rooms]\noptimizer = {package}_rooms\n")
        importlib.invalidate_caches()

    yield installed
    as_new()


def loaded_anew(monkeypatch):
    monkeypatch.setattr(choices, "_loaded", False)
    choices.load()


def test_a_package_adds_choices_and_is_recorded_by_its_version(install, monkeypatch, tmp_path):
    install("halves", HALVES)
    loaded_anew(monkeypatch)
    record = read({"optimizer": "half_sgd"}).foreign()["optimizer=half_sgd"]
    assert record["package"] == "halves 1.2" and len(record["sha256"]) == 64 and "plugin" not in record


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import math\nmath.sqrt(-1)\n", r"ValueError: math domain error \(.*bad_rooms\.py:2\); skipped"),
        ("def f(:\n", r"SyntaxError: invalid syntax \(.*bad_rooms\.py:1\); skipped"),
        (HALVES.replace('"half_sgd"', '"adam"'), r"optimizer=adam is registered twice: by runner\..*; skipped"),
        ("x = 1\n", "registers nothing"),
    ],
)
def test_a_broken_one_is_skipped_with_a_warning_and_the_others_are_there(install, monkeypatch, text, reason):
    install("bad", text)
    install("halves", HALVES)
    with pytest.warns(UserWarning, match=rf"^package bad 1\.2, module bad_rooms: {reason}"):
        loaded_anew(monkeypatch)
    assert "half_sgd" in entries("optimizer") and entries("optimizer")["adam"].plugin is None
    assert Path(sys.modules["halves_rooms"].__file__).name == "halves_rooms.py"


def test_what_a_missing_package_had_is_told(install, monkeypatch):
    from runner.config.origin import missing

    install("halves", HALVES)
    loaded_anew(monkeypatch)
    records, table = read({"optimizer": "half_sgd"}).foreign(), dict(choices._ENTRIES)
    choices.restore({group: {n: e for n, e in found.items() if not e.plugin} for group, found in table.items()})
    assert missing(records)[0].startswith("optimizer=half_sgd came from the package halves 1.2 (sha256 ")
    assert missing(records)[0].endswith(": install it")
