"""Members of an ensemble that one run leaves on its way: its network at the ends of cycles of the learning rate.

Each lies in members/000, members/001, ... of the run's folder, as a model and what it says about each split. A
checkpoint knows their checksums; the summary lists them, and has the metrics of all together in the place of the run's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.config.registry import name_of
from runner.ensembles.combining import Answers
from runner.records import disk
from runner.records.checksums import MODEL, sha256
from runner.records.run_folder import ANSWERS, MEMBERS, SIZES
from runner.records.summary import SPLITS
from runner.training.answers import answers_bytes, read_answers
from runner.training.combined import Sizes, by_size, on_average, sizes_csv, together
from runner.training.model_file import ENDED, model_bytes

if TYPE_CHECKING:
    from runner.training.engine import Engine
    from runner.training.trial import Trial


def take(trial: Trial, engine: Engine, epoch: int) -> None:
    """Leave the network that the only row of `engine` has after an epoch at which a member is due."""
    number = trial.settings.ensemble.snapshots(trial.settings).index(epoch)
    place = f"{MEMBERS}/{number:03d}"
    ended = dict(zip(ENDED, ("completed", f"snapshot after epoch {epoch}", epoch, epoch), strict=True))
    files = {MODEL: model_bytes(engine, 0, trial, ended), ANSWERS: answers_bytes(engine, trial.data)}
    disk.make_folder(trial.files.folder / place, parents=True)
    for name, data in files.items():
        disk.replace(trial.files.folder / place / name, data)
        trial.snapshots[f"{place}/{name}"] = sha256(data)


def members_of(trial: Trial) -> dict[str, Answers]:
    """What the members that a run has left say, by the names of their folders."""
    names = dict.fromkeys(name.split("/")[1] for name in trial.snapshots)
    return {name: read_answers(trial.files.folder / MEMBERS / name) for name in names}


def by_size_of(trial: Trial, answers: Mapping[str, Answers]) -> Sizes:
    """What the first, the first two, ... of these members reach."""
    every, kind = list(answers.values()), trial.settings.ensemble
    ways = [kind.way(trial.data, every[: k + 1], ()) for k in range(len(every))]
    return by_size(ways, trial.settings, trial.data, every)


def reached(trial: Trial) -> dict[str, Any]:
    """What the summary of the run says of its members; nothing if it has fewer than two, as one that diverged may."""
    found = members_of(trial)
    if len(found) < 2:
        return {}
    answers, kind = list(found.values()), trial.settings.ensemble
    metrics = together(kind.way(trial.data, answers, ()), trial.settings, trial.data, answers)
    return {
        **{split: metrics.get(split, {}) for split in SPLITS},
        "ensemble": {
            "kind": name_of(kind, "ensemble"),
            "seeds": kind.seeds,
            "combine": kind.combine,
            "members": list(found),
            "mean": on_average(trial.settings, trial.data, answers),
        },
    }


def write_sizes(trial: Trial) -> dict[str, str]:
    """sizes.csv of a run with two members or more; the files written -> SHA-256."""
    found = members_of(trial)
    if len(found) < 2:
        return {}
    content = sizes_csv(list(found), by_size_of(trial, found))
    disk.replace(trial.files.folder / SIZES, content)
    return {SIZES: sha256(content)}
