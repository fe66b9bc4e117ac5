"""`runner dashboard [DIR]`: TensorBoard over a folder of runs."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path
from typing import Any

from runner.commands.folders import OUTPUTS, newest
from runner.errors import ConfigError, RunError

SCALARS_KEPT = 10_000  # points a curve; TensorBoard's own default thins curves to 1,000
RELOAD_SECONDS = 5  # how soon a running curve moves


def run(arguments: list[str]) -> int:
    """Serve until Ctrl-C."""
    args = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with Ctrl-C ignored
        signal.signal(number, signal.default_int_handler)
    folder = _folder(args.dir)
    url = launch(folder, args.port, args.host)
    print(f"TensorBoard for {folder}: {url}  (Ctrl-C ends it)", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("dashboard closed")
    return 0


def launch(folder: Path, port: int | None = None, host: str | None = None) -> str:
    """Start TensorBoard in this process; returns its URL.

    Raises:
        RunError: if the port is taken or cannot be used.
    """
    import logging

    from tensorboard import default, program

    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    board = program.TensorBoard(default.get_plugins())
    board.configure(argv=["runner dashboard", *flags(folder, port, host)])
    try:
        return board.launch()
    except program.TensorBoardServerException as error:
        raise RunError(
            f"dashboard: TensorBoard cannot start: {error.msg}; try another --port, or --port 0 for any"
        ) from error


def flags(folder: Path, port: int | None = None, host: str | None = None) -> list[str]:
    """TensorBoard's command line for a folder."""
    words = ["--logdir", str(folder), "--reload_interval", str(RELOAD_SECONDS)]
    words += ["--samples_per_plugin", f"scalars={SCALARS_KEPT}", "--window_title", f"runner: {folder}"]
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
    parser = argparse.ArgumentParser(prog="runner dashboard", description="TensorBoard over a folder of runs.")
    parser.add_argument("dir", nargs="?", help="folder of runs (default: outputs), or `last` for the newest run")
    parser.add_argument("--port", type=_port, help="default: 6006, or the next free one; 0 = any free one")
    parser.add_argument("--host", help="default: localhost; 0.0.0.0 lets other machines in")
    return parser
