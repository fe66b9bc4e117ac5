"""Imports run one way: down the order of rooms that docs/rooms.md states, and never in a circle of modules."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ORDER = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "rooms.md").read_text(), re.MULTILINE)


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file of every module of the package."""
    files = sorted((ROOT / "runner").rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules of ours that are imported anywhere in a file: inside functions and for types, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in modules())
        elif isinstance(node, ast.ImportFrom) and node.module in modules():
            inner = [f"{node.module}.{each.name}" for each in node.names]
            yield from (name if name in modules() else str(node.module) for name in inner)


@cache
def arrows() -> dict[str, set[str]]:
    """Module -> those it imports."""
    return {name: {*imported(ast.parse(path.read_text()))} - {name} for name, path in modules().items()}


def room(module: str) -> str:
    return [*module.split("."), ""][1]


def test_every_room_has_its_place_in_the_order():
    rooms = {room(name) for name in modules()} - {"", "__main__"}
    assert len(arrows()) > 250 and sorted(ORDER) == sorted(rooms)


def test_imports_run_down_the_order_of_rooms():
    place = {name: number for number, name in enumerate([*ORDER, "__main__"])}
    up = [
        f"{module} -> {other}"
        for module, others in arrows().items()
        for other in others
        if room(module) and room(other) and place[room(other)] > place[room(module)]
    ]
    assert not up


def test_no_modules_import_each_other_in_a_circle():
    order = list(graphlib.TopologicalSorter(arrows()).static_order())  # raises CycleError, which names them
    assert len(order) == len(modules())


def test_an_import_inside_a_function_or_for_types_is_seen():
    text = "def f():\n    from runner.records import disk\nif TYPE_CHECKING:\n    from runner.cli import main\n"
    assert [*imported(ast.parse(text))] == ["runner.records.disk", "runner.cli"]
