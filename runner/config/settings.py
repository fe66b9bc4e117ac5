"""A validated configuration as typed objects, and the paths to its options."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from runner.config.choices import FLAT_GROUPS, cached
from runner.config.origin import Record, foreign, recorded
from runner.config.registry import NAMED, Entry, Option, entries, integer, name_of, text

CHOICE_GROUPS = (
    "dataset",
    "model",
    "loss",
    "optimizer",
    "scheduler",
    "averaging",
    "ensemble",
)  # one entry of several, with its own keys and `name`
SINGLE_GROUPS = ("early_stopping", "trainer")  # one schema
DEFAULT_CHOICE = {
    "dataset": "digits",
    "model": "mlp",
    "loss": "auto",
    "optimizer": "adamw",
    "scheduler": "constant",
    "averaging": "none",
    "ensemble": "none",
    "early_stopping": "default",
    "trainer": "default",
}

OWN = ("seed", "name")  # keys outside of groups, the last ones
EXPERIMENT = "experiment"  # the group of recipes, which are YAML only
TEXTS, LABELS = ("text", "texts", "pairs"), ("labels",)  # types of option whose values, or whose labels, are text


class Tied(NamedTuple):
    """What draws the weights of a run to those of the others of its group, with which it begins and ends."""

    group: str
    strength: float


@dataclass
class Settings:
    """One run: instances of registered classes, every value checked and in its type."""

    dataset: Any
    model: Any
    loss: Any
    optimizer: Any
    scheduler: Any
    averaging: Any
    ensemble: Any
    early_stopping: Any
    trainer: Any
    regularizer: dict[str, Any] = field(default_factory=dict)
    augmentation: dict[str, Any] = field(default_factory=dict)
    seed: int = integer(
        0,
        ge=0,
        lt=2**64,
        kind="column",
        luck="seed",
        lecture="001:1054",
        help="initial weights, batch order, dropout",
    )
    name: str | None = text(None, optional=True, kind="free", help="a name for the folder and the dashboard")
    chosen: dict[str, str] = field(default_factory=dict, compare=False)  # group -> name of a preset; `config.presets`
    plugins: dict[str, Record] = field(
        default_factory=dict, compare=False
    )  # as recorded in the folder it was read from
    tied: Tied | None = field(default=None, compare=False)  # of a member of an ensemble with `ensemble.tie`
    engine: str = field(default="", compare=False)  # what trainer.engine came to when it began (`config.engines`)

    def value(self, path: str) -> Any:
        """The value at a dotted key, such as "optimizer.lr" or "regularizer.elastic_net.alpha"."""
        node: Any = self
        for part in path.split("."):
            node = node[part] if isinstance(node, dict) else getattr(node, part)
        key = single_key(type(node)) if hasattr(type(node), "__dataclass_fields__") else None
        return getattr(node, key) if key else node

    def options(self) -> Mapping[str, Option]:
        """Dotted key -> option, for every key this run has."""
        return _options(tuple(type(getattr(self, group)) for group in CHOICE_GROUPS + SINGLE_GROUPS))

    def choices(self) -> dict[str, str]:
        """{"optimizer.name": "adamw", ...} for every group with a choice."""
        return {f"{group}.name": name_of(getattr(self, group), group) for group in CHOICE_GROUPS}

    def foreign(self) -> dict[str, Record]:
        """What of this run is not runner's own: {"optimizer=foo": where it came from}."""
        if not foreign():
            return {}
        chosen = [f"{group}={name_of(getattr(self, group), group)}" for group in CHOICE_GROUPS]
        chosen += [f"{group}={name}" for group in FLAT_GROUPS for name in self._kept(group)]
        for key, option in self.options().items():
            if option.group in NAMED:
                value = self.value(key)
                names = value if isinstance(value, (list, tuple)) else [value]
                chosen += [f"{option.group}={str(name).rpartition('/')[2]}" for name in names]
        return recorded(chosen)

    def _kept(self, group: str) -> dict[str, Any]:
        """The entries of a flat group that a record needs: of plug-ins only those that do something."""
        nodes, others = getattr(self, group), foreign()
        if not others:
            return nodes
        return {name: node for name, node in nodes.items() if f"{group}={name}" not in others or node != type(node)()}

    def parts(self) -> tuple[int, ...]:
        """Which objects it is made of, equal for runs that share all of them and differ in `seed` and `name` alone. To
        look up while these runs are there what has been worked out for one of them.
        """
        return tuple(id(getattr(self, group)) for group in CHOICE_GROUPS + SINGLE_GROUPS + FLAT_GROUPS)

    def tree(self) -> dict[str, Any]:
        """The configuration as nested plain values, the inverse of `config.validate.validate`."""
        tree: dict[str, Any] = {}
        for group in CHOICE_GROUPS:
            node = getattr(self, group)
            tree[group] = {"name": name_of(node, group)} | plain(node)
        for group in SINGLE_GROUPS:
            tree[group] = plain(getattr(self, group))
        for group in FLAT_GROUPS:
            tree[group] = {
                name: getattr(node, key) if (key := single_key(type(node))) else plain(node)
                for name, node in self._kept(group).items()
            }
        return tree | {"seed": self.seed, "name": self.name}


