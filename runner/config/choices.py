"""The table of choices: group -> name -> registered class, filled by importing every room once."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import os
import pkgutil
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runner.config import plugins
from runner.config.location import config_dir
from runner.errors import ConfigError

# Groups whose entries are the values of a key (model.activation=relu, trainer.metrics=[f1]) and have no keys.
NAMED = ("activation", "norm", "parametrization", "init", "metric")

FLAT_GROUPS = ("regularizer", "augmentation")  # every entry is a key: they combine

# Packages whose every module is imported by `load`: a new file there is a new entry, nothing else to touch.
ROOMS = (
    "runner.data.sources",
    "runner.population.pieces",
    "runner.regularizers",
    "runner.optimizers.rules",
    "runner.optimizers.schedules",
    "runner.optimizers.averaging",
    "runner.data.augmentation",
    "runner.training.settings",
    "runner.training.metrics",
    "runner.ensembles.kinds",
)


@dataclass(frozen=True)
class Entry:
    """One registered choice."""

    group: str
    name: str
    cls: type[Any]
    torch: str | None = None
    paper: str | None = None
    plugin: str | None = None  # what it came from: a file, or the name of a module
    compiled: Any = None  # its form for compiled steps (`runner.compiled.forms`), if it has one
    lecture: str | None = None  # where the lectures teach it, FILE:LINE, several after commas

    def __str__(self) -> str:
        """As it is chosen: optimizer=adam."""
        return f"{self.group}={self.name}"

    @property
    def formula(self) -> str:
        """The first paragraph of the docstring, on one line."""
        return " ".join((self.cls.__doc__ or "").strip().split("\n\n")[0].split())

    @functools.cached_property
    def options(self) -> dict[str, Any]:
        """Key name -> its `Option` (who asks for entries, so is not imported here), in the order of declaration."""
        return {f.name: f.metadata["option"] for f in dataclasses.fields(self.cls) if "option" in f.metadata}

    @property
    def defaults(self) -> dict[str, Any]:
        """Key name -> default value."""
        instance = self.cls()
        return {name: getattr(instance, name) for name in self.options}

    @property
    def flaw(self) -> str:
        """What is wrong with the keys; "" if nothing is."""
        for key, option in self.options.items():
            for what, value in (("default", self.defaults[key]), ("preset", option.preset)):
                problem = option.check(value)[1] if value is not None or what == "default" else None
                if problem:
                    return f"{key}: its {what} {value!r} is not allowed: {problem}"
        if self.group in FLAT_GROUPS and all(option.neutral is None for option in self.options.values()):
            return "no key has a neutral value, by which it is known whether the technique is used"
        return ""


_ENTRIES: dict[str, dict[str, Entry]] = {}
_CACHES: list[Any] = []
_added: set[str] = set()  # plug-ins that have been imported
_loaded = False


def cached(function: Callable) -> Any:
    """`functools.cache` for what is read from the table: emptied whenever the table changes."""
    remembering = functools.cache(function)
    _CACHES.append(remembering)
    return remembering


def changed() -> None:
    """Forget what has been read from the table."""
    for cache in _CACHES:
        cache.cache_clear()


def register(
    group: str,
    name: str,
    *,
    torch: str | None = None,
    paper: str | None = None,
    lecture: str | None = None,
    compiled: Any = None,
):
    """Class decorator: `@register("optimizer", "rmsprop", torch="RMSprop", paper="Tieleman & Hinton 2012")`."""

    def add(cls):
        if "__dataclass_fields__" not in vars(cls):  # its own: a base's would hide that its keys are none
            raise TypeError(f"{cls.__name__} must be a dataclass: write @dataclass below @register")
        for f in dataclasses.fields(cls):
            if "option" not in f.metadata:
                way = f"declare it as one, {f.name}: float = number(...), or as a constant without a type"
                raise TypeError(f"{cls.__name__}.{f.name} is a field but no key: {way}")
            if f.name == "name":
                raise TypeError(f"{cls.__name__}: no key can be called `name`: that is the name of the choice")
        if group in NAMED and dataclasses.fields(cls):
            raise TypeError(f"{group}={name}: a choice of {group} is set by its name alone and cannot have keys")
        known = _ENTRIES.setdefault(group, {})
        if name in known and _place(known[name].cls) != _place(cls):  # the same place: its module is loaded again
            raise NameTakenError(
                f"{group}={name} is registered twice: by {_place(known[name].cls)} and by {_place(cls)}; "
                "choose another name"
            )
        known[name] = Entry(group, name, cls, torch, paper, compiled=compiled, lecture=lecture)
        changed()
        return cls

    return add


class NameTakenError(ConfigError, ValueError):
    """A second class asks for a name that another one has."""


def _place(cls: type) -> str:
    """Module and name of a class; for a plug-in the file, as its module is named by us."""
    file = plugins.file_of(cls.__module__)
    return f"{cls.__qualname__} in {file}" if file else f"{cls.__module__}.{cls.__qualname__}"


def load() -> None:
    """Import every module of every room, then what installed packages and plug-ins add to them; once."""
    global _loaded
    if _loaded:
        return
    _loaded = True
    for room in ROOMS:
        _import_room(room)
    for point in plugins.installed():
        try:
            _add(point.value, point.value)
        except ConfigError as error:
            warnings.warn(f"{plugins.package_of(point)}, module {point.value}: {error}; skipped", stacklevel=2)
    try:
        load_plugins()
    except ConfigError:
        _loaded = False
        raise


def use_plugins(*sources: str | os.PathLike) -> None:
    """Import plug-ins, files or modules, as `--plugins` does: what they register can be chosen, also by processes that
    are started from here. ConfigError with what is wrong with any of them.
    """
    before = os.environ.get(plugins.VARIABLE, "")
    plugins.name([os.fspath(source) for source in sources])
    try:
        load_plugins()
    except ConfigError:
        os.environ[plugins.VARIABLE] = before
        raise


def load_plugins() -> None:
    """Import the plug-ins that are named and not imported yet; ConfigError with what is wrong with any of them."""
    load()
    problems = []
    for source in plugins.named():
        if source not in _added:
            try:
                _add(source, plugins.module_of(source))
            except ConfigError as error:
                problems += [f"plug-in {plugins.shown(source)}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(problems)


def _add(source: str, module: str) -> None:
    """Import a plug-in; ConfigError if it cannot be imported or adds nothing that can be chosen, with nothing added."""
    before = {group: dict(known) for group, known in _ENTRIES.items()}
    try:
        with plugins.explained(source):
            _import_room(module)
        found = [entry for entry in _all() if _is_of(entry, module, before)]
        _check_added(found, before)
    except ConfigError:
        restore(before)
        sys.modules.pop(module, None)
        raise
    for entry in found:
        _ENTRIES[entry.group][entry.name] = dataclasses.replace(entry, plugin=source)
    changed()
    _added.add(source)


def _all() -> list[Entry]:
    return [entry for known in _ENTRIES.values() for entry in known.values()]


def _is_of(entry: Entry, module: str, before: dict[str, dict[str, Entry]]) -> bool:
    """Whether an entry has come by importing `module`, now or earlier."""
    new = entry.name not in before.get(entry.group, {})
    return new or f"{entry.cls.__module__}.".startswith(f"{module}.")


def restore(before: dict[str, dict[str, Entry]]) -> None:
    """The table as it was."""
    _ENTRIES.clear()
    _ENTRIES.update(before)
    changed()


def _check_added(found: list[Entry], before: dict[str, dict[str, Entry]]) -> None:
    """ConfigError for entries that nothing would ever use."""
    if not found:
        raise ConfigError('registers nothing; write @register("optimizer", "NAME") above a class')
    problems = [f"registers {entry}, {problem}" for entry in found if (problem := _useless(entry, before))]
    if problems:
        raise ConfigError(problems)


def _useless(entry: Entry, before: dict[str, dict[str, Entry]]) -> str:
    """Why nothing would use an entry; "" if it can be chosen."""
    choices = {group: known for group, known in before.items() if list(known) != ["default"]}
    if entry.group not in choices:
        return f"but {entry.group!r} is no group of choices; groups: {', '.join(sorted(choices))}"
    if not re.fullmatch(r"\w+", entry.name):
        return "a name that cannot be typed; use letters, digits and _"
    if entry.name == "none" or (config_dir() / entry.group / f"{entry.name}.yaml").is_file():
        return "which is a name that has a meaning already (`none`, or a preset); choose another name"
    base = _base([each.cls for each in choices[entry.group].values() if each.plugin is None])
    if base is not None and not issubclass(entry.cls, base):
        return f"but its class must derive from {_place(base)}"
    return f"but {entry.flaw}" if entry.flaw else ""


def _base(classes: list[type]) -> type | None:
    """The closest class that all derive from, if there is one besides `object`."""
    common = (each for each in classes[0].__mro__[:-1] if all(issubclass(cls, each) for cls in classes))
    return next(common, None)


def of_plugin(source: str) -> list[Entry]:
    """What a plug-in has registered."""
    return [entry for entry in _all() if entry.plugin == source]


def _import_room(name: str) -> None:
    """Import a module; if it is a package, every module in it as well."""
    room = importlib.import_module(name)
    for module in pkgutil.iter_modules(getattr(room, "__path__", [])):
        if module.name != "__main__":  # which is a program, not a part of the package
            importlib.import_module(f"{name}.{module.name}")


def entries(group: str) -> dict[str, Entry]:
    """Name -> entry of one group."""
    load()
    return _ENTRIES.get(group, {})


def groups() -> list[str]:
    """Names of all groups that hold an entry."""
    load()
    return sorted(_ENTRIES)


def name_of(instance: Any, group: str) -> str:
    """The name under which the class of `instance` is registered in `group`."""
    return next(name for name, entry in entries(group).items() if entry.cls is type(instance))
