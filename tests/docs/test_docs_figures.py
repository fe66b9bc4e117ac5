"""Every figure of docs/ is made by the commands above it."""

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "docs"))
figures = importlib.import_module("figures")
FIGURES = figures.shown()


def test_every_figure_stands_under_commands_on_a_page_and_is_a_file():
    linked = [
        name for page in figures.DOCS.glob("*.md") for name in re.findall(r"\(figures/(\S+?)\)", page.read_text())
    ]
    stored = [path.name for path in figures.FOLDER.iterdir()]
    assert sorted(linked) == sorted(stored) == sorted(FIGURES) == sorted(figures.LEFT_AT)
    assert len(FIGURES) >= 5 and sum(path.stat().st_size for path in figures.FOLDER.iterdir()) < 1_000_000


def test_what_the_last_command_of_a_block_leaves_is_kept(tmp_path, monkeypatch):
    """A figure is copied from where the commands were typed."""
    typed = []

    def leaves(words, cwd, check):
        typed.append(words[3:])
        if words[-1] == "last":
            (Path(cwd) / "outputs" / "claims" / "l2_eigen").mkdir(parents=True)
            (Path(cwd) / "outputs" / "claims" / "l2_eigen" / "figure.svg").write_text("<svg/>")

    monkeypatch.setattr(subprocess, "run", leaves)
    monkeypatch.setattr(figures, "FOLDER", tmp_path / "figures")
    figures.make("l2_eigen.svg", ['runner -m "model.hidden=[1]"', "runner claim last"])
    assert typed == [["-m", "model.hidden=[1]"], ["claim", "last"]]
    assert (tmp_path / "figures" / "l2_eigen.svg").read_text() == "<svg/>"


@pytest.mark.soak
@pytest.mark.parametrize("name", FIGURES)
def test_the_commands_above_a_figure_draw_it(name, tmp_path, monkeypatch):
    """The very picture where nothing but shapes is in it; else one of the same size."""
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert all(shlex.split(command)[0] == "runner" for command in FIGURES[name])
    figures.make(name, FIGURES[name])
    made, stored = (tmp_path / name).read_bytes(), (ROOT / "docs" / "figures" / name).read_bytes()
    head = len(stored) if name.endswith(".svg") else 24  # a PNG's width and height stand in its first 24 bytes
    assert made[:head] == stored[:head]
