"""Training, top to bottom: epochs, evaluation, stopping, checkpoints, and what happens when a run ends.

One population at a time: row r of every tensor belongs to trials[r]. A single run is a population of one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from runner.config import plugins
from runner.errors import RunnerError
from runner.optimizers.rules.base import segment_key
from runner.population.arrays import Values, as_array, copied
from runner.records import disk
from runner.records.console import shown_path
from runner.records.run_folder import LAST
from runner.records.sweep_folder import PRUNED
from runner.training import checkpoint
from runner.training.engine import Engine
from runner.training.evaluations import epochs_of, in_order, stretches
from runner.training.other_engine import converted
from runner.training.outcome import Outcome, finish, summary_of
from runner.training.percentiles import percentiles
from runner.training.second_phase import SecondPhase, second_phase, with_held
from runner.training.snapshots import take
from runner.training.trial import Trial

FLUSH_SECONDS = 2.0  # how soon an epoch can be seen in the files (a crash loses nothing more than to the checkpoint)
HISTOGRAM_EPOCHS = 10  # between weight histograms of a single run


class Interrupted(RunnerError):
    """Training was asked to stop; everything is in the checkpoint. Exit code 130."""

    exit_code = 130


class Training:
    """A population in training.

    Args:
        engine: its tensors; rows in the order of `trials`.
        trials: one a row.
        path: its checkpoint file.
        facts: what every summary says besides (versions, git, bitwise).
        asked_to_stop: looked at after every epoch; true ends training with a checkpoint and `Interrupted`.
        watch: called after every epoch with the trials that train (progress display).
        at_start: called with (trial, engine, row) before epoch 0 of a run is recorded (a picture of its augmentation).
        at_epoch: called with (trial, what makes an engine of its weights) after an epoch is recorded (a picture).
        at_end: called with (trial, engine of its kept weights) before a run's summary is written (figures).
        ended: called with the outcome of a run once its summary is written.
        paused: called with a run that pauses (`Trial.until`) once its state is in its folder.
        admit: asked for up to so many new trials of the same structure, to take the place of those that have ended.
        width: rows that train side by side while there are enough; as many as `trials` unless given.
        held: second phases that wait; those of rows whose first phase ends are added.
    """

    def __init__(
        self,
        engine: Engine,
        trials: list[Trial],
        path: Path,
        *,
        facts: dict[str, Any],
        asked_to_stop: Callable[[], bool] = lambda: False,
        watch: Callable[[list[Trial]], None] = lambda trials: None,
        at_start: Callable[[Trial, Engine, int], None] = lambda trial, engine, row: None,
        at_epoch: Callable[[Trial, Callable[[], Engine]], None] = lambda trial, alone: None,
        at_end: Callable[[Trial, Engine], None] = lambda trial, engine: None,
        ended: Callable[[Outcome], None] = lambda outcome: None,
        paused: Callable[[Trial], None] = lambda trial: None,
        admit: Callable[[int], list[Trial]] = lambda free: [],
        width: int | None = None,
        held: list[SecondPhase] | None = None,
    ):
        self.engine, self.trials, self.path, self.facts = engine, trials, path, facts
        self.asked_to_stop, self.watch = asked_to_stop, watch
        self.at_start, self.at_epoch, self.at_end = at_start, at_epoch, at_end
        self.ended, self.paused, self.admit, self.width = ended, paused, admit, width or len(trials)
        self.best = {name: copied(array) for name, array in engine.kept.items()}
        self.outcomes: list[Outcome] = []
        self.held = [] if held is None else held

    def run(self) -> list[Outcome]:
        """Train every row to its end, or to where it pauses; the outcomes in the order in which they ended."""
        self.saved = self.flushed = self.clock = time.monotonic()
        self._begin([row for row, trial in enumerate(self.trials) if not trial.begun or trial.held])
        while True:
            self._end_finished()
            self._pause()
            if self._fill():
                continue
            if not self.trials:
                break
            self._save_if_due()
            self._epoch()
            self.watch(self.trials)
        return self.outcomes

    def give_up(self, error: Exception) -> None:
        """After an unexpected exception: what is known of the rows that had not ended is left in their files."""
        for trial in self.trials:
            if trial.last:
                trial.files.end("failed", {}, trial.abscissa(trial.last))
            trial.files.log(f"failed ({type(error).__name__}); `{self._resume_command()}` tries again")
            trial.files.flush()

    def _epoch(self) -> None:
        """The steps of an epoch, broken off once every row has ended, and the evaluations that fall into it."""
        engine, trials = self.engine, self.trials
        engine.start_epoch([trial.scale for trial in trials])
        for last, due in stretches(trials, engine.epochs.tolist(), engine.steps):
            first, examples = engine.at, int(engine.sizes[engine.at : last].sum())
            trained = engine.advance(last)
            self._log_steps(first, trained["objectives"], trained["rates"])
            for trial, remark in zip(trials, engine.rows.remarks(), strict=False):
                trial.remark(remark)
            objective = trained["objective"]
            if len(due) < len(trials) or any(trial.pending for trial in trials):
                totals = zip(trials, trained["totals"], strict=True)
                objective = np.array([trial.counted(each, examples) for trial, each in totals])
            shown = {"lr": trained["lr"], "train/objective": objective, "grad_norm": trained["grad_norm"]}
            self._evaluate_and_record([row for row in due if not trials[row].status], shown)
            if all(trial.status for trial in trials):
                break
        for trial, made in zip(trials, engine.epochs.tolist(), strict=True):
            trial.made = made

    def _begin(self, rows: list[int]) -> None:
        """Rows that are new: their state, if they have paused; else their weights, where others than drawn ones are
        given, and epoch 0, before training.
        """
        self._continue([row for row in rows if self.trials[row].held])
        if given := [row for row in rows if self.trials[row].start]:
            starts: list[Any] = [self.trials[row].start for row in given]
            self.engine.begin_at(given, *(np.stack([each[name] for each in starts]) for name in ("theta", "buffers")))
            for name, best in self.best.items():
                best[given] = self.engine.kept[name][given]
        rows = [row for row in rows if not self.trials[row].last]
        for row in rows:
            self.at_start(self.trials[row], self.engine, row)
        if rows:
            self.engine.settle(rows)
            new = self.engine.subset(rows, *(tensor[rows] for tensor in self.engine.shown.values()))
            self._record(rows, new.evaluate(("train", "val")) | new.weight_statistics() | percentiles(new))

    def _continue(self, rows: list[int]) -> None:
        """Take over the state of rows that have paused, each from its own checkpoint."""
        states = []
        for row in rows:
            arrays, written_by = self.trials[row].held or ({}, "")
            states.append(self.read(arrays, [0], written_by))
            self.trials[row].held = None
        if rows:
            self.engine.continue_at(rows, states, [self.trials[row].made for row in rows])
        for row, state in zip(rows, states, strict=True):
            for name, best in self.best.items():
                best[[row]] = self.engine.rows.own(state[f"best.{name}"])

    def _pause(self) -> None:
        """Rows that pause leave their state in their folders; the others close the gaps."""
        pausing = [row for row, trial in enumerate(self.trials) if trial.pauses]
        for row in pausing:
            self._keep_last(row, pauses=True)
            self.paused(self.trials[row])
        if pausing:
            self._compact([row for row in range(len(self.trials)) if row not in pausing])

    def _fill(self) -> bool:
        """Take in new rows once a quarter of the places are free; says whether there were any."""
        free = self.width - len(self.trials)
        new = self.admit(free) if not self.trials or 4 * free >= self.width else []
        if not new:
            return False
        old, everyone = len(self.trials), self.trials + new
        order = sorted(range(len(everyone)), key=lambda i: str(segment_key(everyone[i].settings)))
        self.engine = self.engine.joined(old, [t.training for t in new], [t.data for t in new], order)
        best = {name: copied(array) for name, array in self.engine.kept.items()}
        for name, tensor in best.items():
            tensor[[order.index(row) for row in range(old)]] = self.best[name][:old]
        self.best, self.trials = best, [everyone[i] for i in order]
        self._begin([row for row, i in enumerate(order) if i >= old])
        return True

    def _evaluate_and_record(self, rows: list[int], trained: dict[str, np.ndarray]) -> None:
        """Metrics of rows after some of their steps, to their files and their stopping rules."""
        seen = self.engine
        if not rows:
            return
        if len(rows) < len(self.trials):
            seen = seen.subset(rows, *(array[rows] for array in seen.shown.values()))
            trained = {name: values[rows] for name, values in trained.items()}
        self._record(rows, trained | seen.evaluate(("train", "val")) | seen.weight_statistics() | percentiles(seen))

    def _record(self, rows: list[int], metrics: dict[str, np.ndarray]) -> None:
        """One line of metrics [n] for each of these rows."""
        now, made = time.monotonic(), self.engine.made.tolist()
        elapsed, self.clock = now - self.clock, now
        kept, columns = [], {name: column.tolist() for name, column in metrics.items()}
        for i, row in enumerate(rows):
            trial = self.trials[row]
            trial.seconds += elapsed
            values = {name: column[i] for name, column in columns.items()}
            better = trial.record(epochs_of(made[row], self.engine.steps), in_order(trial, made[row], values))
            if better or (trial.ended_within and trial.keeps_last):
                kept.append(row)
            self._log_histograms(trial, row)
            self.at_epoch(trial, partial(self._alone, row))
            if trial.last["epoch"] in trial.settings.ensemble.snapshots(trial.settings) and trial.status != "diverged":
                take(trial, self._alone(row), int(trial.last["epoch"]))
        for name, best in self.best.items() if kept else ():
            best[kept] = self.engine.kept[name][kept]
        self._end_tied()

    def _end_tied(self) -> None:
        """Runs that are drawn to one that diverged have diverged with it."""
        lost = {trial.settings.tied for trial in self.trials if trial.status == "diverged"} - {None}
        for trial in self.trials:
            if trial.settings.tied in lost and trial.status != "diverged":
                trial.status, trial.reason = "diverged", "a member that it is tied to has diverged (ensemble.tie)"

    def _alone(self, row: int) -> Engine:
        """An engine of one row with the weights that would be kept now."""
        kept = self.engine.used([row], **{name: array[[row]] for name, array in self.engine.kept.items()})
        return self.engine.subset([row], kept["theta"], kept["buffers"])

    def _log_steps(self, first: int, objectives: np.ndarray, rates: np.ndarray) -> None:
        """objectives [S, M] and rates [M, S] of the steps of an epoch from `first` on, of rows that have not ended."""
        made = self.engine.made - len(objectives)
        for row, trial in enumerate(self.trials):
            every, start = trial.settings.trainer.log_every_steps, int(made[row]) + trial.counts_from
            if every and not trial.status:
                for s in range(-start % every or every, len(objectives) + 1, every):
                    trial.files.step(start + s, float(objectives[s - 1, row]), float(rates[row, s - 1]))

    def _log_histograms(self, trial: Trial, row: int) -> None:
        asked, epoch = trial.settings.trainer.histograms, trial.last["epoch"]
        every = (HISTOGRAM_EPOCHS if trial.detailed else 0) if asked is None else asked
        if every and (epoch % every == 0 or trial.status):
            theta = self.engine.shown["theta"]
            for slot in self.engine.layout.weight_slots:
                weights = as_array(slot.true(theta)[row])
                trial.files.histogram(f"weights/layer{slot.layer}", trial.abscissa(trial.last), weights)

    def _end_finished(self) -> None:
        """Rows that have ended write their results and leave; the others close the gaps."""
        ended = [row for row, trial in enumerate(self.trials) if trial.status]
        if not ended:
            return
        best = {name: best[ended] for name, best in self.best.items()}
        last = [i for i, row in enumerate(ended) if self.trials[row].keeps_last and not self.trials[row].ended_within]
        for name, array in best.items() if last else ():
            array[last] = self.engine.kept[name][[ended[i] for i in last]]
        kept = self.engine.used(ended, **best)
        final = self.engine.subset(ended, kept["theta"], kept["buffers"])
        test = final.evaluate(("test",))
        for i, row in enumerate(ended):
            trial = self.trials[row]
            alone = final.subset([i], kept["theta"][i : i + 1], kept["buffers"][i : i + 1])
            tested = trial.own({k: float(v[i]) for k, v in test.items()})
            if trial.goes_on:
                summary = summary_of(trial, alone, tested, self.facts)
                trial = second_phase(trial, summary, self.engine.steps, {n: array[i] for n, array in best.items()})
                if not trial.status:
                    self._hold(trial)
                    continue
            self.at_end(trial, alone)
            if trial.status != PRUNED:  # whose state is in its folder
                self._leave_state(row)
            self.outcomes.append(finish(trial, alone, 0, tested, self.facts))
            self.ended(self.outcomes[-1])
        self._compact([row for row in range(len(self.trials)) if row not in ended])

    def _hold(self, trial: SecondPhase) -> None:
        """Have a second phase wait until the first phases have ended."""
        rows, summary = len(trial.data.train), trial.first["summary"]
        trial.files.log(f"{summary['status']}: {summary['reason']}; now {trial.policy} on {rows:,} rows")
        self.held.append(trial)

    def _leave_state(self, row: int) -> None:
        """The checkpoint of a run that has ended, where that is asked for; else none, also of a pause."""
        trial = self.trials[row]
        if trial.settings.trainer.keep_checkpoint and trial.status != "diverged" and not trial.ended_within:
            self._keep_last(row)
        else:
            disk.remove(trial.files.folder / LAST)

    def _keep_last(self, row: int, *, pauses: bool = False) -> None:
        """The checkpoint of one run, in its folder; whether it pauses, or ends with it."""
        files, one = self.trials[row].files, slice(row, row + 1)
        path = files.folder / LAST
        tensors = self.engine.state() | {f"best.{name}": best for name, best in self.best.items()}
        state = {"folder": place(files.folder, path), "pauses": pauses} | self.trials[row].state()
        checkpoint.write(path, {name: tensor[one] for name, tensor in tensors.items()}, [state])

    def _compact(self, rows: list[int]) -> None:
        self.trials = [self.trials[row] for row in rows]
        if rows:
            self.engine.keep(rows)
            self.best = {name: best[rows] for name, best in self.best.items()}

    def _save_if_due(self) -> None:
        stop = self.asked_to_stop()
        seconds = min(trial.settings.trainer.checkpoint_seconds for trial in self.trials)
        if stop:
            for trial in self.trials:
                trial.files.log(f"interrupted after epoch {trial.last['epoch']:.10g}")
        if stop or time.monotonic() - self.saved >= seconds:
            self.save()
        elif time.monotonic() - self.flushed >= FLUSH_SECONDS:
            self._flush()
        if stop:
            raise Interrupted(f"interrupted; everything is saved. Continue with: {self._resume_command()}")

    def _resume_command(self) -> str:
        return plugins.command("resume", shown_path(self.path.parent))

    def _flush(self) -> None:
        """Let others see how training goes; what was not made durable is not counted on."""
        for trial in self.trials:
            trial.files.flush()
        self.flushed = time.monotonic()

    def save(self) -> None:
        """Write the checkpoint; what is logged becomes durable first, so that no offset is past the end of a file."""
        every = [*self.trials, *self.held]
        rows = [{"folder": place(trial.files.folder, self.path)} | trial.state() for trial in every]
        tensors = self.engine.state() | {f"best.{n}": t for n, t in self.best.items()}
        checkpoint.write(self.path, with_held(tensors, self.held), rows)
        self.saved = self.flushed = time.monotonic()

    def read(self, tensors: Mapping[str, Values], rows: list[int], written_by: str) -> dict[str, Values]:
        """Rows of a checkpoint, which `written_by` an engine, as this population's engine has them."""
        found = {name: tensor[rows] for name, tensor in tensors.items()}
        return found if written_by == self.engine.name else converted(found, self.engine.layout, self.engine.dtype)

    def load(self, tensors: dict[str, Values], rows: list[int], written_by: str) -> None:
        """Take over rows of a checkpoint, which `written_by` an engine; trials have loaded theirs already."""
        tensors = self.read(tensors, rows, written_by)
        epochs = np.array([trial.made for trial in self.trials], dtype=np.int64)
        self.engine.load_state({n: t for n, t in tensors.items() if not n.startswith("best.")}, epochs)
        self.best = {name: copied(self.engine.rows.own(tensors[f"best.{name}"])) for name in self.best}


def place(folder: Path, checkpoint: Path) -> str:
    """A run's folder as its checkpoint names it: relative, so that both can be moved together."""
    return os.path.relpath(folder, checkpoint.parent)
