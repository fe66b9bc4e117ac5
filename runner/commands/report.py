"""`runner report DIR [DIR...]`: what a sweep found, setting by setting, and how sure that is."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from runner.commands.parser import Parser
from runner.records import pipe
from runner.records.folders import FORCE, OUTPUTS, newest
from runner.records.output import CSV, HTML, PARQUET, check_output, parquet, write_output

if TYPE_CHECKING:
    from runner.reports.over import Over
    from runner.reports.runs import RunSource
    from runner.reports.sections import Section

TOP = 20
PAGE = "report.html"
SEARCH = "figures/search.png"
DESCRIPTION = """\
Compare settings: one row each, best first. Runs that differ only in seed, fold, split or draw of the data are one
setting. Shown are mean, 95% interval (Student's t), standard deviation and number of runs of the monitored metric, and
the test metrics; below, whether the best setting differs from the runner-up by more than chance. ~ marks settings that
may be as good as the best. Keys of the data that make another problem (which data, their number and noise) are
conditions: settings are compared within each, and over several data sets by their ranks. Interval and test count draws
of the data, else splits, else folds, else seeds; the runs of one draw (split, fold) are averaged first, and fewer than
three draws tell nothing."""


def run(arguments: list[str]) -> int:
    """Print the tables and the answer; write what was asked for. 1 if no run has finished."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.heat and args.html is None:
        parser.error("--heat draws on the page: it needs --html")
    if args.over is not None and args.html is None:
        args.html = ""
    from runner.reports.across import over_data_sets
    from runner.reports.searches.pareto import asked
    from runner.reports.sections import make_sections

    names = asked(args.pareto) if args.pareto else ()
    table, page = _outputs(args)
    pictures: list[Path] = []
    sources = find_sources(args.dir, force=args.force)
    chosen: dict[str, Any] = {"where": args.where, "across": args.over.partition(",")[0] if args.over else None}
    sections = make_sections(sources, args.metric, by=args.by, **chosen)
    beside = [_beside(section, names, importance=args.importance) for section in sections]
    if table:
        write_output("--csv", table, _table(sections, table))
    drawn: list[Over | None] = []
    if args.html is not None:
        from runner.reports import html
        from runner.reports.over import across_conditions, choose

        pictures = [] if page else _pictures(sections)
        page = page or sources[0].folder / PAGE
        whole = make_sections(sources, args.metric, **chosen) if args.by else sections
        first = across_conditions(sources, whole, args.where, args.by) if args.over is None else []
        drawn = choose(whole, args.over, args.by)
        title = html.page_title(sections)
        content = html.page(sections, title, args.heat, drawn, first=first, whole=whole, by=args.by, pareto=names)
        write_output("--html", page, content.encode())
    for i, section in enumerate(sections):
        show(section, args.top, first=i == 0)
        if beside[i]:
            say(["", *beside[i]], sys.stdout)
    if args.over is not None:
        _show_over(drawn)
    if ranks := over_data_sets(sections):
        say(["", ranks.text], sys.stdout)
    for file in filter(None, (table, page, *pictures)):
        print(f"wrote: {file}")
    return 0 if any(row.finished for source in sources for row in source.rows) else 1


def _beside(section: Section, names: Sequence[str], *, importance: bool) -> list[str]:
    """What is said of a search below its table: the importance of its keys if asked for, and its Pareto front."""
    from runner.reports.searches.importance import importance_lines
    from runner.reports.searches.pareto import front_lines

    front = front_lines(section, names)
    told = importance_lines(section) if importance else []
    return [*told, *([""] if told and front else []), *front]


def _pictures(sections: Sequence[Section]) -> list[Path]:
    """Write how a search went into the figures of its sweep; the file, where there was one search."""
    from runner.reports.searches.picture import picture

    if len(sections) != 1 or len(sections[0].sources) != 1 or not (way := picture(sections[0])):
        return []
    path = sections[0].sources[0].folder / SEARCH
    path.parent.mkdir(exist_ok=True)
    write_output("--html", path, way.png)
    return [path]


def find_sources(folders: Sequence[str], *, force: bool = False) -> list[RunSource]:
    """The sweeps and runs in the folders a user named, each once."""
    from runner.reports.runs import read_sources

    named = [newest(OUTPUTS) if text == "last" else Path(text).expanduser() for text in folders]
    found: dict[tuple[Path, bool], RunSource] = {}
    for path in named:
        for source in read_sources(path, force=force):
            found.setdefault((source.folder.resolve(), source.is_sweep), source)
    return list(found.values())


def show(section: Section, top: int, first: bool = True) -> None:
    """One section on the screen: a table that fits the terminal, a plain one in a pipe."""
    from runner.reports import report_text
    from runner.reports.searches.fresh import fresh_lines
    from runner.reports.searches.words import search_lines

    columns = report_text.columns(section, top)
    left = len(section.settings) - len(columns[0].cells)
    more = [f"({left} more; --top 0 shows all, --csv FILE writes them)"] if left > 0 else []
    said, *rest = report_text.closing(section)
    parts = (report_text.heading(section), [*more, "", said, *search_lines(section), *fresh_lines(section), *rest])
    if not sys.stdout.isatty():
        lines = ["", *report_text.plain(columns)]
        say([*([] if first else [""]), *parts[0], *lines, *parts[1]], sys.stdout)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text("\n".join([*([] if first else [""]), *parts[0], ""])))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    found = report_text.fitted(columns, console.width)
    for column in found:
        table.add_column(column.name, justify="right" if column.number else "left", no_wrap=column.number)
    for i, cells in enumerate(zip(*(column.cells for column in found), strict=True)):
        table.add_row(*map(Text, cells), style="bold" if i == 0 else "")
    console.print(table)
    for line in parts[1]:  # commands unwrapped, to be copied
        console.print(Text(line), soft_wrap=line.startswith("  "))


