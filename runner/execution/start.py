"""The doors to training: `start` a run, `start_together` several, `resume` what was started. All end in a `Session`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from runner.config import plugins
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.errors import ConfigError
from runner.execution import engines, run_list
from runner.execution.executors.chosen import executor_of
from runner.execution.hydra_files import take_over, write_lacking
from runner.execution.lock import lock
from runner.execution.options import HERE, Options
from runner.execution.same_data import known_data
from runner.execution.session import Screen, Session, unwatched
from runner.execution.stored import write_config
from runner.execution.work import Run
from runner.plan.read_data import data_of
from runner.records.run_files import refuse_to_overwrite
from runner.records.run_folder import LIST, OLD_LIST, checkpoints, is_listed
from runner.training.outcome import Outcome


def start(
    settings: Settings,
    folder: Path,
    screen: Screen = unwatched,
    *,
    pictured: bool = False,
    data: Sequence[RunData] | None = None,
) -> list[Outcome]:
    """Train what one configuration stands for: a run in `folder`, which is there, or one for each fold below it.

    Raises ConfigError before anything trains, Interrupted after SIGINT or SIGTERM (all state saved), RunError for what
    the user can mend, such as a full disk. A run that fails otherwise becomes an outcome "failed": `resume` tries it
    again.
    """
    folder = Path(folder)
    runs = run_list.of_one(settings, folder, pictured=pictured)
    with lock(folder):
        _refuse_second_start(folder, runs)
        session = Session(folder, runs, data or data_of([run.settings for run in runs]))
        session.notes += engines.decide(session.runs, session.data)
        write_config(settings, folder)
        return _train(session, screen)


def start_together(
    runs: Sequence[Run],
    root: Path,
    screen: Screen = unwatched,
    *,
    options: Options = HERE,
    data: Sequence[RunData] | None = None,
) -> list[Outcome]:
    """Train runs below `root`, which is there; outcomes in their order. What is wrong with one harms itself only: it
    becomes an outcome "failed". Raises as `start`, and RunError if results.csv cannot be written.
    """
    with lock(root):
        _refuse_second_start(root, runs)
        session = Session(root, runs, data or data_of([run.settings for run in runs]), options)
        return train_listed(session, {}, screen)


def resume(
    root: Path,
    screen: Screen = unwatched,
    *,
    options: Options = HERE,
    pictured: bool = False,
    notes: Sequence[str] = (),
    engine: str = "",
) -> list[Outcome]:
    """Continue what was started in `root`: a run, its folds, or runs together; all outcomes, in the order of the runs.

    What has no checkpoint yet starts from its beginning, what failed is tried again; what has ended is left alone,
    unless its files are not what they were then: these are set aside, and it is trained again. `notes` are said first.
    Runs continue by the engine that they were begun with, unless another is given.

    Raises ConfigError if nothing was started there, its data have changed or it is in use; RunError if what says which
    runs they are is damaged or of another version.
    """
    root = Path(root)
    together = root.resolve() if is_listed(root) else run_list.resumed_in(root)
    if together != root.resolve():
        raise ConfigError(
            f"{root} was started together with other runs; they resume together: "
            f"`{plugins.command('resume', str(together))}`"
        )
    from runner.execution.growth import Growth
    from runner.execution.searching import search_in

    with lock(root):
        take_over(root)
        runs, known = run_list.load(root, pictured=pictured)
        with Growth.again(root, runs) as growth:
            data = data_of([run.settings for run in runs])
            search = search_in(root, runs, data, growth)
            session = Session(root, runs, data, options, notes=list(notes), search=search, growth=growth)
            known_now = known_data(session, known)
            engines.take_up(root, session.runs, session.data, engine)
            session.notes += engines.decide(session.runs, session.data)
            if is_listed(root) and (engine or not known):  # by another engine now, or begun by an earlier version
                run_list.write(root, runs, known_now)
            session.enlist = partial(_enlist, known=known_now)
            return _train(session, screen)


def train_listed(session: Session, known: dict[str, str], screen: Screen) -> list[Outcome]:
    """List the runs of a folder that is locked, and train them; `known` are the data of those it has already.

    Raises as `start_together`, and ConfigError if these data have changed.
    """
    session.enlist = partial(_enlist, known=known)
    session.enlist(session)
    return _train(session, screen)


def _enlist(session: Session, known: dict[str, str]) -> None:
    """List the runs of a session, each with its engine, and write what the folders of new ones lack."""
    known |= known_data(session, known)
    session.notes += engines.decide(session.runs, session.data)
    run_list.write(session.root, session.runs[: session.asked], known)
    write_lacking(session.root, session.runs)


def _train(session: Session, screen: Screen) -> list[Outcome]:
    """Train in a folder that is locked, and whose list has been written."""
    write_lacking(session.root, session.runs)
    return session.train(screen, executor_of)


def _refuse_second_start(root: Path, runs: Sequence[Run]) -> None:
    """ConfigError if runs were started in `root` before: they would be overwritten. RunError if one has recorded."""
    there = [path for path in (root / LIST, root / OLD_LIST, *checkpoints(root)) if path.exists()]
    if there:
        raise ConfigError(
            f"{root} holds runs that were started before ({there[0].name}). Resume them, or choose another folder."
        )
    for run in runs:
        refuse_to_overwrite(run.folder)
