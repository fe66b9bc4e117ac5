"""The pages name what is there: links, rooms and groups."""

import inspect
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from runner.cli import main
from runner.commands import COMMANDS
from runner.commands.catalogue import overview
from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.settings import FLAT_GROUPS
from runner.plan.command_line import read_command_line

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "outputs" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
ROOMS = (ROOT / "docs" / "rooms.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """A section of docs/commands.md."""
    return COMMANDS_PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_there_is_a_row_for_every_command():
    rows = re.findall(r"^\| `runner (\w+)", section("Commands"), re.MULTILINE)
    assert sorted(rows) == sorted(set(COMMANDS) - {"train"})


def test_there_is_a_row_for_every_group_that_is_set_by_its_own_name():
    rows = re.findall(r"^\| `(\w+)` \|", section("What can be chosen"), re.MULTILINE)
    own = {name for name, usage, _ in overview().rows if usage.startswith((f"{name}=", f"{name}."))}
    assert sorted(rows) == sorted(own) and own > set(FLAT_GROUPS)


def test_there_is_a_row_for_every_room_and_folder():
    rooms = re.findall(r"^\| `(\w+)` \|", ROOMS, re.MULTILINE)
    inside = {
        path.stem for path in (ROOT / "runner").iterdir() if not path.name.startswith("_") and path.name != "configs"
    }
    assert sorted(rooms) == sorted(inside)
    folders = re.findall(r"^\| `(\w+)/` \|", ROOMS, re.MULTILINE)
    assert len(folders) >= 5 and [folder for folder in folders if not (ROOT / folder).is_dir()] == []


def test_there_is_a_row_for_every_experiment():
    researchers = (ROOT / "docs" / "researchers.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", researchers.split("`runner experiment=`")[1], re.MULTILINE)
    assert sorted(rows) == sorted(path.stem for path in (ROOT / "configs" / "experiment").glob("*.yaml"))


def test_every_page_is_in_the_contents_of_the_site():
    """By its file in mkdocs.yml; mkdocs itself, which `make docs` runs, is not needed for that."""
    listed = re.findall(r": ([a-z_]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(["outputs.md", *(page.name for page in (ROOT / "docs").glob("*.md"))])


def typed() -> list[tuple[str, list[str]]]:
    """(page, words) of what stands in the text and tables of the pages that no test types."""
    found = []
    for name in ("index", "students", "table", "researchers", "commands"):
        text = re.sub(
            r"^```.*?^```$", "", (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"), flags=re.S | re.M
        )
        spans = [span.replace("\\|", "|") for span in re.findall(r"`(runner [^`\n]+)`", text)]
        found += [(name, shlex.split(span)[1:]) for span in spans if not re.search(r"[A-Z]{2}|\.\.\.|\[|=$", span)]
    return found


def test_what_is_typed_in_a_sentence_is_valid(capsys):
    """Words that a run or sweep takes, or a command with options that its help names."""
    lines = typed()
    assert len(lines) > 15
    for page, words in lines:
        if words[0] not in COMMANDS:
            with hydra_ready(config_dir()):
                assert read_command_line([w for w in words if w != "-m"], multirun="-m" in words).jobs, (page, words)
            continue
        with pytest.raises(SystemExit, match="0"):
            main([words[0], "--help"])
        helped = capsys.readouterr().out
        options = [word for word in words if word.startswith("--")]
        assert [option for option in options if option not in helped] == [], (page, words)


# ---- docs/extending.md


EXTENDING = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```$", EXTENDING, re.DOTALL | re.MULTILINE)


def test_every_place_that_the_page_names_is_there():
    folders = re.findall(r"\b(?:runner|tests|configs|docs)/(?:[\w/]+(?:\.(?:py|md|yaml)\b)?)?", EXTENDING)
    files = re.findall(r"\b\w+\.py\b", EXTENDING)
    there = {path.name for place in ("runner", "tests", "docs") for path in (ROOT / place).rglob("*.py")}
    assert len(folders) > 40 and [place for place in folders if not (ROOT / place).exists()] == []
    assert len(files) > 20 and set(files) - there == set()


@pytest.mark.parametrize("place", ["optimizers/rules/signsgd.py", "population/pieces/prelu.py"])
def test_the_code_shown_is_that_of_the_file(place):
    assert f"`runner/{place}`" in EXTENDING
    assert any(block in (ROOT / "runner" / place).read_text(encoding="utf-8") for block in PYTHON)


def test_the_sites_of_a_step_are_in_their_order():
    from runner.training.steps.sites import in_order

    listed = re.findall(r"\w+", EXTENDING.split("\napply: ")[1].split("\n")[0])
    assert [site.lower() for site in listed] == re.findall(r"yield (\w+)", inspect.getsource(in_order).lower())


def test_every_base_class_is_one():
    rows = re.findall(r"^\| an? .*$|^\| dropout.*$|^\| noise.*$", EXTENDING, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([A-Z]\w+)`", row) if not name.isupper()}
    bases = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "runner").rglob("base.py"))
    assert len(named) >= 18 and named - set(re.findall(r"^class (\w+)", bases, re.MULTILINE)) == set()


def test_the_run_with_a_plug_in_trains_what_it_says(tmp_path, forks):
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    (line,) = re.findall(r"^runner --plugins .*$", EXTENDING, re.MULTILINE)
    done = forks.run(*shlex.split(line)[1:], "trainer.epochs=1", "hydra.run.dir=run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load((tmp_path / "run" / ".hydra" / "config.yaml").read_text())
    assert (config["optimizer"]["name"], config["model"]["activation"]) == ("softsign_sgd", "bent")
