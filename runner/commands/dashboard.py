"""`runner dashboard [DIR]`: TensorBoard over a folder of runs."""

from __future__ import annotations

import argparse
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from runner.errors import ConfigError, RunError
from runner.records.folders import OUTPUTS, newest
from runner.reports.shown import choose

SCALARS_KEPT = 10_000  # points a curve; TensorBoard's own default thins curves to 1,000
ENDING = (signal.SIGINT, signal.SIGTERM)
RELOAD_SECONDS = 5  # how soon a running curve moves


def run(arguments: list[str]) -> int:
    """Serve until Ctrl-C."""
    args = _parser().parse_args(arguments)
    for number in ENDING:  # also where a shell started us with Ctrl-C ignored
        signal.signal(number, _interrupt)
    folder = _folder(args.dir)
    try:
        if args.all:
            _serve(folder, folder, [], args)
        else:
            _serve_chosen(folder, args)
    except KeyboardInterrupt:
        print("dashboard closed")
    return 0


def _serve(folder: Path, directory: Path, said: list[str], args: argparse.Namespace) -> None:
    url = launch(directory, args.port, args.host, title=str(folder))
    print("\n".join([f"TensorBoard for {folder}: {url}  (Ctrl-C ends it)", *said]), flush=True)
    if directory == folder:
        threading.Event().wait()


def _serve_chosen(folder: Path, args: argparse.Namespace) -> None:
    """Serve a folder of links to the means and the best runs where there are many; they change while a sweep trains."""
    shown = choose(folder)
    if shown is None:
        return _serve(folder, folder, [], args)
    with tempfile.TemporaryDirectory(prefix="runner-dashboard-") as made:
        links = Path(made)
        link(shown.paths, folder, links)
        said = [
            f"  {line}"
            for line in [*shown.said, f"--all shows all {shown.runs:,} runs, in the table of HPARAMS as well"]
        ]
        _serve(folder, links, said, args)
        while True:
            time.sleep(RELOAD_SECONDS)
            link((choose(folder) or shown).paths, folder, links)


def _interrupt(_number: int, _frame: object) -> None:
    """End once; a second Ctrl-C does not interrupt the tidying up."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def link(paths: list[Path], folder: Path, links: Path) -> None:
    """Make `links` hold a link to each of the paths, which lie in `folder`, at the same place in it, and no other."""
    wanted = {links / path.relative_to(folder): path.absolute() for path in paths}
    for old in [path for path in links.rglob("*") if path.is_symlink() and path not in wanted]:
        old.unlink()
    for place, target in wanted.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink():
            place.symlink_to(target)


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
    words += ["--samples_per_plugin", f"scalars={SCALARS_KEPT}", "--window_title", f"runner: {title or folder}"]
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
    parser = argparse.ArgumentParser(prog="runner dashboard", description="Start TensorBoard on a folder of runs.")
    parser.add_argument("dir", nargs="?", help="folder of runs (default: outputs), or `last` for the run started last")
    parser.add_argument("--all", action="store_true", help="every run of a large sweep, not only means and the best")
    parser.add_argument("--port", type=_port, help="default: 6006, or the next free one; 0 = any free one")
    parser.add_argument("--host", help="default: localhost; 0.0.0.0 lets other machines in")
    return parser
