"""The single source of truth: every choice is one registered dataclass, every key one `Option` on its field.

Hydra's schema nodes, ranges and their errors, `runner list`, the population's columns, the planner's groups and the
contract tests are all read from here. A registered module never imports torch at module level, so listing and
validating stay fast. `choices` holds the table, `option` the keys, `plugins` what others add.
"""

from runner.config.choices import NAMED, Entry, entries, groups, load, name_of, register
from runner.config.option import Option, by_label, choice, integer, integers, matrix, number, pairs, switch, text, texts

__all__ = [
    "NAMED",
    "Entry",
    "Option",
    "by_label",
    "choice",
    "entries",
    "groups",
    "integer",
    "integers",
    "load",
    "matrix",
    "name_of",
    "number",
    "pairs",
    "register",
    "switch",
    "text",
    "texts",
]
