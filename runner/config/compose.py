"""A job's configuration composed for checking: every problem in it, at once, in half a millisecond.

Hydra stops at the first mistake and lets `++typo=3` through. So the groups are composed first, with unknown choices
taken out and noted; the value overrides are then laid on top, whatever their keys; and `validate` judges the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.combined import Combinations, Composed
from runner.config.location import refuse_hidden
from runner.config.overlay import first_line, is_involved, laid_over, lay_over
from runner.config.overrides import is_hydra, parse_word
from runner.config.presets import names_chosen
from runner.config.refusals import refusal
from runner.config.settings import Settings
from runner.config.suggest import closest, explain_unknown_choice
from runner.config.validate import Shared, check
from runner.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig


FEW = 5  # combinations of choices that Hydra composes one by one


@contextmanager
def hydra_ready(folder: Path, extra: str | None = None) -> Iterator[None]:
    """Hydra's compose API over everything registered, `folder`, and before it the folder of --config-dir."""
    from hydra import version
    from hydra._internal.hydra import Hydra
    from hydra._internal.utils import create_config_search_path
    from hydra.core.config_search_path import SearchPathQuery
    from hydra.core.global_hydra import GlobalHydra

    from runner.config.store import store

    store()
    version.setbase("1.3")
    search_path = create_config_search_path(str(folder))
    if extra is not None:
        if not Path(extra).is_dir():
            raise ConfigError(f"--config-dir {extra}: no such folder")
        refuse_hidden(Path(extra), folder)
        search_path.prepend("command-line", f"file://{Path(extra).resolve()}", SearchPathQuery(provider="schema"))
    Hydra.create_main_hydra2(task_name="runner", config_search_path=search_path)
    try:
        yield
    finally:
        GlobalHydra.instance().clear()


