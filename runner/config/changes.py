"""Settings with words of the command line laid over them, as they stand and whatever they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.config.compose import Composer
from runner.config.overlay import lay_over
from runner.config.overrides import is_hydra, parse, spelled_out
from runner.config.presets import names_chosen
from runner.config.settings import Settings
from runner.config.validate import check
from runner.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


class Changes:
    """KEY=VALUE words that change any settings. Hydra must be ready (`compose.hydra_ready`).

    A choice (optimizer=sgd, regularizer=[dropout]) replaces its group and sets in others what it sets there; the values
    are laid over then. `problems` are those of the words on their own.
    """

    def __init__(self, words: Sequence[str]):
        self.composer = Composer()
        spelled, self.problems = spelled_out(list(words))
        overrides, unread = parse(spelled)
        self.problems += unread
        self.choices: list[Override] = []
        self.values: list[Override] = []
        for override in overrides:
            misplaced = _misplaced(override)
            is_choice, wrong = (False, [misplaced]) if misplaced else self.composer.judged(override)
            self.problems += wrong
            if not wrong:
                (self.choices if is_choice else self.values).append(override)

    def over(self, settings: Settings) -> tuple[Settings, list[str]]:
        """(the settings with the changes, everything that is wrong with them)."""
        from omegaconf import OmegaConf

        tree = settings.tree()
        try:
            for choice in self.choices:
                _choose(tree, choice.key_or_group, self._tree([]), self._tree([choice]))
            base: Any = OmegaConf.create({**tree, "hydra": self.composer.base([]).hydra})
            tree = lay_over(base, self.values)
        except ConfigError as error:
            return settings, error.problems
        found, problems = check(tree)
        chosen = {choice.key_or_group: choice.value() for choice in self.choices}
        kept = {group: name for group, name in settings.chosen.items() if group not in chosen}
        found.chosen = kept | names_chosen(found, chosen)
        return found, problems

    def _tree(self, choices: list[Override]) -> dict[str, Any]:
        return lay_over(self.composer.base(choices), [])


def _choose(tree: dict[str, Any], group: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Put into a tree what a choice brings: all of its group, elsewhere what differs from the default."""
    for key, value in after.items():
        if key == group:
            tree[key] = value
        elif value != before.get(key):
            _lay_differences(tree, key, before.get(key), value)


def _lay_differences(tree: dict[str, Any], key: str, before: Any, after: Any) -> None:
    if isinstance(after, dict) and isinstance(before, dict) and isinstance(tree.get(key), dict):
        for name, value in after.items():
            if value != before.get(name):
                _lay_differences(tree[key], name, before.get(name), value)
    else:
        tree[key] = after


def _misplaced(override: Override) -> str:
    """What is wrong with a word that cannot change settings."""
    word, key = override.input_line, override.key_or_group
    if is_hydra(override):
        return (
            f"{word}: says nothing about a run; hydra.run.dir=FOLDER says where a run is written, "
            "hydra.sweep.dir=FOLDER where a sweep is"
        )
    if override.is_sweep_override():
        return f"{word}: several values are a sweep; give one"
    if key == "experiment":
        return (
            f"{word}: a recipe is a whole configuration and leaves nothing to repeat; start it by itself: runner {word}"
        )
    return ""
