"""Starts `python ARGUMENTS` in forks of a process that has imported everything: hundreds of command lines are quick.

A separate program, so that it has no threads to fork: a request a line as JSON on standard input, an answer a line on
standard output. {"arguments", "cwd", "environment", "streams", "session"} starts a command and says its process id;
{"poll": pid} says its exit code, null while it runs. `Forks` is the other end.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import disks
from command_line import PATIENCE, REPOSITORY, Command

WARM = ["dataset.train_size=60", "model.hidden=[4]", "trainer.epochs=2", "trainer.progress=false"]


class Forks:
    """The server; `start` is Command without the seconds that importing takes, `run` is subprocess.run likewise."""

    def __init__(self):
        here = Path(__file__)
        environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{here.parent}"}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.server = subprocess.Popen([sys.executable, str(here)], env=environment, **pipes)
        self.ask({"poll": 0})  # it has imported everything

    def ask(self, request: dict[str, Any]) -> Any:
        """Its answer."""
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def fork(
        self, arguments: Sequence[str], cwd: Path, streams: Sequence[Path], session: bool = False, **environment: str
    ) -> Process:
        """A running `python ARGUMENTS`; `streams` are the files of standard input, output and error."""
        shown = {"arguments": list(arguments), "cwd": str(cwd), "streams": [str(path) for path in streams]}
        return Process(self, self.ask(shown | {"session": session, "environment": environment}))

    def start(self, words: list[str], cwd: Path) -> Command:
        """A running `runner WORDS` that writes to cwd/output.txt."""
        return Forked(self, words, cwd)

    def run(self, *words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
        """What a whole `runner WORDS` has answered, with these variables set in its environment."""
        return self.python(["-m", "runner", *words], cwd, **environment)

    def python(
        self, arguments: Sequence[str], cwd: Path, seconds: float = PATIENCE, **environment: str
    ) -> subprocess.CompletedProcess:
        """What a whole `python ARGUMENTS` has answered: `-m MODULE` or a script, and what it is given."""
        with tempfile.TemporaryDirectory() as folder:
            output, error = Path(folder) / "output", Path(folder) / "error"
            code = self.fork(arguments, cwd, [Path(os.devnull), output, error], **environment).wait(seconds)
            return subprocess.CompletedProcess(arguments, code, output.read_text(), error.read_text())

    def close(self) -> None:
        """No command may be running."""
        self.server.stdin.close()
        assert self.server.wait(20) == 0


class Forked(Command):
    """A command that the server has started."""

    def __init__(self, forks: Forks, words: list[str], cwd: Path):
        self.output = cwd / "output.txt"
        self.process = forks.fork(["-m", "runner", *words], cwd, [Path(os.devnull), self.output, self.output])


class Process:
    """What is asked of a subprocess.Popen, of one that the server has started."""

    def __init__(self, forks: Forks, pid: int):
        self.forks, self.pid, self.code = forks, pid, None

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        self.code = self.forks.ask({"poll": self.pid}) if self.code is None else self.code
        return self.code

    def send_signal(self, number: int) -> None:
        """As Popen: nothing happens to one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """At once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds: float) -> int:
        """Its exit code once it has ended; one that takes too long is killed."""
        end = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                self.kill()
                raise TimeoutError(f"process {self.pid} has not ended after {seconds} seconds")
            time.sleep(0.002)
        return code


def start(arguments: list[str], cwd: str, streams: list[str], session: bool, environment: dict[str, str]) -> int:
    """Do in a fork what `python ARGUMENTS` does; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if session:
            os.setsid()
        redirect(streams)
        os.environ.update(environment)
        os.chdir(cwd)
        code = answer(arguments)
    except BaseException:  # noqa: BLE001 a child of a fork must not run its parent's code
        traceback.print_exc()
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def redirect(streams: list[str]) -> None:
    """Put files in the place of standard input, output and error, which may be one file."""
    place, output, error = streams
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(place, os.O_RDONLY), 0)
    os.dup2(os.open(output, write), 1)
    os.dup2(1 if error == output else os.open(error, write), 2)


def answer(arguments: list[str]) -> int:
    """The exit code of a module or a script, run as the main program."""
    sys.argv = arguments[1:] if arguments[0] == "-m" else arguments
    try:
        if arguments[0] == "-m":
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(Path(arguments[0]).parent))
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def exit_code(pid: int) -> int | None:
    """Of a child that has ended, -9 if it was killed."""
    found, status = os.waitpid(pid, os.WNOHANG) if pid else (0, 0)
    if not found:
        return None
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def warm(folder: str) -> None:
    """Import everything that a run and a sweep use, with their output out of the way."""
    from runner.cli import main

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        main([*WARM, f"hydra.run.dir={folder}/run"])
        main(["-m", *WARM, "seed=0,1", "hydra.launcher.workers=1", f"hydra.sweep.dir={folder}/sweep"])


def serve() -> None:
    """Answer until there is nobody to ask."""
    disks.do_not_wait()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as folder:
        warm(folder)
    gc.freeze()  # forks neither look through what it has imported nor copy it by that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(exit_code(request["poll"]) if "poll" in request else start(**request)), flush=True)


if __name__ == "__main__":
    serve()
