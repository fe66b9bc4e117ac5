"""What a diagnosis is: a question about runs, answered by a number, a picture and a sentence with the next command.

A kind is one registered class in `runner.diagnose.kinds`, whose fields are its options; nothing heavy is imported until
it is asked.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from runner.config.option import Option
from runner.errors import ConfigError
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.subject import Subject


@dataclass(frozen=True)
class Found:
    """What came out: numbers for result.json, lines for the screen, a PNG, and what to try next."""

    numbers: dict[str, Any]
    lines: list[str]
    advice: str  # a sentence, which ends in the reason to type `following`
    following: str  # a command
    figure: bytes
    notes: list[str] = field(default_factory=list)  # of what the answer is one, such as a part of the rows


class Diagnosis:
    """Base of all kinds. `ask` answers for a subject, or says by an error why it can't."""

    example: ClassVar[str] = "last"  # what may be diagnosed, as it is typed
    several: ClassVar[bool] = False  # whether it compares runs; else a sweep stands for its best run
    by_default: ClassVar[bool] = False  # whether it takes the default configuration where nothing is named

    def ask(self, subject: Subject, told: Tell) -> Found:
        """The answer."""
        raise NotImplementedError


@dataclass(frozen=True)
class Kind:
    """A registered diagnosis."""

    name: str
    cls: type[Diagnosis]
    lecture: str
    paper: str

    @property
    def about(self) -> str:
        """The first line of its docstring."""
        return (self.cls.__doc__ or "").strip().splitlines()[0]

    @property
    def options(self) -> dict[str, Option]:
        """Flag without its dashes -> what it takes."""
        return {each.name: each.metadata["option"] for each in dataclasses.fields(self.cls)}  # type: ignore[arg-type]

    def made(self, given: dict[str, Any]) -> Diagnosis:
        """The diagnosis with these options; ConfigError for each that is not allowed."""
        values, problems = {}, []
        for name, value in given.items():
            option = self.options[name]
            values[name], problem = option.check(value)
            if problem:
                problems.append(f"--{name} {value}: {problem}; allowed: {option.allowed()}")
        if problems:
            raise ConfigError(problems)
        return self.cls(**values)


_KINDS: dict[str, Kind] = {}
Kin = TypeVar("Kin", bound=type[Diagnosis])


def diagnosis(name: str, *, lecture: str, paper: str = "") -> Callable[[Kin], Kin]:
    """Class decorator that registers a kind, written above @dataclass."""

    def add(cls: Kin) -> Kin:
        _KINDS[name] = Kind(name, cls, lecture, paper)
        return cls

    return add


def kinds() -> dict[str, Kind]:
    """Name -> kind, of all there are."""
    from runner.diagnose import kinds as room

    for module in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{room.__name__}.{module.name}")
    return dict(sorted(_KINDS.items()))
