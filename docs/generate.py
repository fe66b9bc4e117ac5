"""docs/techniques.md and docs/claims.md from what is registered: `make docs`.

Names, formulas, keys and sources are read from the registry; a group that is added appears by itself. How a technique
is checked is read from the tests: the parity cases whose settings choose it, the exact checks that name it, and where a
group has no parity cases the tests of its room.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from runner.claims.claim import Claim, claims
from runner.commands.catalogue import group_table, overview
from runner.config.registry import NAMED, Entry, Option, entries, groups
from runner.config.settings import FLAT_GROUPS, SINGLE_GROUPS, flat_key, root_options
from runner.config.validate import show

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "techniques.md"
CLAIMS = ROOT / "docs" / "claims.md"
HEAD = """# Techniques

Written by `make docs` from the registry; do not edit. `runner list GROUP=CHOICE` shows the same on the command line.

**Kind** says how a key may differ between runs that train together as rows of one population:

- *column*: every row its own number; where it is neutral in all rows, its code does not run
- *index*: every row its own examples or targets
- *segment*: rows are sorted by it, each slice with its own update rule
- *structural*: alike in all rows of a population; runs that differ train in different populations
- *free*: touches no number

**Lecture**: where the five documents of the course teach it, document:line; [lectures.md](lectures.md) goes through
them line by line.

**Checked by**: in addition to what the tables name, every entry that trains passes the contract tests
([tests/contracts](../tests/contracts)): a row in company has the bits of the row alone, neutral is absent, the
analytic gradient is autograd's and the central difference, a fused kernel is its definition, state survives a
checkpoint. *parity*: 200 steps compared with PyTorch, scikit-learn or a few lines written from the paper
([tests/parity](../tests/parity)), by the names of the cases. *exact*: a published number
([tests/checks](../tests/checks)).
"""


def text(cell: str) -> str:
    """A table's cell: what Markdown would read as markup stands as it is."""
    cell = re.sub(r"([*|])", r"\\\1", cell)
    cell = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", cell)
    return re.sub(r"<(?=[A-Za-z/!])", "&lt;", cell)


def code(cell: str) -> str:
    """A cell that is typed."""
    return "`" + cell.replace("|", "\\|") + "`" if cell else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; columns that are empty everywhere are left out."""
    kept = list(rows)
    used = [i for i in range(len(header)) if any(row[i] for row in kept)]
    lines = [[header[i] for i in used], ["---"] * len(used), *([row[i] for i in used] for row in kept)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def listed(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# How an entry is checked


def chooses(settings: dict[str, Any], entry: Entry) -> bool:
    """Whether a parity case's settings name an entry."""
    if entry.group in FLAT_GROUPS:
        path = f"{entry.group}.{entry.name}"
        return any(key == path or key.startswith(f"{path}.") for key in settings)
    key = f"model.{entry.group}" if entry.group in NAMED else entry.group
    return settings.get(key) == entry.name


def parity(entry: Entry) -> str:
    """The parity cases of an entry."""
    folder = str(ROOT / "tests" / "parity")
    if folder not in sys.path:
        sys.path.append(folder)
    cases = importlib.import_module("parity_cases")
    if entry.group == "init" and entry.name in cases.INITS:
        return "parity: test_parity_init"
    if entry.group == "augmentation":
        references = importlib.import_module("augmentation_references")
        found = entry.name in references.REFERENCES | references.TABLE_REFERENCES
        return "parity: test_parity_augmentation" if found else ""
    names = [case.name for case in cases.CASES if chooses(case.settings, entry)]
    names.sort(key=lambda name: entry.name not in name)  # first those that are about it
    return f"parity: {listed(names)}" if names else ""


def quoting(folder: Path, entry: Entry) -> list[str]:
    """Test files of a folder that speak of a group and have a name of it in quotes or after an equals sign."""
    group, name = re.compile(rf"\b{entry.group}\b"), re.compile(rf"""["'/=]{re.escape(entry.name)}["']""")
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("test_*.py"))}
    return [stem for stem, content in texts.items() if group.search(content) and name.search(content)]


def checked(entry: Entry) -> str:
    """How one entry is checked, in addition to the contract tests."""
    exact = quoting(ROOT / "tests" / "checks", entry)
    found = [parity(entry), f"exact: {listed(exact)}" if exact else ""]
    if any(found):
        return "; ".join(part for part in found if part)
    room = entry.cls.__module__.split(".")[1]  # tests mirror the package
    trained = entry.group in FLAT_GROUPS or room in ("optimizers", "population", "regularizers")
    return listed(quoting(ROOT / "tests" / room, entry)) or ("contracts" if trained else f"tests/{room}")


# One section a group


@dataclasses.dataclass
class Key:
    """One key of a group: the entries that have it, and what each has as its default."""

    path: str
    option: Option
    defaults: dict[str, str]

    def row(self, count: int) -> list[str]:
        """The line of the table of keys, of a group of `count` entries."""
        of = "all" if len(self.defaults) == count else ", ".join(self.defaults)
        cells = [code(self.path), of if count > 1 else "", self._default(), text(self.option.allowed())]
        return [*cells, self.option.kind, text(self.option.help), self.option.lecture]

    def _default(self) -> str:
        values = list(self.defaults.values())
        usual = max(values, key=values.count)
        others = [f"{name} {value}" for name, value in self.defaults.items() if value != usual]
        preset = f"preset {show(self.option.preset)}" if self.option.preset is not None else ""
        notes = ", ".join(filter(None, [*others, preset]))
        return text(usual + (f" ({notes})" if notes else ""))


