"""`runner dashboard [DIR]`: TensorBoard over a folder of runs."""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import time
import urllib.parse
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.commands.parser import Parser
from runner.errors import ConfigError, RunError
from runner.records.folders import OUTPUTS, newest
from runner.records.run_folder import METRICS
from runner.records.sweep_folder import LAYOUT, OVERVIEW
from runner.records.tags import tag_of
from runner.reports.shown import Shown, choose

SCALARS_KEPT = 10_000  # points a curve; TensorBoard's own default thins curves to 1,000
ENDING = (signal.SIGINT, signal.SIGTERM)
RELOAD_SECONDS = 5  # how soon a running curve moves
HEADLINES = ("accuracy", "r2")  # what people ask for first
BY_SETTING = (
    r"\d+_(.*?)(?:_?(?:seed|split_seed|data_seed|test_fold|fold)=[^_/]+)*$"  # of the name of a run, or of a mean
)


def run(arguments: list[str]) -> int:
    """Serve until Ctrl-C."""
    args = _parser().parse_args(arguments)
    for number in ENDING:  # also where a shell started us with Ctrl-C ignored
        signal.signal(number, _interrupt)
    folder = _folder(args.dir)
    try:
        _serve(folder, args)
    except KeyboardInterrupt:
        print("dashboard closed")
    return 0


def _serve(folder: Path, args: argparse.Namespace) -> None:
    """Serve a folder of links to the means and the runs, of many the best; they change while a sweep trains."""
    from runner.reports.overview import Follower

    shown = choose(folder, everything=args.all)
    followers: dict[Path, Follower] = {}
    with tempfile.TemporaryDirectory(prefix="runner-dashboard-") as made:
        links = Path(made)

        def update(shown: Shown) -> None:
            link(shown.paths, folder, links)
            for sweep in shown.sweeps:
                there = links / place(sweep / LAYOUT, folder).parent
                followers.setdefault(sweep, Follower(sweep, there, alone=sweep == folder)).follow()

        update(shown)
        url = launch(links, args.port, args.host, title=str(folder))
        said = [f"  {line}" for line in shown.said]
        if not shown.whole:
            said.append(f"  --all shows all {shown.runs:,} runs, in the table of HPARAMS as well")
        there = deep_link(url, shown.paths)
        print("\n".join([f"TensorBoard for {folder}: {url}  (Ctrl-C ends it)", *said, f"  {there}"]), flush=True)
        if args.open:
            webbrowser.open(there)
        while True:
            time.sleep(RELOAD_SECONDS)
            update(choose(folder, everything=args.all))


def deep_link(url: str, paths: Sequence[Path]) -> str:
    """Where to look first: curves as they were measured, loss and accuracy above all others, a colour a setting."""
    columns = next((names for path in paths if (names := _columns(path))), [])
    wanted = [f"{split}/{metric}" for metric in ("loss", *HEADLINES) for split in ("val", "train")]
    pinned = [{"plugin": "scalars", "tag": tag_of(column)} for column in wanted if column in columns]
    told = {
        "smoothing": "0",
        "pinnedCards": json.dumps(pinned, separators=(",", ":")),
        "runColorGroup": f"regex:{BY_SETTING}",
    }
    return f"{url}?{urllib.parse.urlencode(told)}#timeseries"


def _columns(path: Path) -> list[str]:
    """The columns of a run's metrics.csv; none if it has not begun."""
    try:
        with ((path if path.is_dir() else path.parent) / METRICS).open(encoding="utf-8") as file:
            return file.readline().strip().split(",")
    except OSError:
        return []


def _interrupt(_number: int, _frame: object) -> None:
    """End once; a second Ctrl-C does not interrupt the tidying up."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def link(paths: list[Path], folder: Path, links: Path) -> None:
    """Make `links` hold a link to each of the paths, which lie in `folder`, and no other."""
    wanted = {links / place(path, folder): path.absolute() for path in paths}
    for old in [path for path in links.rglob("*") if path.is_symlink() and path not in wanted]:
        old.unlink()
    for there, target in wanted.items():
        there.parent.mkdir(parents=True, exist_ok=True)
        if not there.is_symlink():
            there.symlink_to(target)


def place(path: Path, folder: Path) -> Path:
    """Where a path is linked to: where it lies in the folder. The events of the folder itself come under its name, and
    what is about a sweep as a whole under `overview`, as TensorBoard would call both ".".
    """
    inside = path.relative_to(folder)
    if path.name == LAYOUT:
        return inside.parent / OVERVIEW / LAYOUT
    return inside if len(inside.parts) > 1 or path.is_dir() else Path(folder.resolve().name) / inside


def launch(folder: Path, port: int | None = None, host: str | None = None, title: str | None = None) -> str:
    """Start TensorBoard in this process; returns its URL.

    Raises:
        RunError: if the port is taken or cannot be used.
    """
    import logging

    from tensorboard import default, program

    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    board = program.TensorBoard(default.get_plugins())
    board.configure(argv=["runner dashboard", *flags(folder, port, host, title)])
    try:
        return board.launch()
    except program.TensorBoardServerException as error:
        raise RunError(
            f"dashboard: TensorBoard cannot start: {error.msg}; try another --port, or --port 0 for any"
        ) from error


def flags(folder: Path, port: int | None = None, host: str | None = None, title: str | None = None) -> list[str]:
    """TensorBoard's command line for a folder."""
    words = ["--logdir", str(folder), "--reload_interval", str(RELOAD_SECONDS)]
    words += ["--samples_per_plugin", f"scalars={SCALARS_KEPT},text=1", "--window_title", f"runner: {title or folder}"]
    words += [] if port is None else ["--port", str(port)]
    return words + ([] if host is None else ["--host", host])


def _folder(text: str | None) -> Path:
    folder = newest(OUTPUTS) if text == "last" else Path(text or OUTPUTS)
    if not folder.is_dir():
        raise ConfigError(
            f"dashboard: {folder}: no such folder; give a folder of runs, or `runner` makes outputs/ with the first one"
        )
    return folder


def _port(text: str) -> Any:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port}: a port is 0 to 65535 (0 = any free one)")
    return port


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="runner dashboard", description="Start TensorBoard on a folder of runs.")
    parser.add_argument("dir", nargs="?", help="folder of runs (default: outputs), or `last` for the run started last")
    parser.add_argument("--all", action="store_true", help="every run of a large sweep, not only means and the best")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument("--port", type=_port, help="default: 6006, or the next free one; 0 = any free one")
    parser.add_argument("--host", help="default: localhost; 0.0.0.0 lets other machines in")
    return parser
