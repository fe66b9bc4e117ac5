"""`runner list [GROUP[=CHOICE]]`: what can be chosen and set. Imports neither torch nor scikit-learn."""

from __future__ import annotations

import argparse
import sys

from runner.commands.catalogue import Table, choice_table, group_table, overview
from runner.config.registry import NAMED
from runner.config.settings import FLAT_GROUPS


def run(arguments: list[str]) -> int:
    """Print one table: groups, the choices of a group, or the keys of a choice."""
    parser = argparse.ArgumentParser(prog="runner list", description="What can be chosen and set.")
    parser.add_argument("what", nargs="?", metavar="GROUP[=CHOICE]", help="such as optimizer, or optimizer=adamw")
    what = parser.parse_args(arguments).what
    what = what and _as_listed(what)
    if what is None:
        table = overview()
    elif "=" in what:
        table = choice_table(*what.split("=", 1))
    else:
        table = group_table(what)
    (_print_rich if sys.stdout.isatty() else _print_plain)(table)
    return 0


def _as_listed(what: str) -> str:
    """A key as it is set, as the group it belongs to: model.activation=elu, regularizer.l2."""
    group, _, rest = what.partition(".")
    if group in FLAT_GROUPS and rest:
        return f"{group}={rest.partition('=')[0].partition('.')[0]}"
    return rest if group == "model" and rest.partition("=")[0] in NAMED else what


def _print_plain(table: Table) -> None:
    """Columns aligned with spaces, one line a row, for pipes."""
    print("\n".join(table.lines))
    if not table.rows:
        return
    rows = [table.header, *table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.header))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _print_rich(table: Table) -> None:
    """A table that fits the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console()
    console.print(Text("\n".join(table.lines)))
    if not table.rows:
        return
    drawn = RichTable(box=box.SIMPLE, pad_edge=False)
    for i, name in enumerate(table.header):
        drawn.add_column(name, no_wrap=i == 0, style="bold" if i == 0 else "", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)
