"""What the user sees when something is wrong: a message, never a traceback."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path

from runner.errors import ConfigError, RunError, RunnerError
from runner.records.tracebacks import write_traceback

INTERRUPTED = 130


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
    what = traceback.format_exception_only(error)[-1].strip()
    print(f"runner: unexpected error: {what}; the traceback is in {log}", file=sys.stderr)
    write_traceback(error, log)


def report_to(error: Exception, log: Path) -> int:
    """Print what stopped a run, leave its traceback in the run's log, return the exit code."""
    try:
        if not isinstance(error, RunnerError):
            report_unexpected(error, log)
            return 1
        report(error)
        if error.exit_code != INTERRUPTED:
            write_traceback(error, log)
    except RunError as problem:  # the log cannot be written
        if not isinstance(error, RunError):  # else it is the same full disk, which has been reported
            report(problem)
    return error.exit_code if isinstance(error, RunnerError) else 1


def _temporary_log() -> Path:
    descriptor, name = tempfile.mkstemp(prefix="runner-", suffix=".log")
    os.close(descriptor)
    return Path(name)
