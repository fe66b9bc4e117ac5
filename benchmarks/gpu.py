"""Microseconds a run and step on a GPU, and what a graph of plain PyTorch, torch.func and JAX take there.

    python benchmarks/gpu.py [--quick] [--save]

Wall time, the device waited for; the contestants of a row take turns, round after round. All train AdamW on the same
random examples, in batches that are drawn anew each epoch.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from statistics import median

os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
os.environ["JAX_PLATFORMS"] = "cuda,cpu"

import torch
from contestants import has_jax, network
from recipes import PLAIN, RATE, Contestant, Examples, Shape
from step import RESULTS, conditions, save
from torch import nn

MEMBERS = (1, 64, 1024)
SHAPES = (Shape((64, 32, 10), 32), Shape((64, 128, 128, 10), 128), Shape((784, 512, 512, 10), 128))
STEPS = 20  # an epoch


def ours(data: Examples, members: int) -> Contestant:
    """A population of `members` runs that differ in their seed, as `runner` trains it with trainer.device=cuda."""
    from runner.config.validate import validate
    from runner.training.engine import Engine

    base = {
        "model": {"hidden": list(data.shape.widths[1:-1])},
        "optimizer": {"name": "adamw", "lr": RATE},
        "trainer": {"batch_size": data.shape.batch, "epochs": 1_000_000, "device": "cuda", "engine": "stacked"},
    }
    engine = Engine([validate(base | {"seed": seed}) for seed in range(members)], [data.prepared()] * members)
    return Contestant(lambda: engine.train_epoch([1.0] * members), members)


def tight_loop(data: Examples) -> Contestant:
    """One run in plain PyTorch: examples on the device, fused AdamW, batches by index_select."""
    model = network(data.shape, PLAIN).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, fused=True)
    x, y = torch.from_numpy(data.x).cuda(), torch.from_numpy(data.y).cuda()

    def epoch() -> None:
        for index in torch.randperm(len(x), device="cuda").split(data.shape.batch):
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(model(x[index]), y[index]).backward()
            optimizer.step()

    return Contestant(epoch)


def graph(data: Examples) -> Contestant:
    """The same as a CUDA graph of a step, replayed: what a user in need of speed writes for one run."""
    model = network(data.shape, PLAIN).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, fused=True, capturable=True)
    x, y = torch.from_numpy(data.x).cuda(), torch.from_numpy(data.y).cuda()
    index = torch.arange(data.shape.batch, device="cuda")

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(x[index]), y[index]).backward()
        optimizer.step()

    return Contestant(_replayed(step, index, len(x), data.shape.batch))


def _replayed(step: Callable[[], None], index: torch.Tensor, count: int, batch: int) -> Callable[[], None]:
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    recorded = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recorded):
        step()

    def epoch(_kept: Callable[[], None] = step) -> None:  # the graph does not keep what the step works on
        for drawn in torch.randperm(count, device="cuda").split(batch):
            index.copy_(drawn)
            recorded.replay()

    return epoch


def functional(data: Examples, members: int) -> Contestant:
    """A stack by torch.func: vmap of grad, AdamW on the stacked parameters by PyTorch's own fused kernel."""
    from torch.func import functional_call, grad, vmap

    state = network(data.shape, PLAIN).cuda().state_dict()
    base = network(data.shape, PLAIN).to("meta")
    leaves = {name: nn.Parameter(torch.stack([value] * members)) for name, value in state.items()}
    optimizer = torch.optim.AdamW(leaves.values(), lr=RATE, fused=True)
    x, y = torch.from_numpy(data.x).cuda(), torch.from_numpy(data.y).cuda()

    def loss(parameters, x, y):
        return nn.functional.cross_entropy(functional_call(base, parameters, (x,)), y)

    gradients = vmap(grad(loss), (0, 0, 0))

    def epoch() -> None:
        order = torch.rand(members, len(x), device="cuda").argsort(1)
        for index in order.split(data.shape.batch, 1):
            found = gradients({k: v.detach() for k, v in leaves.items()}, x[index], y[index])
            for name, leaf in leaves.items():
                leaf.grad = found[name]
            optimizer.step()

    return Contestant(epoch, members)


def jax_scan(data: Examples, members: int) -> Contestant:
    """JAX, an epoch a compiled function, `members` runs by vmap."""
    from jax_perceptron import trainer

    return Contestant(trainer(data.x, data.y, data.shape.widths, data.shape.batch, PLAIN, members), members)


def contestants(data: Examples, members: int) -> dict[str, Callable[[], Contestant]]:
    """Name -> how to make it."""
    found: dict[str, Callable[[], Contestant]] = {"ours": lambda: ours(data, members)}
    found["torch.func"] = lambda: functional(data, members)
    if members == 1:
        found |= {"tight loop": lambda: tight_loop(data), "CUDA graph": lambda: graph(data)}
    if has_jax():
        found["JAX, vmap"] = lambda: jax_scan(data, members)
    return found


def seconds(contestant: Contestant, repeats: int) -> float:
    """Of one call, from `repeats` in a row."""
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(repeats):
        contestant.train()
    torch.cuda.synchronize()
    return (time.perf_counter() - begun) / repeats


def measure(shape: Shape, members: int, rounds: int, budget: float) -> dict[str, list[float]]:
    """Name -> microseconds a run and step in every round; what cannot be run says why and is left out."""
    data, field = Examples(shape, STEPS), {}
    for name, make in contestants(data, members).items():
        try:
            field[name] = make()
            field[name].train()
        except Exception as error:  # noqa: BLE001 a peer that fails is no reason not to time the others
            print(f"  {name}: {type(error).__name__}: {str(error).splitlines()[0][:150]}", flush=True)
            field.pop(name, None)
    repeats = {name: max(1, round(budget / seconds(contestant, 1))) for name, contestant in field.items()}
    times: dict[str, list[float]] = {name: [] for name in field}
    for _ in range(rounds):
        for name, contestant in field.items():
            times[name].append(1e6 * seconds(contestant, repeats[name]) / (data.steps * contestant.members))
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three rounds instead of seven")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.parent.name}/gpu.json")
    names = [str(shape) for shape in SHAPES]
    parser.add_argument("--shapes", nargs="+", choices=names, default=names)
    chosen = parser.parse_args()
    if not torch.cuda.is_available():
        print("There is no GPU that torch can use.")
        return 1
    rounds, budget = (3, 0.1) if chosen.quick else (7, 0.3)
    report = {"conditions": conditions(rounds) | {"gpu": torch.cuda.get_device_name(0)}, "results": []}
    for shape in (each for each in SHAPES if str(each) in chosen.shapes):
        for members in MEMBERS:
            found = {name: median(times) for name, times in measure(shape, members, rounds, budget).items()}
            print(f"{shape}, batch {shape.batch}, M = {members}: {found}", flush=True)
            entry = {"shape": str(shape), "batch": shape.batch, "members": members, "microseconds": found}
            report["results"].append(entry)
            gc.collect()
            torch.cuda.empty_cache()
            if chosen.save:
                save(report, RESULTS.parent / "gpu.json")
    print(json.dumps(report["conditions"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
