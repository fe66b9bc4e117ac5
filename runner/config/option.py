"""What one configuration key accepts, and the fields that declare keys: `lr: float = number(0.1, above=0)`.

Kinds of option (what may differ between the rows of one population):

- `column`      a number per row, stored [M, 1]; `neutral` is the value that is bit for bit "absent"
- `index`       which examples a row sees and with which targets
- `segment`     which update rule and its switches; rows are sorted into slices
- `structural`  shapes, number of passes; rows that differ here train in different populations
- `free`        touches no number (names, what is drawn, how often to save)
"""

from __future__ import annotations

import copy
import dataclasses
import math
import os
from dataclasses import dataclass, field
from typing import Any

from runner.config.choices import entries

STAGES = ("rate", "clip", "rule")
KINDS = ("column", "index", "segment", "structural", "free")


@dataclass(frozen=True)
class Option:
    """What one configuration key accepts. `check` is the only judge of a value."""

    type: str  # number | integer | switch | choice | choices | text | texts | labels | integers | matrix | pairs
    kind: str = "structural"
    above: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    options: tuple[str, ...] = ()  # words that are allowed; of a number, besides numbers
    group: str | None = None  # the options are the names registered in this group
    prefixes: tuple[str, ...] = ("",)  # what such a name is preceded by
    optional: bool = False  # null allowed
    per_layer: bool = False  # a list, one value a layer, allowed
    neutral: Any = None  # for columns: the value that means "absent"
    preset: Any = None  # strength used by the generated preset `group=[name]`
    stage: str = "rule"  # for numbers of an optimizer: where in a step they act
    luck: str = ""  # what chance decides by this key, in words: a report takes means over its values
    between: bool = False  # of a choice with prefixes: a name of the user's and / may stand after the prefix
    share: bool = False  # a number that is a share where it is written as a fraction, a count where it is whole
    ndim: int = 2  # of a matrix: 1 is one row of numbers
    several: bool = False  # of a text: a list of texts is allowed too
    file: bool = False  # a text that names a file: kept as an absolute path, which means the same from every folder
    help: str = ""
    lecture: str = ""  # where the lectures teach it, FILE:LINE, several after commas

    def allowed(self) -> str:
        """The accepted values in words, for errors and `runner list`."""
        if self.type == "switch":
            return "true or false" + (" or null" if self.optional else "")
        if self.type == "choice":
            between = f" | {self.prefixes[0]}TARGET/NAME" if self.between else ""
            return " | ".join(self.names()) + between + (" | null" if self.optional else "")
        if self.type == "choices":
            return "a list of " + " | ".join(self.names())
        words = {
            "number": "a share up to 1.0 or a count" if self.share else " | ".join((*self.options, "a number")),
            "integer": "a whole number",
            "text": "text or a list of text" if self.several else "text",
            "texts": "a list of text",
            "labels": " | ".join((*self.options, "{label: number}")),
            "integers": "a list of whole numbers",
            "pairs": "true | false | a list of pairs of columns, [[a,b],[c,d]]",
            "matrix": "a list of numbers" if self.ndim == 1 else "a list of rows of numbers, [[a,b],[c,d]]",
        }
        text = words[self.type]
        bounds = [
            f"{sign} {bound if isinstance(bound, int) else format(bound, 'g')}"
            for sign, bound in ((">", self.above), (">=", self.ge), ("<", self.lt), ("<=", self.le))
            if bound is not None
        ]
        text += (" " + " and ".join(bounds)) if bounds else ""
        text += " (or a list, one a layer)" if self.per_layer else ""
        return text + (" or null" if self.optional else "")

    def names(self) -> tuple[str, ...]:
        """The accepted names of a choice."""
        registered = sorted(entries(self.group)) if self.group else ()
        return self.options + tuple(prefix + name for prefix in self.prefixes for name in registered)

    def active(self, value: Any) -> bool:
        """Whether a value of a strength does anything: it, or that of one layer, is not neutral."""
        if isinstance(value, (list, tuple)):
            return any(self.active(each) for each in value)
        return self.neutral is not None and value is not None and value != self.neutral

    def check(self, value: Any) -> tuple[Any, str | None]:
        """Return (value in its proper type, None), or (value, what is wrong)."""
        if value is None:
            return None, None if self.optional else "null is not allowed"
        if self.per_layer and isinstance(value, (list, tuple)):
            checked = [dataclasses.replace(self, per_layer=False).check(v) for v in value]
            wrong = [f"element {i}: {problem}" for i, (_, problem) in enumerate(checked) if problem]
            return [v for v, _ in checked], wrong[0] if wrong else None
        return getattr(self, f"_check_{self.type}")(value)

    def _check_text(self, value):
        if self.several and isinstance(value, (list, tuple)):
            return self._check_several(value)
        if isinstance(value, (bool, int, float)):
            return value, "was read as a number or true/false, where text belongs: quote it as it is meant"
        if not isinstance(value, str):
            return value, "not text"
        return os.path.abspath(os.path.expanduser(value)) if self.file and value else value, None

    def _check_texts(self, value):
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        wrong = [problem for _, problem in map(self._check_text, values) if problem]
        return values, wrong[0] if wrong else None

    def _check_several(self, values):
        """Texts, each once; a list of one is that one."""
        each = dataclasses.replace(self, several=False)
        wrong = [problem for _, problem in map(each.check, values) if problem]
        if not values or len({*map(str, values)}) < len(values):
            wrong.append("names nothing" if not values else "names the same twice")
        return values[0] if len(values) == 1 else list(values), wrong[0] if wrong else None

    def _check_labels(self, value):
        pairs = isinstance(value, (list, tuple)) and all(isinstance(v, (list, tuple)) and len(v) == 2 for v in value)
        labels = [label for label, _ in value] if pairs else []
        if any(isinstance(label, (list, tuple, dict)) for label in labels):
            return value, "a label is text"
        if len({str(label) for label in labels}) < len(labels):
            return value, "a label stands there twice"
        found = dict(value) if pairs else value
        right = isinstance(found, dict) or found in self.options
        return found, None if right else "neither a name nor numbers by label"

    def _check_switch(self, value):
        return value, None if isinstance(value, bool) else "not true or false"

    def _check_choice(self, value):
        return value, None if value in self.names() or self._between(value) else "unknown choice"

    def _between(self, value) -> bool:
        """Whether a name stands between a prefix and a registered one."""
        _, name, last = self._parted(str(value))
        return bool(name) and last in entries(str(self.group))

    def names_like(self, value: str) -> tuple[str, ...]:
        """The accepted names of a choice that `value` may be meant for: with the name that stands between, if any."""
        prefix, name, _ = self._parted(value)
        return tuple(f"{prefix}{name}/{last}" for last in sorted(entries(str(self.group)))) if name else self.names()

    def _parted(self, value: str) -> tuple[str, str, str]:
        """(prefix, what stands between, the name after it) of a choice; nothing between where nothing may stand."""
        prefix = next((each for each in self.prefixes if self.between and value.startswith(each)), None)
        name, _, last = value.removeprefix(prefix or "").rpartition("/")
        return prefix or "", "" if prefix is None else name, last

    def _check_choices(self, value):
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        wrong = [v for v in values if v not in self.names()]
        return values, f"{wrong[0]!r} is an unknown choice" if wrong else None

    def _check_integers(self, value):
        values = value if isinstance(value, (list, tuple)) else [value]
        checked = [self._check_integer(v) for v in values]
        wrong = [f"{v!r}: {problem}" for v, problem in checked if problem]
        return [v for v, _ in checked], wrong[0] if wrong else None

    def _check_pairs(self, value):
        known = {"true": True, "false": False}
        if isinstance(value, bool) or value in (*known, []):
            return known.get(value, value) if isinstance(value, str) else bool(value), None
        names = [list(pair) if isinstance(pair, (list, tuple)) else [] for pair in value] if type(value) is list else []
        right = names and all(len(pair) == 2 and all(isinstance(name, str) for name in pair) for pair in names)
        return (names, None) if right else (value, "neither true nor a list of pairs")

    def _check_matrix(self, value):
        rows = value if isinstance(value, (list, tuple)) else [value]
        if self.ndim == 2 and not all(isinstance(row, (list, tuple)) and row for row in rows):
            return value, "not a list of rows"
        if len({len(row) for row in rows if self.ndim == 2}) > 1:
            return value, "its rows differ in length"
        each = dataclasses.replace(self, type="number", optional=False)
        checked = [[each.check(v) for v in (row if self.ndim == 2 else [row])] for row in rows]
        wrong = [f"{v!r}: {problem}" for row in checked for v, problem in row if problem]
        found = [[v for v, _ in row] for row in checked]
        return found if self.ndim == 2 else [v for (v,) in found], wrong[0] if wrong else None

    def _check_integer(self, value):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            return value, "not a whole number"
        return int(value), self._out_of_range(value)

    def _check_number(self, value):
        if isinstance(value, str) and value in self.options:
            return value, None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value, "not a number"
        if not math.isfinite(value):
            return value, "not a finite number"
        if self.share and (isinstance(value, int) or value > 1):
            return self._check_count(value)
        if self.share and value == 1:
            return None, None  # all there is; written as a number it would be the count 1
        return float(value), self._out_of_range(value)

    def _check_count(self, value):
        whole = float(value).is_integer()
        return int(value) if whole else value, self._out_of_range(value) if whole else "neither a share nor a count"

    def _out_of_range(self, value) -> str | None:
        bad = (
            (self.above is not None and not value > self.above)
            or (self.ge is not None and not value >= self.ge)
            or (self.lt is not None and not value < self.lt)
            or (self.le is not None and not value <= self.le)
        )
        return "out of range" if bad else None


