"""What the user sees when something is wrong: a message, never a traceback."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path

from runner.errors import ConfigError, RunError, RunnerError


def report(error: RunnerError) -> None:
    """Print an error meant for the user on stderr; several problems are numbered."""
    problems = error.problems if isinstance(error, ConfigError) else [str(error)]
    if len(problems) == 1:
        lines = [f"runner: {problems[0]}"]
    else:
        lines = [f"runner: {len(problems)} problems"] + [f"{i:3}. {problem}" for i, problem in enumerate(problems, 1)]
    print("\n".join(lines), file=sys.stderr)


def report_unexpected(error: Exception, log: Path | None = None) -> None:
    """Print one line about a defect; its traceback goes to `log`, else to a new temporary file."""
    log = log or _temporary_log()
    write_traceback(error, log)
    what = traceback.format_exception_only(error)[-1].strip()
    print(f"runner: unexpected error: {what}; the traceback is in {log}", file=sys.stderr)


def write_traceback(error: BaseException, log: Path) -> None:
    """Append the traceback of `error` to a file; raises RunError if that cannot be written."""
    text = "".join(traceback.format_exception(error))
    try:
        with log.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        raise RunError(f"{log}: cannot be written: {problem.strerror}; what happened before: {error}") from problem


def _temporary_log() -> Path:
    descriptor, name = tempfile.mkstemp(prefix="runner-", suffix=".log")
    os.close(descriptor)
    return Path(name)
