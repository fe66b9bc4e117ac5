"""What one worker is given and how it carries it out: runs of one structure, `width` of them side by side at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.compact import compact, shown, told
from runner.config.settings import Settings

if TYPE_CHECKING:
    from runner.training.outcome import Outcome


@dataclass(frozen=True)
class Run:
    """One run of a sweep: where it lies, what was asked for on the command line, and what that means.

    `choices` are those of Hydra's groups in which it differs from the sweep's own configuration.
    """

    folder: Path
    settings: Settings
    overrides: tuple[str, ...] = ()
    choices: Mapping[str, str | None] = field(default_factory=dict)

    @cached_property
    def values(self) -> dict[str, Any]:
        """Every key of the run, a choice or a preset under the name of its group."""
        return shown(self.settings)

    @cached_property
    def told(self) -> dict[str, Any]:
        """Of `values` what is not at the defaults of what was chosen."""
        return told(self.settings, self.values)

    @cached_property
    def given(self) -> dict[str, Any]:
        """The keys that are not at their defaults; from them the settings are made again."""
        return compact(self.settings) if self.settings.chosen else self.told


@dataclass(frozen=True)
class Work:
    """Runs that can be rows of one population, by their number in the sweep.

    Those that the checkpoint `source` holds go on from there; the others begin, as many side by side as fit `width`,
    the next as soon as some have ended. `path` is the checkpoint this work writes.
    """

    members: tuple[int, ...]
    width: int
    path: Path
    source: Path | None = None


def carry_out(
    work: Work,
    runs: Sequence[Run],
    data: Sequence[Any],
    *,
    asked_to_stop: Callable[[], bool],
    ended: Callable[[int, Outcome], None],
    watch: Callable[[list[Any]], None],
) -> None:
    """Train all members to their ends; `ended` hears of each at once, `watch` of those in training after each epoch.

    Raises Interrupted with everything saved if asked to stop, and whatever one of the rows raises.
    """
    import torch

    from runner.execution.trials import draw_figures, facts, open_trial
    from runner.training import checkpoint
    from runner.training.engine import Engine
    from runner.training.loop import Training, place

    number = {place(runs[i].folder, work.path): i for i in work.members}
    tensors, rows = checkpoint.read(work.source) if work.source else (None, [])
    positions = {number[row["folder"]]: p for p, row in enumerate(rows) if row["folder"] in number}
    waiting = [i for i in work.members if i not in positions]

    def open_(members: list[int]) -> list[Any]:
        return [
            open_trial(
                runs[i].settings,
                data[i],
                runs[i].folder,
                rows[positions[i]] if i in positions else None,
                resumed=True,
                detailed=False,
            )
            for i in members
        ]

    def admit(free: int) -> list[Any]:
        found = open_(waiting[:free])
        del waiting[:free]
        return found

    first = runs[work.members[0]].settings
    torch.set_num_threads(first.trainer.threads)
    begun = sorted(positions, key=positions.__getitem__)
    trials = open_(begun) or admit(work.width)
    engine = Engine([trial.settings for trial in trials], [trial.data for trial in trials])
    training = Training(
        engine,
        trials,
        work.path,
        facts=facts(first),
        asked_to_stop=asked_to_stop,
        watch=lambda trials, _: watch(trials),
        at_end=draw_figures,
        ended=lambda outcome: ended(number[place(outcome.folder, work.path)], outcome),
        admit=admit,
        width=work.width,
    )
    if tensors:
        training.load(tensors, [positions[i] for i in begun])
    training.run()
