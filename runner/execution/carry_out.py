"""How a work is carried out, in whichever process: its runs are opened, trained to their ends, and told of."""

from __future__ import annotations

import gc
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from runner.config.conflicts.base import active
from runner.config.engines import NATIVE
from runner.config.registry import entries
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.errors import RunnerError
from runner.execution.events import Begun, Broken, Done, Ended, Event, Leading, Paused, Progressed
from runner.execution.teams import examples
from runner.execution.trials import Said, draw_augmentation, draw_epoch, draw_figures, facts, open_trial
from runner.execution.work import Run, Work
from runner.optimizers.rules.base import segment_key
from runner.plan.populations import Population
from runner.population.arrays import as_array
from runner.population.devices import ran_out
from runner.records.run_folder import LAST
from runner.training import checkpoint
from runner.training.engine import Engine
from runner.training.loop import Interrupted, Training, place
from runner.training.second_phase import SecondPhase
from runner.training.trial import Trial, engine_of


def carry_out(
    worker: int,
    work: Work,
    runs: Sequence[Run] | Mapping[int, Run],
    data: Sequence[RunData] | Mapping[int, RunData],
    *,
    tell: Callable[[Event], None],
    asked_to_stop: Callable[[], bool],
    every: float = 0.0,
) -> Done | Broken:
    """Carry out a work, telling of what happens (of epochs once in so many seconds); how the work ended."""
    try:
        _Carrying(worker, work, runs, data, tell, every).train(asked_to_stop)
    except Interrupted:
        return Done(work, interrupted=True)
    except Exception as error:  # noqa: BLE001 a defect harms its own runs; the session finds out which one it was
        broken = _broken(work, error)
    else:
        return Done(work)
    if broken.ran_out:
        gc.collect()  # what the rows held is free for the next try
    return broken


def _broken(work: Work, error: Exception) -> Broken:
    message = f"{type(error).__name__}: {(str(error).strip() or 'no message').splitlines()[0]}"
    problem = error if isinstance(error, RunnerError) else None
    text = "".join(traceback.format_exception(error))
    return Broken(work, message, text, problem=problem, ran_out=ran_out(error))


