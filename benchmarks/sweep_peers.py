"""Sweeps as they are written without this project: one script trains all networks, in turn or one a core.

    python benchmarks/sweep_peers.py tight_loop 64 --workers 2 --data digits.npz --out folder

Run `i` is a 64-64-10 perceptron at rate RATES[i % 4], AdamW (Adam in scikit-learn, which has no AdamW), batches of 64,
with loss and accuracy on the validation rows after every epoch. OUT/accuracy.csv gets the last of these a run, so that
it can be seen that all contestants learn the same. Each imports only what it needs: its start is part of its time.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import logging
import multiprocessing
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from recipes import PLAIN

RATES = (1e-3, 2e-3, 3e-3, 5e-3)
HIDDEN, BATCH = 64, 64


@dataclass(frozen=True)
class Problem:
    """Training and validation rows (x float32, y int64), how long to train, where files may go."""

    x: np.ndarray
    y: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    epochs: int
    out: Path

    @classmethod
    def load(cls, path: Path, epochs: int, out: Path) -> Problem:
        with np.load(path) as file:
            return cls(file["x"], file["y"], file["x_val"], file["y_val"], epochs, out)

    @property
    def widths(self) -> tuple[int, int, int]:
        return self.x.shape[1], HIDDEN, int(self.y.max()) + 1


def tight_loop(problem: Problem, run: int) -> float:
    """As fast as plain PyTorch gets: tensors in place, fused AdamW, batches by index_select. Writes no files."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(1)
    torch.manual_seed(run)
    x, y, x_val, y_val = map(torch.from_numpy, (problem.x, problem.y, problem.x_val, problem.y_val))
    model = network(problem.widths)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATES[run % len(RATES)], weight_decay=0.0, fused=True)
    accuracy = 0.0
    for _ in range(problem.epochs):
        for index in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(model(x.index_select(0, index)), y.index_select(0, index)).backward()
            optimizer.step()
        with torch.inference_mode():
            scores = model(x_val)
            _loss = cross_entropy(scores, y_val).item()
            accuracy = (scores.argmax(1) == y_val).float().mean().item()
    return accuracy


def network(widths: tuple[int, int, int]):
    """The perceptron as a PyTorch user writes it."""
    from torch import nn

    return nn.Sequential(nn.Linear(widths[0], widths[1]), nn.ReLU(), nn.Linear(widths[1], widths[2]))


def scikit_learn(problem: Problem, run: int) -> float:
    """MLPClassifier, told to score the validation share after every epoch and to stop after the last one only."""
    from sklearn.neural_network import MLPClassifier

    rows = len(problem.x) + len(problem.x_val)
    model = MLPClassifier(
        (HIDDEN,),
        alpha=0.0,
        batch_size=BATCH,
        learning_rate_init=RATES[run % len(RATES)],
        max_iter=problem.epochs,
        early_stopping=True,
        validation_fraction=len(problem.x_val) / rows,
        tol=0.0,
        n_iter_no_change=problem.epochs,
        random_state=run,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.concatenate([problem.x, problem.x_val]), np.concatenate([problem.y, problem.y_val]))
    return float(model.validation_scores_[-1])


def skorch(problem: Problem, run: int) -> float:
    """NeuralNetClassifier with its default callbacks, but for the table that it prints. Writes no files."""
    import torch
    from skorch import NeuralNetClassifier
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split

    torch.set_num_threads(1)
    torch.manual_seed(run)
    net = NeuralNetClassifier(
        network(problem.widths),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=0.0,
        lr=RATES[run % len(RATES)],
        batch_size=BATCH,
        max_epochs=problem.epochs,
        iterator_train__shuffle=True,
        train_split=predefined_split(Dataset(problem.x_val, problem.y_val)),
        verbose=0,
    )
    net.fit(problem.x, problem.y)
    return float(net.history[-1, "valid_acc"])


