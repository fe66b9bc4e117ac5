"""`runner check FILE|MODULE`: do the classes of a plug-in keep what every class of runner keeps?"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from runner.commands.parser import Parser
from runner.config import plugins
from runner.config.choices import load_plugins, of_plugin
from runner.errors import ConfigError

if TYPE_CHECKING:
    from runner.checks.contracts import Contract
    from runner.config.registry import Entry

DESCRIPTION = """\
Import a plug-in and hold its classes to the contracts of runner's own: gradients are those of autograd, a run alone is
the run in company, a neutral value is the technique absent, a checkpoint loses nothing, ... Exit code 1 if one is
broken."""


def run(arguments: list[str]) -> int:
    """Check every class of the plug-ins, one line a contract as soon as it is known; 1 if one is broken."""
    parser = Parser(prog="runner check", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plugins", nargs="*", metavar="FILE|MODULE", help=f"default: what {plugins.FLAG} names")
    given = parser.parse_args(arguments).plugins
    plugins.name(given)
    load_plugins()
    sources = list(dict.fromkeys(map(plugins.canonical, given))) or plugins.named()
    if not sources:
        raise ConfigError("check: name a file or a module, such as `runner check mine.py`")
    broken = [each for source in sources for each in check(source, of_plugin(source))]
    return int(bool(broken))


def check(source: str, found: list[Entry]) -> list[str]:
    """Print what became of each contract of the entries of one plug-in; the lines about broken ones."""
    import torch

    from runner.checks import contracts

    torch.set_num_threads(1)
    asked = [(entry, contract) for entry in found for contract in contracts.of(entry)]
    print(f"plug-in {plugins.shown(source)}: {', '.join(map(str, found))}")
    widths = [max(len(text) for text in texts) for texts in zip(*(_names(*each) for each in asked), strict=True)]
    broken = list(_lines(source, asked, widths))
    held = len(asked) - len(broken)
    print(f"{held} of {len(asked)} contracts hold" if broken else f"all {held} contracts hold")
    return broken


def _lines(source: str, asked: list[tuple[Entry, Contract]], widths: list[int]) -> Iterable[str]:
    """Print a line each: first the class and the contract, which may take seconds, then what came of it."""
    for entry, contract in asked:
        texts = _names(entry, contract)
        print("  ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True)), end="  ", flush=True)
        problem = _problem(source, entry, contract)
        print(f"FAILED: {problem}" if problem else "passed", flush=True)
        if problem:
            yield problem


def _names(entry: Entry, contract: Contract) -> tuple[str, str, str]:
    return str(entry), entry.cls.__name__, contract.name


def _problem(source: str, entry: Entry, contract: Contract) -> str:
    """Why a contract does not hold; "" if it does."""
    from runner.checks.broken import BrokenError

    try:
        contract.check(entry)
    except BrokenError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 whatever a class raises is a broken contract
        return plugins.told(error, source)
    return ""