def keys(group: str) -> list[Key]:
    """The keys of a group; a key that several entries share with the same meaning is one."""
    found: list[Key] = []
    for name, entry in sorted(entries(group).items()):
        for key, option in entry.options.items():
            path = flat_key(entry, key) if group in FLAT_GROUPS else f"{group}.{key}"
            same = next((k for k in found if k.path == path and k.option == option), None)
            if same is None:
                found.append(same := Key(path, option, {}))
            same.defaults[name] = show(entry.defaults[key])
    everywhere = [k for k in found if len(k.defaults) == len(entries(group))]
    return everywhere + [k for k in found if k not in everywhere]


def choices(group: str) -> list[str]:
    """The table of a group's entries; that of its YAML files where nothing is registered."""
    if not entries(group):
        return table(
            ("name", "what it does", "command"),
            [(code(r[0]), text(r[1]), code(r[-1])) for r in group_table(group).rows],
        )
    rows = [
        (
            code(name),
            text(about(entry)),
            code(entry.torch or ""),
            text(entry.paper or ""),
            entry.lecture or "",
            text(checked(entry)),
        )
        for name, entry in sorted(entries(group).items())
    ]
    return table(("name", "what it does", "torch", "source", "lecture", "checked by"), rows)


def about(entry: Entry) -> str:
    """The docstring, its paragraphs one after the other."""
    paragraphs = [" ".join(p.split()) for p in (entry.cls.__doc__ or "").strip().split("\n\n")]
    return ". ".join(p.rstrip(".") for p in paragraphs)


def presets(group: str) -> list[str]:
    """The YAML files of a group, as a list."""
    shown = [line.strip() for line in group_table(group).lines if line.startswith("  preset ")]
    split = [line.removeprefix("preset ").split(": ", 1) for line in shown]
    return [f"- preset {code(name)}: {text(what)}" for name, what in split] + ([""] if split else [])


def section(group: str, usage: str, names: str) -> list[str]:
    """Heading, how it is set, choices, keys."""
    default = [name.rstrip("*") for name in names.split(", ") if name.endswith("*")]
    started = f" Default: {code(default[0])}." if default and group not in SINGLE_GROUPS else ""
    lines = [f"## {group}", "", f"Set as {code(usage)}.{started}", "", *presets(group), *choices(group), ""]
    rows = [key.row(len(entries(group))) for key in keys(group)]
    return lines + ([*table(("key", "of", "default", "allowed", "kind", "help", "lecture"), rows), ""] if rows else [])


def page() -> str:
    """The whole page."""
    described = {group: (usage, names) for group, usage, names in overview().rows}
    order = [*groups(), *(group for group in described if group not in groups())]
    lines = [HEAD, "## Contents", ""]
    lines += [f"- [{group}](#{group}): {described[group][1].replace('*', '')}" for group in order]
    lines += ["- [top level](#top-level): " + ", ".join(root_options()), ""]
    for group in order:
        lines += section(group, *described[group])
    rows = [(code(name), text(o.allowed()), o.kind, text(o.help)) for name, o in root_options().items()]
    return "\n".join([*lines, "## top level", "", *table(("key", "allowed", "kind", "help"), rows), ""])


# Claims


CLAIMS_HEAD = """# Claims of the lectures

Written by `make docs` from `runner/claims/book`; do not edit.

`runner claim NAME` trains what a claim needs and says whether it holds, does not hold or is not settled, with the
interval and a picture in `outputs/claims/NAME/page.html`. `runner claim` lists them with the last verdict here, `runner
claim --all` makes a book of all. *Expected here* was written down before the first run. Where data or sizes are not
those of the source, its figure is not comparable, and the verdict judges the direction only.
[lectures.md](lectures.md) has the lines.
"""


def claims_page() -> str:
    """A table a lecture: name and lines, sentence, what is expected, source and published figure of each claim."""
    lines = [CLAIMS_HEAD]
    by_lecture: dict[str, list[Claim]] = {}
    for claim in claims().values():
        by_lecture.setdefault(claim.first_line[0], []).append(claim)
    header = ("claim, lines", "it says", "expected here", "source, published")
    for lecture, found in by_lecture.items():
        lines += [f"## Lecture {lecture}", "", *table(header, map(claim_row, found)), ""]
    return "\n".join(lines)


def claim_row(claim: Claim) -> list[str]:
    """The cells of one claim; of two things in a cell each has its line."""
    published = claim.published + ("" if claim.comparable or not claim.published else " (not comparable)")
    source = "<br>".join(text(part) for part in (claim.source, published) if part)
    return [f"{code(claim.name)}<br>{claim.lecture}", text(claim.says), text(claim.expected), source]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    CLAIMS.write_text(claims_page(), encoding="utf-8")