def lightning(problem: Problem, run: int) -> float:
    """A LightningModule with the TensorBoard logger and the default checkpoint; progress bar and model summary off."""
    import torch
    from lightning.pytorch import Trainer, seed_everything
    from lightning.pytorch.loggers import TensorBoardLogger

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    seed_everything(run, verbose=False)
    pairs = [(problem.x, problem.y), (problem.x_val, problem.y_val)]
    train, val = (torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y)) for x, y in pairs)
    trainer = Trainer(
        max_epochs=problem.epochs,
        accelerator="cpu",
        logger=TensorBoardLogger(problem.out, name="runs", version=str(run)),
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = _module(problem.widths, RATES[run % len(RATES)])
    loader = torch.utils.data.DataLoader
    trainer.fit(module, loader(train, batch_size=BATCH, shuffle=True), loader(val, batch_size=1024))
    return float(trainer.callback_metrics["val/accuracy"])


def _module(widths: tuple[int, int, int], rate: float):
    """The network as Lightning's tutorials show it."""
    import torch
    from lightning.pytorch import LightningModule
    from torch.nn.functional import cross_entropy

    class Module(LightningModule):
        def __init__(self):
            super().__init__()
            self.network = network(widths)

        def training_step(self, batch, _number):
            x, y = batch
            loss = cross_entropy(self.network(x), y)
            self.log("train/loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch, _number):
            x, y = batch
            scores = self.network(x)
            self.log("val/loss", cross_entropy(scores, y))
            self.log("val/accuracy", (scores.argmax(1) == y).float().mean())

        def configure_optimizers(self):
            return torch.optim.AdamW(self.parameters(), lr=rate, weight_decay=0.0)

    return Module()


def jax_scan(problem: Problem, runs: list[int], stack: bool = False) -> list[float]:
    """JAX, an epoch a function that is compiled once a process; the runs in turn, or all of them by vmap."""
    from jax_perceptron import compiled, jnp, keys, orders

    if not stack and len(runs) > 1:
        return [jax_scan(problem, [run])[0] for run in runs]
    functions = compiled(problem.widths, BATCH, PLAIN, stack)
    rates = np.array([RATES[run % len(RATES)] for run in runs], np.float32)
    state = functions.initial(keys(runs, stack), rates if stack else rates[0])
    x, y, x_val, y_val = map(jnp.asarray, (problem.x, problem.y, problem.x_val, problem.y_val))
    draws, accuracies = [np.random.default_rng(run) for run in runs], np.zeros(len(runs))
    for _ in range(problem.epochs):
        state, _loss = functions.epoch(state, orders(draws, len(y), stack), x, y)
        _losses, accuracies = (np.atleast_1d(value) for value in functions.validated(state, x_val, y_val))
    return accuracies.tolist()


@dataclass(frozen=True)
class Peer:
    """`train(problem, runs)` gives the validation accuracies after the last epoch, of so many runs at once."""

    train: Callable[[Problem, list[int]], list[float]]
    package: str
    at_once: int = 1


def in_turn(train: Callable[[Problem, int], float]) -> Callable[[Problem, list[int]], list[float]]:
    """Of what trains one run."""
    return lambda problem, runs: [train(problem, run) for run in runs]


PEERS = {
    "tight_loop": Peer(in_turn(tight_loop), "torch"),
    "scikit_learn": Peer(in_turn(scikit_learn), "sklearn"),
    "skorch": Peer(in_turn(skorch), "skorch"),
    "lightning": Peer(in_turn(lightning), "lightning"),
    "jax": Peer(jax_scan, "jax"),
    "jax_vmap": Peer(partial(jax_scan, stack=True), "jax", at_once=16),
}


def sweep(name: str, problem: Problem, runs: int, workers: int) -> list[float]:
    """Validation accuracy of every run, trained one after another or by `workers` forked processes."""
    size = min(PEERS[name].at_once, -(-runs // workers))
    calls = [(name, problem, list(range(first, min(first + size, runs)))) for first in range(0, runs, size)]
    if workers == 1:
        parts = [train(*call) for call in calls]
    else:
        __import__(PEERS[name].package)  # once, before the workers are forked
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            parts = pool.starmap(train, calls, chunksize=max(1, len(calls) // workers // 8))
    return [accuracy for part in parts for accuracy in part]


def train(name: str, problem: Problem, runs: list[int]) -> list[float]:
    """Some runs of a peer, in this process."""
    return PEERS[name].train(problem, runs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("runs", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--data", type=Path, required=True, help="x, y, x_val, y_val in one .npz file")
    parser.add_argument("--out", type=Path, required=True, help="folder for what it writes")
    chosen = parser.parse_args()
    problem = Problem.load(chosen.data, chosen.epochs, chosen.out)
    scores = sweep(chosen.peer, problem, chosen.runs, chosen.workers)
    lines = ["run,accuracy", *(f"{run},{score}" for run, score in enumerate(scores))]
    (chosen.out / "accuracy.csv").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
