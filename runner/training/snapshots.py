"""Members of an ensemble that one run leaves on its way: its network at the ends of cycles of the learning rate.

Each lies in members/000, members/001, ... of the run's folder, as a model and what it says about each split. A
checkpoint knows their checksums; the summary lists them, and has the metrics of all together in the place of the run's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.config.registry import name_of
from runner.records import disk
from runner.records.checksums import MODEL, sha256
from runner.records.run_folder import ANSWERS, MEMBERS
from runner.records.summary import SPLITS
from runner.training.answers import answers_bytes, read_answers
from runner.training.combined import on_average, together
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


def reached(trial: Trial) -> dict[str, Any]:
    """What the summary of the run says of its members; nothing if it has fewer than two, as one that diverged may."""
    names = list(dict.fromkeys(name.split("/")[1] for name in trial.snapshots))
    if len(names) < 2:
        return {}
    answers = [read_answers(trial.files.folder / MEMBERS / name) for name in names]
    ensemble = trial.settings.ensemble
    metrics = together(ensemble.way(trial.data, answers, ()), trial.settings, trial.data, answers)
    return {
        **{split: metrics.get(split, {}) for split in SPLITS},
        "ensemble": {
            "kind": name_of(ensemble, "ensemble"),
            "seeds": ensemble.seeds,
            "combine": ensemble.combine,
            "members": names,
            "mean": on_average(trial.settings, trial.data, answers),
        },
    }
