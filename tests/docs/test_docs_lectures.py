"""docs/lectures.md says what to type: its words are valid, and it and the registry cite each other."""

import re
import shlex
from pathlib import Path

import pytest

from runner.claims.claim import claims
from runner.commands import COMMANDS
from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse
from runner.config.registry import NAMED, entries, groups
from runner.config.settings import FLAT_GROUPS, flat_key, root_options
from runner.plan.command_line import read_command_line

PAGE = (Path(__file__).parents[2] / "docs" / "lectures.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d.*?) \| (.*?) \| (.*) \|$", PAGE, re.MULTILINE)
CELLS = {lines: here for lines, _, here in ROWS}
COLUMNS = ("parameters", "sparsity", "weight_norm")  # of a run's tables


def typed(here: str) -> list[list[str]]:
    """The words of each code span of a cell, without `runner`."""
    spans = [shlex.split(span) for span in re.findall(r"`([^`]+)`", here)]
    return [words[words[0] == "runner" :] for words in spans if words[0] not in COLUMNS]


def taught(lines: str) -> set[str]:
    """{"003:21", "003:22", ...} of "003:21-23, 004:5"."""
    found = set()
    for document, first, last in re.findall(r"(00\d):(\d+)(?:-(\d+))?", lines):
        found |= {f"{document}:{line}" for line in range(int(first), int(last or first) + 1)}
    return found


def citing() -> dict[str, set[str]]:
    """What can be typed -> the lines that it cites: choices (GROUP=NAME, or KEY of those that combine) and keys."""
    found: dict[str, set[str]] = {key: taught(option.lecture) for key, option in root_options().items()}
    for group in groups():
        for entry in entries(group).values():
            name = f"{group}.{entry.name}" if group in FLAT_GROUPS else str(entry)
            found.setdefault(name, set()).update(taught(entry.lecture or ""))
            for key, option in entry.options.items():
                path = flat_key(entry, key) if group in FLAT_GROUPS else f"{group}.{key}"
                found.setdefault(path, set()).update(taught(option.lecture))
    return found


def named(word: str) -> set[str]:
    """What a word chooses or sets: regularizer=[l1,l2] is two choices, model.norm=batch a key and a choice."""
    key, _, value = word.partition("=")
    values = value.strip("[]").split(",")
    group = {"trainer.metrics": "metric"}.get(key, key.removeprefix("model."))
    if key in FLAT_GROUPS:
        return {f"{key}.{each}" for each in values}
    if key.split(".")[0] in FLAT_GROUPS:
        return {key, key.rpartition(".")[0]}
    schema = {f"{key.split('.')[0]}=default"} & set(CITING)
    return {key} | schema | {f"{group}={each}" for each in values if group in NAMED or group in groups()}


CITING = citing()
NAMED_IN = {lines: {name for words in typed(here) for word in words for name in named(word)} for lines, _, here in ROWS}


def test_every_row_says_what_to_type_or_what_is_missing():
    assert len(ROWS) > 140 and len(CELLS) == len(ROWS)
    assert [row for row in ROWS if not taught(row[0])] == []
    silent = [
        lines for lines, here in CELLS.items() if not re.search(r"`|not yet: |outside|verdict|figure|tests/", here)
    ]
    assert silent == []


TYPED = sorted({shlex.join(words): words for here in CELLS.values() for words in typed(here) if words}.items())


def test_what_is_typed_is_valid(tmp_path, monkeypatch):
    """A command, a choice or key that there is, or words that a run or sweep takes."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "synonyms.csv", "mask.npz", "cifar.npz"):
        (tmp_path / name).write_text("big,large\n")
    with hydra_ready(config_dir()):
        composer = Composer()  # one, which composes the same choices once
        for line, words in TYPED:
            if words[0] == "claim":
                assert set(words[1:]) <= set(claims()), line
            elif words[0] in COMMANDS or (len(words) == 1 and words[0] in CITING):
                continue
            elif words[0] == "-m":
                assert read_command_line(words[1:], multirun=True).jobs, line
            else:
                job, wrong = parse(words)
                assert wrong + composer.settings(job)[1] == [], line


@pytest.mark.parametrize("name", [name for name, cited in CITING.items() if cited])
def test_a_line_that_is_cited_names_who_cites_it(name):
    for line in sorted(CITING[name]):
        rows = [names for lines, names in NAMED_IN.items() if line in taught(lines)]
        assert rows, f"{name} cites {line}, which has no row"
        assert any(name in names for names in rows), f"the row of {line} does not name {name}"


def test_a_row_that_names_techniques_names_one_that_the_lectures_teach():
    rows = {lines: {name for name in names if name in CITING} for lines, names in NAMED_IN.items()}
    assert [lines for lines, names in rows.items() if names and not any(CITING[name] for name in names)] == []