@dataclass
class _Carrying:
    """One work on its way."""

    worker: int
    work: Work
    runs: Sequence[Run] | Mapping[int, Run]
    data: Sequence[RunData] | Mapping[int, RunData]
    tell: Callable[[Event], None]
    every: float

    def __post_init__(self) -> None:
        work, runs, self.told, self.said, self.begun = self.work, self.runs, 0.0, Said(), False
        self.number = {runs[i].folder: i for i in work.members}
        self.tensors, self.rows = checkpoint.read(work.source) if work.source else ({}, [])
        named = {place(runs[i].folder, work.path): i for i in work.members}
        self.positions = {named[row["folder"]]: p for p, row in enumerate(self.rows) if row["folder"] in named}
        self.waiting = [i for i in work.members if i not in self.positions]
        self.tables = {i: examples(self.runs[i], self.data[i]) for i in work.members}

    def train(self, asked_to_stop: Callable[[], bool]) -> None:
        """All members to their ends. Raises Interrupted with everything saved, and whatever one of the rows raises."""
        for population in self.work.populations:
            self.begun = False
            with _threads(self.runs[population.members[0]].settings):
                self._train(population, asked_to_stop)

    def _train(self, population: Population, asked_to_stop: Callable[[], bool]) -> None:
        """First phases to their ends, then second ones (`early_stopping.then`)."""
        opened = self._open(sorted(self.positions, key=self.positions.__getitem__))
        held = [trial for trial in opened if isinstance(trial, SecondPhase)]
        first = [trial for trial in opened if not isinstance(trial, SecondPhase)]
        admit = partial(self._admit, set(population.members))
        if trials := first or admit(population.width):
            self._carry_on(self._training(trials, held, population.width, asked_to_stop, admit))
        if held:
            held.sort(key=lambda trial: (not trial.begun, str(segment_key(trial.settings))))
            many = sum(trial.begun for trial in held) or population.width
            trials = _taken(held, many)
            self._carry_on(self._training(trials, held, population.width, asked_to_stop, partial(_taken, held)))

    def _training(
        self,
        trials: list[Trial],
        held: list[SecondPhase],
        width: int,
        asked_to_stop: Callable[[], bool],
        admit: Callable[[int], list[Trial]],
    ) -> Training:
        """A population that is ready to train, from where the checkpoint has its rows and those that wait."""
        for trial in trials:
            trial.files.flush()  # to be seen before the first epoch has ended, which may take long
        training = Training(
            Engine([trial.training for trial in trials], [trial.data for trial in trials]),
            trials,
            self.work.path,
            facts=facts(trials[0].settings),
            asked_to_stop=asked_to_stop,
            watch=self._watch,
            at_start=draw_augmentation,
            at_epoch=draw_epoch,
            at_end=draw_figures,
            ended=lambda outcome: self.tell(Ended(self.number[outcome.folder], outcome)),
            paused=lambda trial: self.tell(Paused(self.number[trial.files.folder], trial.made)),
            admit=admit,
            width=width,
            held=held,
        )
        self._take_up(training)
        return training

    def _take_up(self, training: Training) -> None:
        """What the checkpoint has of the rows of a population, and of second phases that wait."""
        if begun := [self.positions[self.number[t.files.folder]] for t in training.trials if t.begun and not t.held]:
            training.load(self.tensors, begun, engine_of(self.rows[begun[0]]))
        for trial in [*training.trials, *training.held]:
            position = self.positions.get(self.number[trial.files.folder])
            waits = isinstance(trial, SecondPhase) and not trial.begun and not trial.retrains and trial.start is None
            if waits and position is not None:
                state = training.read(self.tensors, [position], engine_of(self.rows[position]))
                trial.start = {name: as_array(state[f"best.{name}"])[0] for name in training.best}

    def _carry_on(self, training: Training) -> None:
        if not self.begun:
            furthest = max((int(trial.last["epoch"]) for trial in training.trials if trial.last), default=None)
            self.tell(Begun(self.worker, training.engine.layout.parameters, furthest))
            self.begun = True
        try:
            training.run()
        except RunnerError:
            raise
        except Exception as error:
            if len(training.trials) == 1 and not self.waiting and not training.held:  # nobody else may be the cause
                training.give_up(error)
            raise

    def _open(self, members: list[int]) -> list[Trial]:
        return [self._opened(i) for i in members]

    def _opened(self, i: int) -> Trial:
        """A run with its files, ready to begin or to continue."""
        state, arrays = self.rows[self.positions[i]] if i in self.positions else None, None
        if i in self.work.kept:
            arrays, (state,) = checkpoint.read(self.runs[i].folder / LAST)
        trial = open_trial(self.runs[i], self.tables[i], state, self.said)
        if arrays is not None and state is not None:
            trial.held = arrays, engine_of(state)
        trial.until = self.work.until.get(i)
        if i in self.work.pruned:
            trial.prune()
        return trial

    def _admit(self, members: set[int], free: int) -> list[Trial]:
        new = [i for i in self.waiting if i in members][:free]
        self.waiting = [i for i in self.waiting if i not in new]
        return self._open(new)

    def _watch(self, trials: list[Trial]) -> None:
        if time.monotonic() - self.told < self.every:
            return
        rows = {self.number[t.files.folder]: (int(t.last["epoch"]), t.stopping.best) for t in trials}
        first = trials[0]
        monitor, stopping = first.settings.early_stopping.monitor, first.stopping
        best = None if stopping.best is None else (monitor, stopping.best, stopping.best_epoch)
        second = first.progress if isinstance(first, SecondPhase) else None
        self.tell(Progressed(self.worker, rows, Leading(first.last, best, second)))
        self.told = time.monotonic()


def _taken(held: list[SecondPhase], many: int) -> list[Trial]:
    """The first of those that wait, which then do not."""
    return [held.pop(0) for _ in held[:many]]


@contextmanager
def _threads(run: Settings) -> Iterator[None]:
    """What computes, with trainer.threads, then as before: what multiplies matrices for compiled rows, and torch."""
    with ExitStack() as stack:
        if run.engine == NATIVE:
            stack.enter_context(_of_blas(run.trainer.threads))
        if run.engine != NATIVE or "torch" in sys.modules or _needs_torch(run):
            stack.enter_context(_of_torch(run.trainer.threads))
        yield


def _needs_torch(run: Settings) -> bool:
    """Whether a compiled run asks torch for help: to augment its examples, or for initial weights."""
    init = entries("init")[run.model.init].cls
    return init.needs_torch or any(active(run, "augmentation"))


@contextmanager
def _of_torch(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _of_blas(count: int) -> AbstractContextManager:
    from threadpoolctl import threadpool_limits

    from runner.compiled import multiplier

    multiplier.load()  # whose threads are set
    return threadpool_limits(count, user_api="blas")
