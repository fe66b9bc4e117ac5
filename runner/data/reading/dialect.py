"""How a file is written: what its keys say, what was found, and what of it a model keeps for further files."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from runner.data.reading.spelling import Spelling

NAMES = {
    "tab": "\t",
    "\\t": "\t",
    "blank": " ",
    "blanks": " ",
    "space": " ",
    "comma": ",",
    "semicolon": ";",
    "point": ".",
    "dot": ".",
    "bar": "|",
    "colon": ":",
    "apostrophe": "'",
    "hash": "#",
    "single": "'",
    "double": '"',
    "none": "",
}
SHOWN = {"\t": "tab", " ": "blanks", ",": "comma", ".": "point", "'": "apostrophe", "#": "hash", "": "none"}


@dataclass(frozen=True)
class Dialect:
    """How a text file is written; None is what nobody said or found."""

    separator: str | None = None  # one character; " " is any run of blanks
    decimal: str | None = None  # "." or ","
    thousands: str | None = None  # "" = none
    encoding: str | None = None
    na_values: tuple[str, ...] | None = None  # holes besides NA and NaN; () = only what is empty
    comment: str | None = None  # lines that start with it are left out; "" = none
    header: int | None = None  # line with the names, from 1; 0 = none
    quote: str | None = None  # "" = none

    def to_dict(self) -> dict[str, Any]:
        """What is known, for JSON."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in known.items() if v is not None}

    @classmethod
    def from_dict(cls, tree: dict[str, Any]) -> Dialect:
        """The inverse of `to_dict`."""
        known: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in tree.items()}
        return cls(**known)

    def over(self, other: Dialect) -> Dialect:
        """What is known here, completed by `other`."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(other, **{key: value for key, value in known.items() if value is not None})

    def without(self, *keys: str) -> Dialect:
        """The others as they are."""
        return replace(self, **dict.fromkeys(keys))


UNSAID = Dialect()  # all is to be found


def shown(mark: str) -> str:
    """A mark in words, as it can be typed."""
    return SHOWN.get(mark, mark)


@dataclass(frozen=True)
class Reading:
    """How the training data were read, as far as further tables are read alike."""

    keys: Dialect = UNSAID  # what was typed
    decimal: str = ""  # as found: decides where a further file can be read both ways
    no_header: bool = False  # as found
    spelling: dict[str, Spelling] = field(default_factory=dict)  # by column of words, where it is not the usual one

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        spelling = {name: vars(each) for name, each in self.spelling.items()}
        found = {"decimal": self.decimal, "no_header": self.no_header}
        return {"keys": self.keys.to_dict(), **found, "spelling": spelling}

    @classmethod
    def from_dict(cls, tree: dict[str, Any]) -> Reading:
        """The inverse of `to_dict`."""
        spelling = {name: Spelling(**each) for name, each in tree["spelling"].items()}
        return cls(Dialect.from_dict(tree["keys"]), tree["decimal"], tree["no_header"], spelling)
