"""docs/techniques.md and docs/claims.md are what is registered today."""

import difflib
import importlib
import re
import sys
from pathlib import Path

import pytest

from runner.claims.claim import claims
from runner.config.registry import entries, groups

sys.path.append(str(Path(__file__).parents[2] / "docs"))
generate = importlib.import_module("generate")


@pytest.fixture(scope="module")
def page():
    return generate.page()


@pytest.mark.parametrize(("stored", "write"), [(generate.PAGE, generate.page), (generate.CLAIMS, generate.claims_page)])
def test_page_is_current(stored, write):
    before, now = stored.read_text(encoding="utf-8").splitlines(), write().splitlines()
    changed = [line for line in difflib.unified_diff(before, now, lineterm="", n=0) if line[:1] in "+-"]
    assert not changed, f"{stored} is not what is registered; run `make docs`:\n" + "\n".join(changed[:20])


def test_every_claim_has_a_row_with_its_sentence_under_its_lecture():
    sections = dict(
        re.findall(r"^## Lecture (\d+)\n(.*?)(?=^## |\Z)", generate.claims_page(), re.DOTALL | re.MULTILINE)
    )
    for name, claim in claims().items():
        (row,) = re.findall(rf"^\| `{name}`<br>.* \|$", sections[claim.first_line[0]], re.MULTILINE)
        cells = (claim.lecture, *map(generate.text, (claim.says, claim.expected, claim.source, claim.published)))
        assert [cell for cell in cells if cell not in row] == []
        assert ("(not comparable)" in row) == (bool(claim.published) and not claim.comparable)


@pytest.mark.parametrize("group", groups())
def test_every_entry_and_key_stands_in_the_section_of_its_group(group, page):
    section = page.split(f"\n## {group}\n")[1].split("\n## ")[0]
    for name, entry in entries(group).items():
        assert f"| `{name}` |" in section
        assert all(
            option.help.split("|")[0].split("*")[0].split("<")[0] in section for option in entry.options.values()
        )


def test_cells_show_what_markdown_would_read_as_markup():
    assert generate.text("a ||w||_1, x_i * y <- <label>") == "a \\|\\|w\\|\\|\\_1, x_i \\* y <- &lt;label>"
    assert generate.table(("name", "torch"), [("l1", "")]) == ["| name |", "| --- |", "| l1 |"]


def test_a_case_is_found_by_the_keys_that_choose_an_entry():
    l1, net = (entries("regularizer")[name] for name in ("l1", "elastic_net"))
    assert generate.chooses({"regularizer.l1": 0.1}, l1) and not generate.chooses({"regularizer.l1_other": 0.1}, l1)
    assert generate.chooses({"regularizer.elastic_net.alpha": 0.1}, net)
    assert generate.chooses({"model.activation": "tanh"}, entries("activation")["tanh"])
    adam = entries("optimizer")["adam"]
    assert generate.chooses({"optimizer": "adam"}, adam) and not generate.chooses({"optimizer": "adamw"}, adam)
