"""The command line: `runner [OVERRIDES]` trains, a first word that is a command does something else.

Each command is a module of `runner.commands` with `run(arguments) -> exit code`, imported when it is used.
Exit codes: 0 done; 1 a run failed, or a single run or every run of a sweep diverged; 2 usage, configuration or data;
130 interrupted.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import warnings

from runner import __version__
from runner.commands import COMMANDS
from runner.commands.messages import INTERRUPTED, report, report_unexpected
from runner.config import plugins
from runner.config.choices import load_plugins
from runner.errors import ConfigError, RunnerError

COLLECT = (50_000, 3, 3)  # by Python's own, what is imported is walked through a dozen times


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors meant for users become a message instead of a traceback.

    Without arguments it is the program: those of the process, which ends with it.
    """
    if arguments is None:
        gc.set_threshold(*COLLECT)
        try:
            return main(sys.argv[1:])
        finally:
            gc.freeze()  # nor does Python search all of it for garbage at its end
    warnings.formatwarning = _one_line
    words = list(arguments)
    if words == ["--version"]:
        print(f"runner {__version__}")
        return 0
    try:
        words = _with_plugins(words)
        name = words.pop(0) if words and words[0] in COMMANDS else "train"
        return importlib.import_module(f"runner.commands.{name}").run(words)
    except RunnerError as error:
        report(error)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has gone, as in `runner list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 a defect: one line on the screen, the traceback in a file
        report_unexpected(error)
        return 1


def _with_plugins(words: list[str]) -> list[str]:
    """Import the plug-ins that `--plugins SOURCE` anywhere among the words, or RUNNER_PLUGINS, names; the other words.

    Raises ConfigError with what is wrong with any of them.
    """
    left, sources = [], []
    rest = iter(words)
    for word in rest:
        flag, equals, source = word.partition("=")
        if flag != plugins.FLAG:
            left.append(word)
        elif source := source if equals else next(rest, ""):
            sources.append(source)
        else:
            raise ConfigError(f"{plugins.FLAG}: name a file or a module, such as {plugins.FLAG} mine.py")
    plugins.name(sources)
    if plugins.named():
        load_plugins()
    return left


def _one_line(message: Warning | str, *_where: object, **_line: object) -> str:
    """A library's warning without its source code, which is no news to users."""
    return f"runner: warning: {message}\n"
