"""`runner claim [NAME...] [KEY=VALUE...]`: the lectures' claims, each with its picture and its verdict."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.claims import kept
from runner.claims.claim import Claim, claims, find
from runner.commands.catalogue import Table
from runner.commands.messages import INTERRUPTED, report_unexpected
from runner.commands.parser import Parser
from runner.commands.print_table import show
from runner.errors import ConfigError, RunnerError
from runner.records.console import shown_path
from runner.records.output import HTML, check_output, write_output

if TYPE_CHECKING:
    from runner.claims.carry_out import Carried

DESCRIPTION = """\
Without a name: the claims by lecture, with the last verdict here. With names: train what each claim needs, say whether
it holds, and write outputs/claims/NAME/page.html with its figure. What has been trained is not trained again; a claim
that was interrupted goes on where it was. KEY=VALUE changes what is trained, such as seeds=10 or trainer.epochs=5."""
TITLE = "The claims of the lectures"


def run(arguments: list[str]) -> int:
    """List claims or run them; 1 if one could not be run or judged, whatever the verdicts are."""
    parser = _parser()
    args = parser.parse_intermixed_args(arguments)
    names, changes = [w for w in args.words if "=" not in w], [w for w in args.words if "=" in w]
    if args.all and names:
        parser.error(f"--all runs every claim: leave it out, or {' '.join(names)}")
    if not args.all and not names:
        if args.quick or args.html or changes:
            parser.error("name a claim, or say --all")
        show(listed())
        return 0
    chosen = list(claims().values()) if args.all else [find(name) for name in names]
    if not args.all:
        _refuse_unchanging(chosen, kept.telling(changes))
    page = Path(args.html).expanduser() if args.html else kept.CLAIMS / kept.BOOK if args.all else None
    if page is not None and args.html:
        check_output("--html", page, HTML)
    if len(chosen) == 1 and page is None:
        say(carried(chosen[0], quick=args.quick, changes=changes))
        return 0
    return _together(chosen, page, quick=args.quick, changes=changes)


def _refuse_unchanging(chosen: Sequence[Claim], changes: Sequence[str]) -> None:
    """ConfigError for changes of a claim that trains no sweep."""
    fixed = [each.name for each in chosen if not each.words()]
    if changes and fixed:
        raise ConfigError(
            f"{' '.join(changes)}: changes nothing of {', '.join(fixed)}, whose numbers come without a sweep; leave "
            "out one or the other"
        )


def listed() -> Table:
    """Lecture, claim and last verdict here, in the order of the lectures."""
    rows = [(each.name, each.lecture, each.says, kept.last_verdict(name)) for name, each in claims().items()]
    lines = [f"{len(rows)} claims; `runner claim NAME` runs one, `runner claim --all` all. Lines are of the lectures."]
    return Table(lines, ("claim", "lines", "says", "last verdict here"), rows)


def carried(claim: Claim, *, quick: bool, changes: Sequence[str]) -> Carried:
    """Run one claim; what training says goes to standard error."""
    from runner.claims.carry_out import carry_out

    with contextlib.redirect_stdout(sys.stderr):
        return carry_out(claim, train, quick=quick, changes=changes)


def say(found: Carried) -> None:
    """Three lines: the claim, what came out with its interval, the verdict."""
    record = found.record
    decides = [each for each in record["findings"] if each["verdict"]]
    here = "; ".join(f"{each['what']} {each['text']}" for each in decides)
    coarse = " (coarse pass)" if record["quick"] else ""
    print(f"claim    {record['says']} ({record['lecture']})")
    print(f"here     {here}")
    print(f"verdict  {record['verdict']}{coarse}: {shown_path(found.page)}")


def train(words: Sequence[str], folder: Path) -> None:
    """Train the sweep of these words in a folder, or what is missing of it there.

    Raises ConfigError or DataError if it is refused, Interrupted (exit code 130) if it was asked to stop.
    """
    from runner.claims.carry_out import is_whole
    from runner.commands.train import sweep
    from runner.records.run_folder import is_listed

    if not is_listed(folder):
        sweep(words, folder)
    elif not is_whole(folder):
        from runner.execution.options import Options
        from runner.execution.start import resume
        from runner.screen.sweep import display

        resume(folder.absolute(), display, options=Options.stored(folder, {}))


def _together(chosen: Sequence[Claim], page: Path | None, *, quick: bool, changes: Sequence[str]) -> int:
    """Several claims one after the other, and the book of them; one that cannot be run does not stop the others."""
    from runner.claims.carry_out import about
    from runner.claims.page import book

    chapters: list[tuple[dict[str, Any], str, str]] = []
    for number, claim in enumerate(chosen, 1):
        began = time.monotonic()
        try:
            found = carried(claim, quick=quick, changes=changes)
            chapters.append((found.record, found.figure, ""))
        except RunnerError as error:
            if error.exit_code == INTERRUPTED:
                print("interrupted: the same command continues", file=sys.stderr)
                raise
            chapters.append((about(claim, quick, changes), "", _why(error)))
        except Exception as error:  # noqa: BLE001 a defect in one claim: the others go on
            report_unexpected(error)
            chapters.append((about(claim, quick, changes), "", f"unexpected error: {error!r}"))
        record, _, problem = chapters[-1]
        said = f"not run: {problem}" if problem else record["verdict"]
        print(f"{number}/{len(chosen)}  {claim.name}  {said}  ({time.monotonic() - began:.0f} s)", flush=True)
    if page is not None:
        page.parent.mkdir(parents=True, exist_ok=True)
        write_output("--html", page, book(chapters, TITLE).encode())
        print(f"wrote: {shown_path(page)}")
    return int(any(problem for *_, problem in chapters))


def _why(error: RunnerError) -> str:
    return "; ".join(error.problems) if isinstance(error, ConfigError) else str(error)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="runner claim", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="NAME|KEY=VALUE", help="claims to run; what to change of them")
    parser.add_argument("--all", action="store_true", help="every claim, and a page with all of them")
    parser.add_argument("--quick", action="store_true", help="a coarse pass: fewer seeds and epochs, which is said")
    parser.add_argument(
        "--html", metavar="FILE", help=f"the page with all claims that were named; default of --all: {kept.CLAIMS}/"
        f"{kept.BOOK}"
    )  # fmt: skip
    return parser
