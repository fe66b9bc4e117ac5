"""`runner diagnose WHAT [RUN|SWEEP|overrides]`: a question about runs, answered by a number, a picture and advice."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

from runner.commands.catalogue import Table
from runner.commands.parser import Parser
from runner.commands.print_table import show
from runner.commands.report import say
from runner.config.suggest import closest
from runner.diagnose.base import Kind, kinds
from runner.errors import ConfigError
from runner.records import disk
from runner.records.names import shown_path
from runner.records.told import Told

if TYPE_CHECKING:
    from runner.diagnose.base import Found
    from runner.diagnose.subject import Subject

RESULT, FIGURE = "result.json", "figure.png"
DESCRIPTION = """\
Ask one question about a run, a sweep or a configuration. The answer is a number, a picture and a sentence with the
command to try next; result.json and figure.png are written to RUN/diagnose/WHAT, of overrides to outputs/diagnose/WHAT.
Without WHAT all questions are listed."""


def run(arguments: list[str]) -> int:
    """List the questions, or answer one."""
    words = [word for word in arguments if word not in ("-h", "--help")]
    if not words:
        if words != arguments:
            print(f"usage: runner diagnose [WHAT] [RUN|SWEEP|overrides] [--OPTION VALUE ...]\n\n{DESCRIPTION}\n")
        show(listed())
        return 0
    kind = _chosen(words[0])
    args = _parser(kind).parse_intermixed_args(arguments[arguments.index(words[0]) + 1 :])
    asked = kind.made({name: value for name in kind.options if (value := getattr(args, name)) is not None})
    if not args.subject and not kind.cls.by_default:
        raise ConfigError(f"{kind.name}: of what? Name a run, such as `runner diagnose {kind.name} {kind.cls.example}`")
    from runner.diagnose.subject import subject

    about = subject(args.subject, kind.name, several=kind.cls.several, multirun=args.multirun, out=args.out)
    try:
        found = asked.ask(about, Told())
        _write(found, about, kind)
    finally:
        with contextlib.suppress(OSError):  # it is not empty
            about.place.rmdir()
    notes = [f"note: {note}" for note in (*about.notes, *found.notes)]
    next_command = [f"  {found.following}"] if found.following else []
    wrote = f"wrote: {shown_path(about.place)} ({RESULT}, {FIGURE})"
    say([*notes, *found.lines, found.advice, *next_command, wrote], sys.stdout)
    return 0


def listed() -> Table:
    """All kinds: what each answers, and where the lectures teach it."""
    rows = [(name, kind.about, kind.lecture) for name, kind in kinds().items()]
    usage = "runner diagnose WHAT RUN|SWEEP|overrides; runner diagnose WHAT --help explains one"
    return Table([usage, ""], ("what", "question", "lecture"), rows)


def _chosen(name: str) -> Kind:
    known = kinds()
    if name not in known:
        near = closest(name, known)
        hint = f"did you mean {near}? " if near else ""
        raise ConfigError(f"diagnose {name}: no such diagnosis; {hint}there are {', '.join(known)}")
    return known[name]


def _write(found: Found, about: Subject, kind: Kind) -> None:
    disk.make_folder(about.place, parents=True)
    content = {"diagnosis": kind.name, "of": about.words, **found.numbers, "advice": found.advice}
    disk.replace(about.place / RESULT, json.dumps(_plain(content), indent=1, allow_nan=False).encode())
    disk.replace(about.place / FIGURE, found.figure)


def _plain(value: Any) -> Any:
    """Numbers that JSON has: infinite and missing ones are null."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def _parser(kind: Kind) -> argparse.ArgumentParser:
    parser = Parser(
        prog=f"runner diagnose {kind.name}",
        description=f"{(kind.cls.__doc__ or '').strip()}\n\nLecture {kind.lecture}. {kind.paper}",
        epilog=f"example: runner diagnose {kind.name} {kind.cls.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    several = "a sweep, " if kind.cls.several else ""
    parser.add_argument("subject", nargs="*", metavar="RUN", help=f"{several}a run, `last`, or overrides KEY=VALUE")
    parser.add_argument("-m", dest="multirun", action="store_true", help="the overrides are a sweep, as in `runner -m`")
    parser.add_argument("--out", default="", metavar="FOLDER", help="where to write")
    for name, option in kind.options.items():
        default = getattr(kind.cls(), name)
        text = f"{option.help} ({option.allowed()}); default: {default}".replace("%", "%%")
        parser.add_argument(f"--{name}", type=_value, metavar="VALUE", help=text)
    return parser


def _value(text: str) -> Any:
    """A number, true, false or null; else the text."""
    words = {"true": True, "false": False, "null": None}
    for read in (int, float):
        with contextlib.suppress(ValueError):
            return read(text)
    return words.get(text, text)
