"""What a run was asked for and did not come to: it ended, or keeps weights from, before that began to act."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.config.registry import name_of
from runner.config.settings import Settings
from runner.config.timing import Late, late
from runner.config.validate import show


@dataclass
class NeverActed:
    """`sentences` for the reader; `groups` ("averaging") whose choice the kept weights know nothing of."""

    sentences: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, list[str]]:
        """As summary.json has it, where there is something to say."""
        found = {"notes": self.sentences, "without_effect": self.groups}
        return {key: value for key, value in found.items() if value}


def never_acted(settings: Settings, steps: int, last: float, kept: float, *, dropped: bool) -> NeverActed:
    """Of a run that has ended after epoch `last` and keeps the weights of epoch `kept`.

    `steps`: those of an epoch. `dropped`: whether reduce-on-plateau has lowered the rate. When a run stops is what its
    status says, so that early_stopping.* is left out.
    """
    found = NeverActed()
    for each in late(settings, steps, kept) if last else ():
        if each.group != "early_stopping" and (each.begins.only_then or each.begins.epoch > last):
            found.sentences.append(_sentence(each, last, kept))
            found.groups += [each.group] if each.begins.only_then else []
    if last and settings.scheduler.reactive and not dropped and "scheduler" not in found.groups:
        name = name_of(settings.scheduler, "scheduler")
        found.sentences.append(f"scheduler = {name}: the rate never dropped, so that it had no effect")
        found.groups.append("scheduler")
    return found


def _sentence(each: Late, last: float, kept: float) -> str:
    begins = each.begins
    when = f"{each.key} = {show(each.value)}: {begins.what} comes in epoch {begins.epoch}"
    over = begins.epoch > last
    ended = f"training ended after epoch {last}" if over else f"the weights of epoch {kept} are kept"
    return f"{when}, but {ended}" + (": the result is that of a run without it" if begins.only_then else "")
