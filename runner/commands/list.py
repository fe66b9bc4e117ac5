"""`runner list [GROUP[=CHOICE]]`: what can be chosen and set. Imports neither torch nor scikit-learn."""

from __future__ import annotations

from runner.commands.catalogue import choice_table, group_table, overview
from runner.commands.parser import Parser
from runner.commands.print_table import show
from runner.config.registry import NAMED
from runner.config.settings import FLAT_GROUPS


def run(arguments: list[str]) -> int:
    """Print one table: groups, the choices of a group, or the keys of a choice."""
    parser = Parser(prog="runner list", description="List what can be chosen and set.")
    parser.add_argument("what", nargs="?", metavar="GROUP[=CHOICE]", help="such as optimizer, or optimizer=adamw")
    what = parser.parse_args(arguments).what
    what = what and _as_listed(what)
    if what is None:
        table = overview()
    elif "=" in what:
        table = choice_table(*what.split("=", 1))
    else:
        table = group_table(what)
    show(table)
    return 0


def _as_listed(what: str) -> str:
    """A key as it is set, as the group it belongs to: model.activation=elu, regularizer.l2."""
    group, _, rest = what.partition(".")
    if group in FLAT_GROUPS and rest:
        return f"{group}={rest.partition('=')[0].partition('.')[0]}"
    return rest if group == "model" and rest.partition("=")[0] in NAMED else what
