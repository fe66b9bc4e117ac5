"""What becomes of signals on their way up a network, and of gradients on their way down.

With good initial weights both keep their size over the layers (Glorot & Bengio 2010, figures 6 and 7; He et al. 2015);
where they fade or grow from layer to layer, a deep network does not train. Shapes: M members, B batch, W padded width.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from runner.population.initial import initial_buffers, initial_theta
from runner.training.engine import Engine

EXAMPLES = 256  # of the training split, always the same, however few rows train/* is measured on


def layer_rms(engine: Engine, row: int = 0) -> dict[str, list[float]]:
    """Root mean squares by layer, at the engine's present weights, on a fixed batch of the row's training examples.

    "activation": of what each hidden layer passes on; "gradient": of the mean data loss by each layer's weights, the
    output layer's included. Batch norm uses the batch's statistics, as in training; dropout and other noise are off.
    Nothing of the engine changes.
    """
    tables = engine.tables
    index = tables.index["train_eval"][:, :EXAMPLES]
    if index.shape[1] < min(EXAMPLES, tables.size["train"]):
        index = tables.sample(EXAMPLES)
    x, q = tables.gather(index)
    grad = torch.zeros_like(engine.theta)
    network = copy.copy(engine.network).bind(engine.theta, grad, engine.buffers.clone())
    tape: list = []
    with torch.no_grad():
        outputs = network.forward(x, training=True, tape=tape)
    passed_on = [step.x_MBW for step in tape[1:-1]] + tape[-1:] if len(tape) > 1 else []
    with torch.enable_grad():
        leaf = outputs.detach().requires_grad_()
        loss = engine.loss.forward(leaf, q, network.head).mean(1).sum()
        (g,) = torch.autograd.grad(loss, leaf)
    with torch.no_grad():
        network.backward(tape, g)
    weights = [slot.true(grad)[row] for slot in engine.layout.weight_slots]
    widths = engine.layout.widths[1:-1]
    return {
        "activation": [_rms(out[row, :, :width]) for out, width in zip(passed_on, widths, strict=True)],
        "gradient": [_rms(w) for w in weights],
    }


def at_initial_weights(engine: Engine) -> Engine:
    """The same rows before their first step, for comparison."""
    seeds, rows = [run.seed for run in engine.runs], len(engine.runs)
    init, dtype = engine.runs[0].model.init, engine.runs[0].trainer.dtype
    start = (initial_theta(engine.layout, seeds, init, dtype), initial_buffers(engine.layout, rows, dtype))
    return engine.subset(list(range(rows)), *(torch.from_numpy(each).to(engine.device) for each in start))


def _rms(values: Tensor) -> float:
    return float(values.double().square().mean().sqrt())
