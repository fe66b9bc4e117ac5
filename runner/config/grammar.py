"""Hydra's grammar as this command line reads it: text as it is written, sweeps counted up by `runner.config.sweeps`.

Hydra makes a number of everything that looks like one: name=1E5 is 100000.0, dataset.drop=[2024_01] is [202401]. Under
a key that is declared as text, a value is what is written, after quotes and escapes; null stays null.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from antlr4 import CommonTokenStream, InputStream
from hydra.core.override_parser.overrides_parser import KEY_RULES, OverridesParser
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    Override,
    OverrideType,
    Quote,
    QuotedString,
    Sweep,
)
from hydra.errors import HydraException
from hydra.grammar.gen.OverrideLexer import OverrideLexer
from hydra.grammar.gen.OverrideParser import OverrideParser

from runner.config.settings import LABELS, TEXTS, written_keys
from runner.config.sweeps import flat, sweep_functions

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader

TAKE_TEXT = ("choice", "sort", "shuffle", "tag", "str")  # functions whose arguments are the values themselves


@functools.lru_cache(maxsize=1)
def parser(loader: ConfigLoader | None) -> Parser:
    """Reads overrides; `loader` is Hydra's, which knows the groups that glob() chooses from."""
    return Parser(sweep_functions(), loader)


class Parser(OverridesParser):
    """Hydra's, with `Reader` to make values of what it parses."""

    def parse_rule(self, s: str, rule_name: str) -> Any:
        """What `s` means. Raises HydraException. (Hydra's method names its visitor in the middle.)"""
        listener = HydraErrorListener()
        lexer = OverrideLexer(InputStream(s))
        grammar = OverrideParser(CommonTokenStream(lexer))
        for each in (lexer, grammar):
            each.removeErrorListeners()
            each.addErrorListener(listener)
        if rule_name not in KEY_RULES:
            lexer.mode(OverrideLexer.VALUE_MODE)
        reader = Reader(self.functions)
        found = reader.visit(getattr(grammar, rule_name)())
        if isinstance(found, Override):
            reader.open_labels(found)
            found.input_line = reader.word(found, s)
            found.validate()
        return found


class Reader(HydraOverrideVisitor):
    """Knows under which key a value stands, and so whether it is text."""

    def __init__(self, functions: Any):
        super().__init__(functions)
        self.key = ""
        self.own = False  # whether Hydra would make another value of the same word

    def word(self, override: Override, typed: str) -> str:
        """The override as a word that Hydra too reads as it is read here. Sweeps, which Hydra does not need to
        understand, stay as they are typed.
        """
        if override.is_sweep_override() or not self.own:
            return typed
        return f"{override.get_key_element()}={override.get_value_element_as_str()}"

    def open_labels(self, override: Override) -> None:
        """Any label may be set (dataset.class_weights.yes=2); Hydra would want ++ before one that is not there."""
        above = override.key_or_group.split(".")[:-1]
        labelled = any(".".join(above[: i + 1]) in written_keys(LABELS) for i in range(len(above)))
        if labelled and override.type in (OverrideType.CHANGE, OverrideType.ADD):
            override.type, self.own = OverrideType.FORCE_ADD, True

    def visitKey(self, ctx: Any) -> Any:
        """The key of the override."""
        found = super().visitKey(ctx)
        self.key = found.key_or_group
        return found

    def visitPrimitive(self, ctx: Any) -> Any:
        """A single value."""
        found = super().visitPrimitive(ctx)
        if self.key not in written_keys(TEXTS) or found is None or isinstance(found, (str, QuotedString)):
            return found
        self.own = True
        return QuotedString(ctx.getText().strip(), Quote.double)

    def visitDictContainer(self, ctx: Any) -> Any:
        """A dictionary; a list of pairs if labels look like numbers, as Hydra's grammar has no quotes for keys."""
        pairs = [self._pair(each) for each in ctx.dictKeyValuePair()]
        if self.key in written_keys(LABELS) and not all(isinstance(label, str) for label, _, _ in pairs):
            self.own = True
            return [[QuotedString(written, Quote.double), value] for _, written, value in pairs]
        return {key: value for key, _, value in pairs}

    def _pair(self, ctx: Any) -> tuple[Any, str, Any]:
        """(key, as it is written, value)"""
        key, written, above = self.visitDictKey(ctx.dictKey()), ctx.dictKey().getText().strip(), self.key
        self.key = f"{above}.{key}"
        value = self._no_sweep(self.visitElement(ctx.element()))
        self.key = above
        return key, key if isinstance(key, str) else written, value

    def visitListContainer(self, ctx: Any) -> Any:
        """A list."""
        return [self._no_sweep(each) for each in super().visitListContainer(ctx)]

    def _no_sweep(self, value: Any) -> Any:
        if isinstance(value, (Sweep, Glob)):
            raise HydraException("a sweep cannot stand in a list or in braces: write out the values, as in key=[1],[2]")
        return value

    def visitSimpleChoiceSweep(self, ctx: Any) -> ChoiceSweep:
        """Values with commas between them, some of which may be sweeps."""
        try:
            return ChoiceSweep(simple_form=True, list=flat(super().visitSimpleChoiceSweep(ctx).list))
        except ValueError as error:
            raise HydraException(str(error)) from error

    def visitFunction(self, ctx: Any) -> Any:
        """The value of a function; the arguments of range(), say, are numbers under a text key too."""
        above = self.key
        if ctx.ID().getText() not in TAKE_TEXT:
            self.key = ""
        found = super().visitFunction(ctx)
        self.key, self.own = above, True
        if isinstance(found, str) or (self.key in written_keys(TEXTS) and isinstance(found, (bool, int, float))):
            return QuotedString(str(found), Quote.double)
        return found
