"""A table on the screen: fitted to a terminal, or in aligned columns for a pipe."""

from __future__ import annotations

import sys

from runner.commands.catalogue import Table


def show(table: Table) -> None:
    """Print the table for whoever reads standard output."""
    (_rich if sys.stdout.isatty() else _plain)(table)


def _plain(table: Table) -> None:
    """Columns aligned with spaces, one line a row, for pipes."""
    print("\n".join(table.lines))
    if not table.rows:
        return
    rows = [table.header, *table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.header))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich(table: Table) -> None:
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
