"""What goes wrong for a user, as exceptions with a message for the screen and an exit code.

A message names the key or the file, the value found, what is allowed and the likely fix. The command line prints it
without a traceback; the traceback goes to train.log.
"""

from __future__ import annotations

from collections.abc import Sequence


class RunnerError(Exception):
    """Base of everything the command line reports as a message instead of a traceback."""

    exit_code = 1


class ConfigError(RunnerError):
    """One or more problems in the configuration; `problems` holds one sentence each. Exit code 2."""

    exit_code = 2

    def __init__(self, problems: str | list[str]):
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class DataError(RunnerError):
    """A data file that is missing, broken or does not fit the configuration. Exit code 2."""

    exit_code = 2


class RunError(RunnerError):
    """Something that stopped a run after its configuration was accepted (full disk, broken checkpoint). Exit code 1.

    The message is `what` is wrong, then how it is mended, which whoever mends it at once need not say.
    """

    def __init__(self, what: str, fix: str = ""):
        self.what = what
        super().__init__(what + fix)


class DamagedError(RunError):
    """A file of a run that does not hold what was written: cut short, changed, or lost with the machine's power."""


class Problem(str):
    """Something that is wrong but stops nobody, as `RunError`: what it is, then what is shown or done instead."""

    what: str

    def __new__(cls, what: str, instead: str = "") -> Problem:
        found = super().__new__(cls, what + instead)
        found.what = what
        return found


def shortened(value: object, longest: int = 60) -> str:
    """A value of any kind in a message: its repr, cut where it is long; where that takes lines, what it is."""
    text = repr(value)
    if "\n" in text:
        return f"a {type(value).__name__}"
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def joined(words: Sequence[str]) -> str:
    """Words as a sentence has them: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