def distinct(runs: Iterable[Settings]) -> dict[tuple[int, ...], Settings]:
    """`parts` -> the first of the runs that are made of them: one of each that differ in more than seed and name."""
    found: dict[tuple[int, ...], Settings] = {}
    for run in runs:
        found.setdefault(run.parts(), run)
    return found


def plain(node: Any) -> dict[str, Any]:
    """Key -> value of an entry; lists and dictionaries are copies. (`dataclasses.asdict` takes ten times as long.)"""
    names, read = reader(type(node))
    return own_copies(zip(names, read(node), strict=True))


@cached
def reader(cls: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of the keys of an entry, and what reads their values from an instance."""
    names = tuple(field.name for field in dataclasses.fields(cls))
    if len(names) == 1:
        only = operator.attrgetter(*names)
        return names, lambda node: (only(node),)
    return names, operator.attrgetter(*names) if names else lambda node: ()


def own_copies(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Values by key, lists and dictionaries as copies."""
    found = dict(values)
    return found | {key: _copied(value) for key, value in found.items() if isinstance(value, (list, tuple, dict))}


def _copied(value: Any) -> Any:
    """A copy of a plain value. (`copy.deepcopy` takes ten times as long.)"""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return type(value)(map(_copied, value)) if isinstance(value, (list, tuple)) else value


@cached
def _options(chosen: tuple[type, ...]) -> Mapping[str, Option]:
    """Dotted key -> option of the classes chosen in the groups of one choice, and of all that combine."""
    found = {"seed": root_options()["seed"], "name": root_options()["name"]}
    for group, cls in zip(CHOICE_GROUPS + SINGLE_GROUPS, chosen, strict=True):
        found |= {f"{group}.{f.name}": f.metadata["option"] for f in dataclasses.fields(cls)}
    for entry in flat_entries():
        found |= {flat_key(entry, key): option for key, option in entry.options.items()}
    return MappingProxyType(found)


def root_options() -> dict[str, Option]:
    """Options of the top-level keys."""
    return {f.name: f.metadata["option"] for f in dataclasses.fields(Settings) if "option" in f.metadata}


@cached
def luck() -> dict[str, str]:
    """Dotted key -> what chance decides by it, in words: {"seed": "seed", "dataset.fold": "fold", ...}.

    The one list of keys whose values nobody chooses for their result. Runs that differ in them alone are one setting,
    over which a report takes means; a random search trains each draw with every value of them.
    """
    groups = CHOICE_GROUPS + SINGLE_GROUPS
    options = [("", root_options())]
    options += [(f"{group}.", entry.options) for group in groups for entry in entries(group).values()]
    return {f"{prefix}{key}": option.luck for prefix, keys in options for key, option in keys.items() if option.luck}


def single_key(cls: type) -> str | None:
    """The one key of a flat entry that has just one, else None: `regularizer.l2=0.1` sets L2.strength."""
    if cls not in _single_keys:
        names = [f.name for f in dataclasses.fields(cls)]
        _single_keys[cls] = names[0] if len(names) == 1 else None
    return _single_keys[cls]


_single_keys: dict[type, str | None] = {}


def flat_key(entry: Entry, key: str) -> str:
    """The dotted configuration key of one option of an entry of a flat group, such as "regularizer.l2"."""
    return f"{entry.group}.{entry.name}" if single_key(entry.cls) else f"{entry.group}.{entry.name}.{key}"


def flat_entries() -> Iterator[Entry]:
    """Every entry of every flat group."""
    return (entry for group in FLAT_GROUPS for entry in entries(group).values())


@cached
def declared() -> dict[str, Option]:
    """Dotted key -> option, for every key of every choice."""
    found = dict(root_options())
    for group in CHOICE_GROUPS + SINGLE_GROUPS:
        for entry in entries(group).values():
            found |= {f"{group}.{key}": option for key, option in entry.options.items()}
    for entry in flat_entries():
        found |= {flat_key(entry, key): option for key, option in entry.options.items()}
    return found


@cached
def keys_alone() -> dict[str, str]:
    """ "augmentation.cutout" -> ".share": the key of a technique that a number alone is of, where it has several."""
    alone = {f"{entry.group}.{entry.name}": getattr(entry.cls, "alone", "") for entry in flat_entries()}
    return {key: f".{name}" for key, name in alone.items() if name}


@cached
def written_keys(types: tuple[str, ...]) -> frozenset[str]:
    """Keys of options of some types; among those of text are the groups, as the name of a choice is text too."""
    groups = (*CHOICE_GROUPS, *SINGLE_GROUPS, *FLAT_GROUPS, EXPERIMENT) if types == TEXTS else ()
    return frozenset(groups).union(key for key, option in declared().items() if option.type in types)


def default_tree(choices: dict[str, str] | None = None) -> dict[str, Any]:
    """The default configuration as nested plain values; `choices` picks entries, such as {"optimizer": "sgd"}."""
    chosen = DEFAULT_CHOICE | (choices or {})
    tree: dict[str, Any] = {g: {"name": chosen[g]} | entries(g)[chosen[g]].defaults for g in CHOICE_GROUPS}
    tree |= {g: entries(g)[chosen[g]].defaults for g in SINGLE_GROUPS}
    for group in FLAT_GROUPS:
        tree[group] = {
            name: entry.defaults[single_key(entry.cls)] if single_key(entry.cls) else entry.defaults  # type: ignore[index]
            for name, entry in entries(group).items()
        }
    return tree | {"seed": 0, "name": None}
