"""Which choices come from plug-ins: recorded with a run, and compared with what is there when the run is read."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.config import plugins
from runner.config.choices import Entry, cached, entries, groups
from runner.errors import joined

Record = dict[str, str]  # {"plugin": file or module, or "package" or "module", "sha256": of the file with the class}


@cached
def foreign() -> dict[str, Record]:
    """{"optimizer=foo": record} of every choice that is not runner's own."""
    every = [entry for group in groups() for entry in entries(group).values()]
    others = [entry for entry in every if entry.plugin or not _is_own(entry.cls.__module__)]
    packages = {point.value: plugins.package_of(point) for point in plugins.installed()} if others else {}
    return {str(entry): _record(entry, packages) for entry in others}


def _is_own(module: str) -> bool:
    return module.partition(".")[0] == "runner"


def _record(entry: Entry, packages: Mapping[str, str]) -> Record:
    module = entry.cls.__module__
    if entry.plugin and entry.plugin in packages:
        where = {"package": packages[entry.plugin].removeprefix("package ")}
    elif entry.plugin:
        where = {"plugin": entry.plugin} | _version(entry.plugin)
    else:
        where = {"module": module}
    return where | {"sha256": _sha256(module)}


def _version(plugin: str) -> Record:
    """The package that a module belongs to and its version, if it is installed."""
    from importlib import metadata

    top = plugin.partition(".")[0]
    found = [] if plugins.is_file(plugin) else metadata.packages_distributions().get(top, [])
    return {"package": f"{found[0]} {metadata.version(found[0])}"} if found else {}


def _sha256(module: str) -> str:
    """Of the file that a module was made of; "" if it was made of none, as in a notebook."""
    loader, file = getattr(sys.modules[module], "__loader__", None), getattr(sys.modules[module], "__file__", None)
    if isinstance(loader, plugins.Loader):
        return loader.sha256
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file and Path(file).is_file() else ""


def recorded(choices: Iterable[str]) -> dict[str, Record]:
    """The records of those of the choices that are not runner's own."""
    return {choice: foreign()[choice] for choice in choices if choice in foreign()}


def is_records(found: object) -> bool:
    """Whether what a file holds is records of choices."""
    return isinstance(found, dict) and all(isinstance(each, dict) and "sha256" in each for each in found.values())


def missing(records: Mapping[str, Record]) -> list[str]:
    """What to do about choices that are not registered here."""
    lacking = {choice: record for choice, record in records.items() if not _is_registered(choice)}
    return _together({choice: f"came from {_words(record)}: {_remedy(record)}" for choice, record in lacking.items()})


def differing(records: Mapping[str, Record]) -> list[str]:
    """Which choices have other code than they had."""
    now = {choice: foreign().get(choice, {"sha256": ""}) for choice in records if _is_registered(choice)}
    changed = {choice: each for choice, each in now.items() if each["sha256"] != records[choice]["sha256"]}
    said = "changed since the run began: before from"
    return _together(
        {choice: f"{said} {_words(records[choice])}, now from {_words(each)}" for choice, each in changed.items()}
    )


def _together(said: Mapping[str, str]) -> list[str]:
    """Choices about which the same is said share a sentence."""
    subjects: dict[str, list[str]] = {}
    for choice, words in said.items():
        subjects.setdefault(words, []).append(choice)
    return [f"{joined(choices)} {words}" for words, choices in subjects.items()]


def _is_registered(choice: str) -> bool:
    group, _, name = choice.partition("=")
    return name in entries(group)


def _words(record: Record) -> str:
    kind = next((kind for kind in ("plugin", "package", "module") if kind in record), None)
    if kind is None:
        return "runner itself"
    of = f" of {record['package']}" if kind == "plugin" and "package" in record else ""
    digest = f" (sha256 {record['sha256'][:12]}...)" if record["sha256"] else ""
    return f"the {kind.replace('plugin', 'plug-in')} {record[kind]}{of}{digest}"


def _remedy(record: Record) -> str:
    if "plugin" in record:
        source = record["plugin"]
        return f"add {plugins.FLAG} {shlex.quote(plugins.shown(source))} (in Python: runner.use_plugins({source!r}))"
    return "install it" if "package" in record else "import that first"