def _option(default, **spec):
    option = Option(**spec)
    if option.kind not in KINDS:
        raise ValueError(f"kind {option.kind!r} is none of {KINDS}")
    if option.stage not in STAGES:
        raise ValueError(f"stage {option.stage!r} is none of {STAGES}")
    if isinstance(default, list):
        return field(default_factory=lambda: copy.deepcopy(default), metadata={"option": option})
    return field(default=default, metadata={"option": option})


def number(default, **spec):
    """A real-valued key; a `column` unless said otherwise."""
    return _option(default, **{"type": "number", "kind": "column", **spec})


def integer(default, **spec):
    """A whole-number key; `structural` unless said otherwise."""
    return _option(default, **{"type": "integer", "kind": "structural", **spec})


def integers(default, **spec):
    """A list of whole numbers; a single number means a list of one."""
    return _option(default, **{"type": "integers", "kind": "structural", **spec})


def matrix(default, **spec):
    """Rows of numbers, [[a, b], [c, d]], all of one length; with `ndim=1` one row, [a, b]."""
    return _option(default, **{"type": "matrix", "kind": "structural", **spec})


def pairs(default, **spec):
    """True, False, or a list of pairs of column names."""
    return _option(default, **{"type": "pairs", "kind": "structural", **spec})


def switch(default, **spec):
    """A true/false key."""
    return _option(default, **{"type": "switch", "kind": "structural", **spec})


def choice(default, *options, **spec):
    """One of `options`, or of the names registered in `group=...`; with `type="choices"` a list of some of them."""
    return _option(default, **{"type": "choice", "options": options, "kind": "structural", **spec})


def text(default, **spec):
    """A free text key (a path, a column name)."""
    return _option(default, **{"type": "text", "kind": "structural", **spec})


def texts(default, **spec):
    """A list of texts (column names); a single text means a list of one."""
    return _option(default, **{"type": "texts", "kind": "structural", **spec})


def by_label(default, *options, **spec):
    """Numbers by label, {label: number} or pairs [[label, number], ...], or one of the words `options`."""
    return _option(default, **{"type": "labels", "options": options, "kind": "structural", **spec})
