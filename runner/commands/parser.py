"""What a command makes of its words; a flag that it does not know is refused in a line, with the one that was meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any, NoReturn

from runner.config.suggest import closest
from runner.errors import ConfigError

UNKNOWN = "unrecognized arguments: -"  # how argparse begins what it says of a flag that there is not


class Parser(argparse.ArgumentParser):
    """Python's, whose wrong usage is told as always but for flags that there are not. A flag is written out: what
    `--al` begins may take long.
    """

    def __init__(self, **options: Any):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """End with the usage; ConfigError for an unknown flag."""
        if not message.startswith(UNKNOWN):
            super().error(message)
        said = with_way_out(message, self._option_string_actions, self.prog)
        raise ConfigError(f"{self.prog.removeprefix('runner ')}: {said}")


def with_way_out(message: str, flags: Iterable[str], program: str) -> str:
    """What argparse says of a flag, and the flag that looks like it, else where all are listed."""
    word = message.rpartition(": ")[2].partition(" ")[0].partition("=")[0]
    near = closest(word, flags)
    return f"{message}; {f'did you mean {near}?' if near else f'`{program} --help` shows all'}"
