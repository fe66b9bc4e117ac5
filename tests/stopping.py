"""Training in this process and its workers that is stopped at a chosen place, so that a test finds a checkpoint."""

from __future__ import annotations

import os
import signal

from runner.training.loop import Training
from runner.training.trial import Trial


def at_epoch(monkeypatch, epoch: int, action) -> None:
    """Call `action` before the epoch-th epoch (the first is 1) of this process."""
    made = []
    train = Training._epoch

    def counted(self):
        made.append(1)
        if len(made) == epoch:
            action()
        train(self)

    monkeypatch.setattr(Training, "_epoch", counted)


def stop() -> None:
    """What `kill` does."""
    os.kill(os.getpid(), signal.SIGTERM)


def at_record(monkeypatch, seed: int, epoch: int) -> None:
    """Stop this process and the one that trains when the run with this seed records an epoch."""
    parent, record = os.getpid(), Trial.record

    def stopping(self, epoch_, row):
        if epoch_ == epoch and self.settings.seed == seed:
            stop()
            os.kill(parent, signal.SIGTERM)
        return record(self, epoch_, row)

    monkeypatch.setattr(Trial, "record", stopping)
