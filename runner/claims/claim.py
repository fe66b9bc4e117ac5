"""What a claim is, and the table of all claims: name -> one registered class, in `runner.claims.book`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from runner.config.suggest import closest
from runner.config.words import key_of
from runner.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from runner.claims.rules import Finding
    from runner.claims.runs import Runs

BOOK = "runner.claims.book"  # every module in it is imported by `claims`: a new file is there without another line


class Claim:
    """One claim of the lectures: the runs that it needs, the question asked of them, and the picture.

    The first paragraph of a class's docstring is the claim as it is printed; the second, if there is one, explains.
    Everything here is written down before the first run and is not changed to fit what came out.
    """

    name: ClassVar[str]
    lecture: ClassVar[str]  # where the lectures say it, FILE:LINE, several after commas
    source: ClassVar[str] = ""  # paper and figure, or the specification of an exact number
    published: ClassVar[str] = ""  # what was measured there, in words
    comparable: ClassVar[bool] = True  # False: other data or sizes, so that only the direction is judged
    expected: ClassVar[str] = ""  # what has to come out here
    reason: ClassVar[str] = ""  # why it may come out otherwise; shown when the verdict is not `holds`
    caption: ClassVar[str] = ""  # what to see in the figure
    sweep: ClassVar[Sequence[str]] = ()  # words of `runner -m`
    sweeps: ClassVar[Sequence[tuple[str, Sequence[str]]]] = ()  # (name, words), where one sweep will not do
    quick: ClassVar[Sequence[str]] = ()  # words that take the place of those with the same key in a coarse pass

    def answer(self, runs: Runs) -> list[Finding]:
        """What the runs say, by rules of `runner.claims.rules`. RunError if they do not say anything."""
        raise NotImplementedError

    def figure(self, runs: Runs) -> Figure:
        """The one picture, drawn with `runner.claims.pictures`."""
        raise NotImplementedError

    # ---- what follows from the above

    def words(self, *, quick: bool = False, changes: Sequence[str] = ()) -> dict[str, list[str]]:
        """Sweep -> its words; a word given for a key takes the place of the claim's own."""
        planned = self.sweeps or ([("sweep", self.sweep)] if self.sweep else [])
        return {name: replaced(words, [*(self.quick if quick else ()), *changes]) for name, words in planned}

    @property
    def says(self) -> str:
        """The claim in a sentence."""
        return paragraphs(type(self))[0]

    @property
    def explains(self) -> str:
        """What the docstring adds to it."""
        return "\n\n".join(paragraphs(type(self))[1:])

    @property
    def first_line(self) -> tuple[str, int]:
        """The place in the lectures by which claims are ordered: (document, line)."""
        found = re.search(r"(\d{3}):(\d+)", self.lecture)
        return (found[1], int(found[2])) if found else ("~", 0)


Found = TypeVar("Found", bound=type[Claim])
_CLAIMS: dict[str, Claim] = {}


def claim(name: str, lecture: str) -> Callable[[Found], Found]:
    """Class decorator: `@claim("overfit", "003:809, 000:28")`; TypeError where something is missing."""

    def add(cls: Found) -> Found:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in _CLAIMS:
            raise TypeError(f"{cls.__name__}: {name!r} is taken, or not a name of small letters, digits and _")
        lacking = [key for key in ("expected", "caption") if not getattr(cls, key)]
        if not cls.__doc__ or lacking or cls.answer is Claim.answer or cls.figure is Claim.figure:
            raise TypeError(f"{cls.__name__} needs a docstring, {', '.join(lacking)} answer and figure")
        cls.name, cls.lecture = name, lecture
        _CLAIMS[name] = cls()
        return cls

    return add


def claims() -> dict[str, Claim]:
    """Name -> claim, in the order of the lectures."""
    room = importlib.import_module(BOOK)
    for module in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{BOOK}.{module.name}")
    return dict(sorted(_CLAIMS.items(), key=lambda item: (item[1].first_line, item[0])))


def find(name: str) -> Claim:
    """The claim of a name; ConfigError with the one that was probably meant."""
    known = claims()
    if name not in known:
        near = closest(name, known)
        hint = f"did you mean {near}?" if near else "`runner claim` lists them"
        raise ConfigError(f"runner claim {name}: there is no such claim; {hint}")
    return known[name]


def replaced(words: Iterable[str], changes: Sequence[str]) -> list[str]:
    """Words in which each change stands where its key stood; other changes at the end. Of one key the last counts."""
    last = {key_of(change): change for change in changes}
    kept = [last.pop(key_of(word), word) for word in words]
    return [*kept, *last.values()]


def paragraphs(cls: type) -> list[str]:
    """The paragraphs of a docstring, each on one line."""
    return [" ".join(part.split()) for part in inspect.cleandoc(cls.__doc__ or "").split("\n\n")]
