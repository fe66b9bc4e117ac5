"""What goes wrong for a user, as exceptions with a message for the screen and an exit code.

A message names the key or the file, the value found, what is allowed and the likely fix. The command line prints it
without a traceback; the traceback goes to train.log.
"""


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
    """Something that stopped a run after its configuration was accepted (full disk, broken checkpoint). Exit code 1."""


class DamagedError(RunError):
    """A file of a run that does not hold what was written: cut short, changed, or lost with the machine's power."""


def shortened(value: object, longest: int = 60) -> str:
    """A value of any kind in a message: its repr, cut where it is long; where that takes lines, what it is."""
    text = repr(value)
    if "\n" in text:
        return f"a {type(value).__name__}"
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
