"""The averaged weights of a population (`runner.optimizers.averaging`), kept where a row asks for it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from runner.config.settings import Settings


class Average:
    """theta and running statistics averaged over steps, row by row. `shown` is what is evaluated and kept."""

    def __init__(self, runs: list[Settings], theta: Tensor, buffers: Tensor):
        self.runs = runs
        self.present = {"theta": theta, "buffers": buffers}
        self.active = any(run.averaging.active for run in runs)
        self.shown = {name: tensor.clone() for name, tensor in self.present.items()} if self.active else self.present

    @classmethod
    def of(cls, theta: Tensor, buffers: Tensor) -> Average:
        """Of rows that do not average: they are shown as they are."""
        return cls([], theta, buffers)

    def start_epoch(self, epochs: np.ndarray, steps: int) -> None:
        """The weights c of every step of the coming epoch; `epochs` [M] is how many each row has made."""
        if self.active:
            table_MS = np.array(
                [
                    run.averaging.weights(int(epoch), steps, run.trainer.epochs)
                    for run, epoch in zip(self.runs, epochs, strict=True)
                ]
            )
            theta = self.present["theta"]
            self.c_SM1 = torch.from_numpy(table_MS.T.copy()).to(theta.device, theta.dtype).unsqueeze(2)
            self.between_S = np.all((table_MS > 0) & (table_MS < 1), axis=0).tolist()
            self.nothing_S = np.all(table_MS == 0, axis=0).tolist()

    def update(self, s: int) -> None:
        """avg <- avg + c (theta - avg) after step s of the epoch; exactly theta where c = 1, nothing where c = 0, also
        where a number is not finite.
        """
        if self.nothing_S[s]:
            return
        c = self.c_SM1[s]
        for name, average in self.shown.items():
            theta = self.present[name]
            if self.between_S[s]:
                average.lerp_(theta, c)
            else:
                average.copy_(average.where(c == 0, theta.where(c == 1, average.lerp(theta, c))))

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        return {f"average.{name}": average for name, average in self.shown.items()} if self.active else {}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take over what `state` gave."""
        if self.active:
            for name, average in self.shown.items():
                average.copy_(state[f"average.{name}"])
