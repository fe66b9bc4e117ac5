"""What is kept of a run: padding that stays zero, checkpoints that lose nothing, exports that say the same."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from runner.checks.broken import require, require_close
from runner.checks.gradients import engine_of, stacked
from runner.checks.populations import SHAPES, data, settings, shape_for, train, variations
from runner.config.engines import STACKED
from runner.config.registry import NAMED, Entry
from runner.population.arrays import as_tensors
from runner.population.export import architecture, state_dict
from runner.population.layout import Layout
from runner.population.modules import build
from runner.training import checkpoint
from runner.training.engine import Engine


def padding(layout: Layout, theta: Tensor) -> Tensor:
    """Parameters [M, P] with zeros in place of all that is true."""
    rest = theta.clone()
    for slot in layout.slots.values():
        slot.true(rest).zero_()
    return rest


def check_padding(changes: Sequence[dict[str, Any]], shape: tuple = SHAPES[1]) -> None:
    """Rows of one structure, one a change, train stacked to finite parameters whose padding is zero."""
    runs = [settings(shape, seed=i, **change | {"trainer.engine": STACKED}) for i, change in enumerate(changes)]
    table = data(shape[0], shape[2])
    found = train(runs, [table] * len(runs))
    theta = torch.stack([each["theta"] for each in found])
    require(bool(theta.isfinite().all()), "training with every value at its example is not finite")
    rest = padding(Engine(runs[:1], [table]).layout, theta)
    require(torch.equal(rest, torch.zeros_like(rest)), "parameters that stand for nothing (padding) are not zero")


def padding_stays_zero(entry: Entry) -> None:
    """Of a piece of a network, a rule or a regularizer."""
    chosen = {f"model.{entry.group}": entry.name}
    changes = [chosen] if entry.group in NAMED else variations(entry.group, entry.name)[:1]
    check_padding(changes, shape_for(entry))


def survives_a_checkpoint(entry: Entry, engine: str = STACKED) -> None:
    """Two epochs, a checkpoint and one more epoch are three epochs, whatever the keys."""
    shape = shape_for(entry, SHAPES[0])
    for change in variations(entry.group, entry.name):
        common = {"model.norm": "batch", "trainer.engine": engine}
        runs, tables = [settings(shape, seed=i, **common | change) for i in range(3)], [data(13, 2)] * 3
        first, second = Engine(runs, tables), Engine(runs, tables)
        for _ in range(2):
            first.train_epoch([1.0] * 3)
        with tempfile.TemporaryDirectory() as folder:
            checkpoint.write(Path(folder) / "checkpoint", first.state(), [{"any": 0.1}])
            arrays, rows = checkpoint.read(Path(folder) / "checkpoint")
        require(rows == [{"any": 0.1}], "a checkpoint lost what is known of its rows")
        second.load_state(as_tensors(arrays), first.epochs)
        for each in (first, second):
            each.train_epoch([1.0] * 3)
        before, after = ({"theta": e.theta, "buffers": e.buffers, **e.kept} for e in (first, second))
        same = {name: torch.equal(torch.as_tensor(before[name]), torch.as_tensor(after[name])) for name in before}
        lost = [name for name in before if not same[name]]
        require(not lost, f"{' and '.join(lost)} differ after a checkpoint with {change}: some state is not in `slots`")


def exports(entry: Entry) -> None:
    """The exported network gives what `forward` gives when it does not train, with the weights that are used."""
    engine = engine_of(members=2, **{f"model.{entry.group}": entry.name})
    engine.train_epoch([1.0] * 2)
    arch = architecture(engine.runs[0], engine.layout.widths[0], engine.layout.widths[-1])
    x, _ = stacked(engine).tables.gather(engine.tables.index["val"])
    with torch.no_grad():
        theta = engine.shown["theta"]
        ours = stacked(engine).network.bind(theta, None, engine.buffers).forward(x)
        for row in range(2):
            network = build(arch).double()
            state = state_dict(arch, engine.layout, theta[row], engine.buffers[row])
            network.load_state_dict(as_tensors(state))
            expected = network.eval()(x[row][:, : arch["widths"][0]])
            found = ours[row][:, : arch["widths"][-1]]
            require_close(found, expected, 1e-9, 1e-12, "the exported `module` says something else than `forward`")