def _show_over(drawn: Iterable[Over | None]) -> None:
    """The points of each chart, as the table of settings is shown."""
    from runner.reports import over, report_text

    for each in filter(None, drawn):
        title = f"{each.section.title}: " if each.section.title else ""
        best = f" (best over {each.best_over})" if each.best_over else ""
        say(["", f"{title}over {each.name}{best}:", *report_text.plain(over.columns(each))], sys.stdout)


def say(lines: Sequence[str], stream: TextIO) -> None:
    """Print lines unwrapped; what the stream's encoding lacks is replaced."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    pipe.write(stream, ("\n".join(lines) + "\n").encode(encoding, "replace").decode(encoding))


def _outputs(args: argparse.Namespace) -> tuple[Path | None, Path | None]:
    """Where the table and the page are to go, if that was said; checked before anything is read."""
    table, page = (Path(file).expanduser() if file else None for file in (args.csv, args.html))
    if table:
        check_output("--csv", table, CSV + PARQUET)
    if page:
        check_output("--html", page, HTML)
    return table, page


def _table(sections: Sequence[Section], path: Path) -> bytes:
    """All settings in the format of the file's ending."""
    from runner.records.read import typed
    from runner.reports.report_text import csv_text

    text = csv_text(sections)
    if path.suffix.lower() in CSV:
        return text.encode()
    import pandas

    names, *rows = csv.reader(io.StringIO(text))
    return parquet(pandas.DataFrame({name: typed([row[i] for row in rows]) for i, name in enumerate(names)}))


def _top(text: str) -> int:
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text}: must be >= 0 (0 = all)")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="runner report", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", nargs="+", help="folder of a sweep or of runs, or `last` for the one started last")
    parser.add_argument("--top", type=_top, default=TOP, metavar="N", help=f"settings shown, 0 = all; default: {TOP}")
    parser.add_argument(
        "--metric", metavar="NAME", help="rank by this: val/accuracy, or a column of metrics.csv such as sparsity"
    )
    parser.add_argument(
        "--by", metavar="KEY", help="compare the values of one key, such as optimizer, each with its best other keys"
    )
    parser.add_argument(
        "--where",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="only settings with this value, or one of several (KEY=A,B); may be repeated",
    )
    parser.add_argument("--csv", metavar="FILE", help="write all settings with all metrics, as .csv or .parquet")
    parser.add_argument(
        "--html", nargs="?", const="", metavar="FILE", help=f"write a page with curves; default: {PAGE} in DIR"
    )
    parser.add_argument(
        "--heat",
        metavar="KEY,KEY",
        help="the two keys of the page's heat map, such as lr,dropout; a third (lr,dropout,optimizer) has a panel for "
        "each of its values",
    )
    parser.add_argument(
        "--over",
        nargs="?",
        const="",
        metavar="KEY",
        help="print the metrics over a key that has numbers, such as lr or train_size, and draw them on the page; "
        "lr,optimizer,dropout also names the keys of the colours (as --by does) and of the panels",
    )
    parser.add_argument(
        "--importance",
        action="store_true",
        help="how much each key matters for being among the best settings, and how sure that is (takes runner[optuna])",
    )
    parser.add_argument(
        "--pareto",
        metavar="NAME,NAME",
        help="the settings that no other betters in both, such as val/loss,parameters; also epochs, seconds",
    )
    parser.add_argument("--force", action="store_true", help=FORCE)
    return parser
