"""The Ray cluster that actors live on: one of our own, or one that is there, found within seconds or refused."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from runner.errors import ConfigError

ANSWER_SECONDS = 5.0  # within which the port of a cluster takes a connection ...
CONNECT_SECONDS = 20.0  # ... and in which Ray can connect, which Ray itself would try for minutes
POLL_SECONDS = 0.1  # how soon it is looked whether all is to stop
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # which lines of other processes not to print: all; a dead actor we tell of
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
PROBE = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR')"
ADDRESS = re.compile(r"auto|(ray://)?(?P<host>[\w.-]+|\[[\da-fA-F:]+\]):(?P<port>\d+)")


def problem_of_address(address: Any) -> str:
    """Why it is no address of a cluster, in words; "" if it may be one."""
    if isinstance(address, str) and ADDRESS.fullmatch(address):
        return ""
    return "must be auto (a cluster that runs on this machine), HOST:PORT or ray://HOST:PORT"


def not_installed() -> str:
    """What to do where Ray is not installed; "" where it is."""
    return "" if importlib.util.find_spec("ray") else 'Ray is not installed: pip install "runner[ray]"'


def connect(address: str | None, workers: int | None, cores: int, stopping: Callable[[], bool], *, on_gpu: bool) -> int:
    """Start a cluster, or connect to the one at `address`; how many actors it has room for, if that is not given.

    Raises ConfigError if there is no such cluster, KeyboardInterrupt if all is to stop before that is known.
    """
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)
    if address and (problem := _tried(address, stopping)):
        raise ConfigError(_absent(address, problem))
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "CRITICAL"}
    own: dict[str, Any] = {} if address else {"num_cpus": workers or cores, "include_dashboard": False}
    with _signals_kept(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ray.init(address=address or "local", **own, **quiet)
        except Exception as error:
            what = f"hydra.launcher.address = {address}" if address else "hydra.launcher.executor = ray"
            raise ConfigError(f"{what}: Ray does not start here: {_last_line(str(error))}") from error
    return workers or max(1, int(ray.cluster_resources().get("GPU" if on_gpu else "CPU", 1)))


def leave() -> None:
    """Disconnect; a cluster of our own ends."""
    import ray

    with _signals_kept():
        ray.shutdown()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """What signals do stays as it is, which Ray would change."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def refuse_unreachable(address: str) -> None:
    """ConfigError if nothing at all takes connections at `address`."""
    found = ADDRESS.fullmatch(address)
    if not found or not found["host"]:
        return
    try:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(_absent(address, f"nothing answers there ({error})")) from error


def _absent(address: str, problem: str) -> str:
    fix = "Start a cluster there (`ray start --head`), give another address, or none for a cluster of the sweep's own"
    resumed = "`runner resume DIR` takes --address ADDRESS, or --executor processes"
    return f"hydra.launcher.address = {address}: {problem}. {fix}; {resumed}."


def _tried(address: str, stopping: Callable[[], bool]) -> str:
    """Why Ray cannot connect, "" if it can. Another process tries: where no Ray is, its library may try for minutes and
    then end the process. Raises KeyboardInterrupt if all is to stop meanwhile.
    """
    command, until = [sys.executable, "-c", PROBE, address], time.monotonic() + CONNECT_SECONDS
    pipes: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:  # Ctrl-C is ours to hear
        while True:
            try:
                _, said = process.communicate(timeout=POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if stopping() or time.monotonic() > until:
                    process.kill()
    if stopping():
        raise KeyboardInterrupt
    if "InvalidAuthToken" in said:
        return "it asks for a token: set RAY_AUTH_MODE=token in the environment, with the token in ~/.ray/auth_token"
    if process.returncode == -signal.SIGKILL:
        return f"no Ray answers there within {CONNECT_SECONDS:.0f} s"
    return _last_line(said) if process.returncode else ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no message"
