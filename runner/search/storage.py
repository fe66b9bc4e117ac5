"""The study of a search as others read it: optuna-dashboard, `optuna.load_study`.

The search itself goes by the runs. What lies here follows from them: it is written behind each round, and what a kill
has cut off, or what has changed since, is written again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning, OptunaError
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState, create_trial

from runner.errors import ConfigError, RunError

optuna.logging.set_verbosity(optuna.logging.ERROR)

IDENTITY = "runner"  # the attribute of a study that says which search it is of
FILE, STUDY = "optuna.journal", "search"  # in a sweep's own folder

Direction = Literal["minimize", "maximize"]
Recorded = tuple[FrozenTrial, list[float] | None, bool]  # trial, its values, whether it has ended


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna says of much that it uses itself that it is experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


class _Alone(JournalFileOpenLock):
    """No lock: the sweep's own folder is locked already, and what a kill leaves of Optuna's would hold for 30 s."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


class Mirror:
    """A study in a file of Optuna's journal, or at a URL of a database.

    Args:
        where: a path or URL, which other studies may share; None for a file in `root` alone.
        root: the sweep's folder, whose name the study has where others may be.
        identity: what tells this search from another one.
    """

    def __init__(
        self, where: str | None, root: Path, identity: str, directions: Sequence[Direction], names: Sequence[str]
    ):
        self.where, self.root, self.identity = where or str(root / FILE), root, identity
        self.name = "/".join(root.parts[-2:]) if where else STUDY
        self.directions, self.names, self.own = list(directions), list(names), where is None
        self.study: optuna.Study | None = None

    def check(self) -> None:
        """ConfigError if there is a study of another search, or nothing that can be read. Nothing is written."""
        if not self.own or Path(self.where).exists():
            self._found(self._place())

    def write(self, trials: Sequence[Recorded]) -> None:
        """Add what is new. Raises ConfigError as `check`, RunError if it cannot be written."""
        try:
            study = self._opened()
            if not all(map(_agrees, study.get_trials(deepcopy=False), trials)):
                optuna.delete_study(study_name=self.name, storage=study._storage)
                self.study = None
                study = self._opened()
            there = study.get_trials(deepcopy=False)
            for number, (trial, values, ended) in enumerate(trials):
                if number >= len(there):
                    study.add_trial(running(trial.params, trial.distributions))
                if ended and (number >= len(there) or there[number].state == TrialState.RUNNING):
                    study.tell(number, values, state=TrialState.COMPLETE if values else TrialState.PRUNED)
        except (OSError, OptunaError) as error:
            raise RunError(
                f"can't write {self.where}: {_first_line(error)}; what has trained is saved: `runner resume` goes on"
            ) from error

    def _opened(self) -> optuna.Study:
        if self.study is None:
            place = self._place()
            self.study = self._found(place) or optuna.create_study(
                study_name=self.name, storage=place, directions=self.directions
            )
            if IDENTITY not in self.study.user_attrs:
                with quiet():
                    self.study.set_metric_names(self.names)
                self.study.set_user_attr(IDENTITY, self.identity)
        return self.study

    def _place(self) -> BaseStorage:
        try:
            return optuna.storages.get_storage(_storage(self.where, self.own))
        except Exception as error:
            raise ConfigError(
                f"hydra.sweeper.storage = {self.where}: can't be read as studies of Optuna ({_first_line(error)}); "
                "name another, such as hydra.sweeper.storage=sqlite:///studies.db"
            ) from error

    def _found(self, place: BaseStorage) -> optuna.Study | None:
        """The study of this search, if it is there; ConfigError if another has its place."""
        known = optuna.get_all_study_names(place)
        if self.name in known:
            study = optuna.load_study(study_name=self.name, storage=place)
            fresh = not study.get_trials(deepcopy=False)  # a kill may have left it without a word whose it is
            if study.user_attrs.get(IDENTITY, self.identity if fresh else None) == self.identity:
                return study
        elif not (self.own and known):
            return None
        other = self.name if self.name in known else known[0]
        raise ConfigError(
            f"hydra.sweeper.storage = {self.where}: holds another study ({other}), with other keys, ranges, "
            "objectives, sampler or seed; name another file, or begin another sweep"
        )


def _storage(where: str, own: bool) -> BaseStorage | str:
    if "://" in where:
        return where
    if own:
        _mend(Path(where))
    return JournalStorage(JournalFileBackend(where, _Alone(where) if own else None))


def _mend(path: Path) -> None:
    """Cut off the line that a kill has left unfinished: Optuna would write the next one behind it."""
    data = path.read_bytes() if path.exists() else b""
    if not data.endswith(b"\n") and data:
        path.write_bytes(data[: data.rfind(b"\n") + 1])


def _agrees(there: FrozenTrial, ours: Recorded) -> bool:
    """Whether a trial that was written is the one of now."""
    trial, values, ended = ours
    finished = there.state != TrialState.RUNNING
    return there.params == trial.params and (not finished or (ended and there.values == values))


def running(params: dict[str, Any], distributions: dict[str, BaseDistribution]) -> FrozenTrial:
    """A trial that trains, with these values. ValueError if they are not among what is searched."""
    return create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)


def _first_line(error: Any) -> str:
    return str(error).partition("\n")[0]
