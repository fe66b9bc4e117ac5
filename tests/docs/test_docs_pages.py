"""The pages name what is there: links, rooms and groups."""

import re
from pathlib import Path

import pytest

from runner.commands import COMMANDS
from runner.commands.catalogue import overview
from runner.config.settings import FLAT_GROUPS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "outputs" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
ROOMS = (ROOT / "docs" / "rooms.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """A section of the README."""
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_has_a_row_for_every_command():
    rows = re.findall(r"^\| `runner (\w+)", section("Commands"), re.MULTILINE)
    assert sorted(rows) == sorted(set(COMMANDS) - {"train"})


def test_the_readme_has_a_row_for_every_group_that_is_set_by_its_own_name():
    rows = re.findall(r"^\| `(\w+)` \|", section("What can be chosen"), re.MULTILINE)
    own = {name for name, usage, _ in overview().rows if usage.startswith((f"{name}=", f"{name}."))}
    assert sorted(rows) == sorted(own) and own > set(FLAT_GROUPS)


def test_the_readme_says_where_every_room_is():
    layout = section("Adding to it")
    rooms = re.findall(r"^\| `(\w+)` \|", ROOMS, re.MULTILINE)
    assert [room for room in rooms if f"`{room}`" not in layout and f"`runner/{room}`" not in layout] == []