def compose(words: list[str], config_name: str = "config") -> DictConfig:
    """Hydra's own composition; its errors as ConfigError."""
    from hydra import compose as hydra_compose
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        return hydra_compose(config_name, overrides=words, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        cause = f" ({first_line(error.__cause__)})" if error.__cause__ else ""
        raise ConfigError(_unknown_key(error.__cause__) or f"{first_line(error)}{cause}") from error


def _unknown_key(cause: Any) -> str:
    """What to say of a key that a node of Hydra's has not, such as hydra.launcher.worker; "" of other errors."""
    kind, key = getattr(cause, "object_type", None), str(getattr(cause, "full_key", ""))
    if not is_dataclass(kind) or not key.startswith("hydra."):
        return ""
    names = [field.name for field in fields(kind) if not field.name.startswith("_")]
    node, _, last = key.rpartition(".")
    near = closest(last, names)
    hint = f"did you mean {node}.{near}?" if near else f"{node} has {', '.join(names)}"
    return f"{key}: unknown key; {hint}"


class Groups:
    """The groups of choices Hydra can see: registered nodes and YAML files, in all folders searched."""

    def __init__(self, config_name: str = "config", hydra_words: tuple[str, ...] = ()):
        from hydra.core.global_hydra import GlobalHydra

        # Hydra's public get_group_options copies all it knows at every call (35 ms); this is the same, once.
        loader: Any = GlobalHydra.instance().config_loader()
        self._repository = loader._parse_overrides_and_create_caching_repo(config_name, list(hydra_words))[1]
        self._choices: dict[str, list[str]] = {}

    def choices(self, group: str) -> list[str]:
        """The choices of a group; none if there is no such group."""
        from hydra.core.object_type import ObjectType

        if group not in self._choices:
            self._choices[group] = self._repository.get_group_options(group, ObjectType.CONFIG)
        return self._choices[group]

    def sources(self) -> list[Any]:
        """The parts of the search path."""
        return self._repository.get_sources()

    def of_hydra(self) -> list[str]:
        """Hydra's own groups."""
        from hydra.core.object_type import ObjectType

        return [f"hydra/{name}" for name in self._repository.get_group_options("hydra", ObjectType.GROUP)]

    def names(self) -> list[str]:
        """The groups of the application, not Hydra's own."""
        from hydra.core.object_type import ObjectType

        found = self._repository.get_group_options("", ObjectType.GROUP)
        return [group for group in found if group != "hydra" and self.choices(group)]


class Composer:
    """Composes jobs for checking; jobs with the same groups share one composition by Hydra."""

    def __init__(self, config_name: str = "config", hydra_words: tuple[str, ...] = ()):
        self.config_name = config_name
        self.hydra_words = hydra_words
        self.groups = Groups(config_name, hydra_words)
        self._composed: dict[tuple[str, ...], DictConfig] = {}
        self._failed: dict[tuple[str, ...], list[str]] = {}
        self._found: dict[tuple[str, ...], Composed] = {}
        self._combinations = Combinations(self._whole, self.groups.sources())
        self._seen: dict[str, tuple[bool, list[str]]] = {}
        self._jobs: dict[tuple[str, ...], tuple[Settings | None, list[str]]] = {}
        self._shared = Shared()
        self.typed: dict[str, str] = {}  # what `forced` has changed

    def is_choice(self, override: Override) -> bool:
        """Whether the override picks a choice of a group (rather than setting a value)."""
        return bool(self.groups.choices(override.key_or_group)) and not isinstance(override.value(), dict)

    def unswept(self, overrides: list[Override]) -> DictConfig:
        """What the choices that are not swept compose to."""
        choices = [o for o in overrides if not o.is_sweep_override() and not is_hydra(o) and self.is_choice(o)]
        return self.base([o for o in choices if not self.judged(o)[1]])

    def forced(self, words: Sequence[str], config: DictConfig) -> list[str]:
        """Words of a sweep that Hydra lays over `config`, what the unswept choices compose to, before there are jobs.

        A key that only a swept choice has is written `++key=value`, as Hydra would refuse it; `typed` leads back.
        """
        given = {word: f"++{word}" for word in words if self._is_missing(parse_word(word), config)}
        self.typed |= {forced: word for word, forced in given.items()}
        return [given.get(word, word) for word in words]

    def _is_missing(self, override: Override, config: DictConfig) -> bool:
        from omegaconf import OmegaConf

        if override.is_sweep_override() or override.is_add() or override.is_force_add() or override.is_delete():
            return False
        if is_hydra(override) or self.is_choice(override):
            return False
        absent = object()
        node, value = OmegaConf.select(config, override.key_or_group, default=absent), override.value()
        return node is absent or (isinstance(value, dict) and any(key not in (node or ()) for key in value))

    def base(self, overrides: list[Override]) -> DictConfig:
        """Hydra's own composition, once for the same words; those about Hydra itself come first in each."""
        words = tuple(o.input_line or "" for o in overrides)
        if words in self._failed:
            raise ConfigError(self._failed[words])
        if words not in self._composed:
            try:
                self._composed[words] = compose([*self.hydra_words, *words], self.config_name)
            except ConfigError as error:
                self._failed[words] = error.problems
                raise
        return self._composed[words]

    def wrong_choices(self, override: Override) -> list[str]:
        """What is wrong with an override that picks a choice."""
        group, value = override.key_or_group, override.value()
        if is_hydra(override) or override.is_delete() or not self.is_choice(override):
            return []
        if override.is_add() or override.is_force_add():
            return [f"{override.input_line}: the choice is there already; write {group}={value} without +"]
        names = value if isinstance(value, list) else [value]
        wrong = [name for name in names if name not in self.groups.choices(group)]
        return [
            explain_unknown_choice(group, "null" if n is None else str(n), self.groups.choices(group)) for n in wrong
        ]

    def wrong_of_hydra(self, overrides: Sequence[Override]) -> list[str]:
        """What is wrong with choices of Hydra's own groups, such as hydra/sweeper=..., which are then left out."""
        found: dict[str, str] = {}
        for each in overrides:
            group, name, word = each.key_or_group, each._value, each.input_line or ""
            if not group.startswith("hydra/") or each.is_delete() or not isinstance(name, str):
                continue
            choices, known = self.groups.choices(group), self.groups.of_hydra()
            if not choices:
                near = closest(group, known)
                hint = f"did you mean {near}? " if near else ""
                found[word] = f"{word}: Hydra has no such group; {hint}groups: {', '.join(known)}"
            elif name not in choices:
                found[word] = explain_unknown_choice(group, name, choices)
        self.hydra_words = tuple(word for word in self.hydra_words if word not in found)
        return list(found.values())

    def settings(self, job: list[Override]) -> tuple[Settings | None, list[str]]:
        """What one job trains, and everything wrong with it; worked out once for the same words."""
        words = tuple(override.input_line or "" for override in job)
        if words not in self._jobs:
            self._jobs[words] = self._settings(job)
        return self._jobs[words]

    def keys(self, job: Sequence[Override]) -> dict[str, Any] | None:
        """The keys that some words compose to, those left out that are wrong; None if they compose to nothing."""
        right = [(is_choice, each) for each in job for is_choice, wrong in (self.judged(each),) if not wrong]
        choices, values = ([each for is_choice, each in right if is_choice is kind] for kind in (True, False))
        try:
            return self._tree(choices, values)
        except ConfigError:  # said where the job is checked
            return None

    def _settings(self, job: list[Override]) -> tuple[Settings | None, list[str]]:
        choices: list[Override] = []
        values: list[Override] = []
        found: list[str] = []
        for override in job:
            is_choice, wrong = self.judged(override)
            found += wrong
            if not wrong:
                (choices if is_choice else values).append(override)
        try:
            tree = self._tree(choices, values)
        except ConfigError as error:
            return None, found + error.problems
        settings, problems = check(tree, self._shared)
        settings.chosen = names_chosen(settings, self.chosen(choices))
        return settings, found + problems

    def judged(self, override: Override) -> tuple[bool, list[str]]:
        """(whether it picks a choice, what is wrong with it on its own), once for the same word."""
        word = override.input_line or ""
        if word not in self._seen:
            is_choice = is_hydra(override) or self.is_choice(override)
            wrong = refusal(override) or (self.wrong_choices(override) if is_choice else [])
            self._seen[word] = (is_choice, wrong)
        return self._seen[word]

    def _tree(self, choices: list[Override], values: list[Override]) -> dict[str, Any]:
        """The keys of a job: composed by Hydra once for the same choices, with values laid over.

        Interpolations are left to OmegaConf, which takes milliseconds; plain values are not.
        """
        plain = self._of_choices(choices).tree
        if plain is None or any(is_involved(o) for o in values):
            return lay_over(self.base(choices), values)
        return laid_over(plain, values)

    def chosen(self, choices: list[Override]) -> dict[str, Any]:
        """Group -> the choice made in it, Hydra's own groups included, as in hydra.runtime.choices."""
        return self._of_choices(choices).chosen

    def _of_choices(self, choices: list[Override]) -> Composed:
        """What choices compose to; from the sixth combination on put together from those of single choices."""
        words = tuple(o.input_line or "" for o in choices)
        if words not in self._found:
            many = len(self._found) >= FEW and words not in self._composed
            combined = self._combinations.combined(choices) if many else None
            self._found[words] = combined or self._whole(choices)
        return self._found[words]

    def _whole(self, choices: Sequence[Override]) -> Composed:
        """What Hydra composes."""
        from omegaconf import OmegaConf

        base = self.base(list(choices))
        keys = OmegaConf.create({key: base._get_node(key) for key in base if key != "hydra"})
        raw: Any = OmegaConf.to_container(keys, resolve=False)
        return Composed(None if "${" in repr(raw) else raw, dict(base.hydra.runtime.choices))


def is_multirun(config: DictConfig) -> bool:
    """Whether the configuration itself asks for a sweep (hydra.mode=MULTIRUN, there or in an experiment)."""
    return str(config.hydra.mode).endswith("MULTIRUN")
