"""Microseconds a run and step, compared with PyTorch, JAX, scikit-learn and the limits of the processor, on one thread.

    python benchmarks/step.py [--shapes 64-32-10 784-512-512-10] [--recipes plain gelu] [--quick] [--save]

All contestants of one row are timed in turn, round after round, so that a slow spell of the machine hits every one of
them; each round gives ratios to the tight PyTorch loop of that round, and their medians are compared with the targets.
The time that counts is that of the processor (all threads): a neighbour who takes the core away lengthens wall time
only. Everything is warm: imports, compilation and a first epoch come before.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import gc
import json
import platform
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from contestants import data_loader, has_jax, jax_scan, ours, scikit_learn, tight_loop
from limits import dense_c, gemm
from recipes import PLAIN, Contestant, Examples, Recipe, Shape

RESULTS = Path(__file__).parent / "results" / "step.json"
BASE, PRODUCTS, SINGLE = "tight loop", "products alone", "compiled, M = 1"
JAX = ("JAX", "JAX, vmap of 8")
HEADER = """\
| network, batch | recipe | M = 1 | best M | tight loop | JAX's best | dense C | products alone | x loop | of JAX |
|---|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Row:
    """What is trained, and what M = 1 has to reach.

    `times` the throughput of the tight loop; at most `of_jax` of JAX's best time (None: no target). `stacks` are the
    numbers of runs that the stacked way is timed with.
    """

    shape: Shape
    recipe: Recipe
    times: float
    of_jax: float | None
    stacks: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.shape}, batch {self.shape.batch}, {self.recipe}"


SMALL, NARROW = Shape((64, 32, 10), 32), Shape((64, 64, 10), 64)
ROWS = (
    Row(SMALL, PLAIN, 20.0, 0.85, (1, 8, 32, 128)),
    Row(NARROW, PLAIN, 10.0, 0.85, (1, 8, 32, 128)),
    Row(NARROW, Recipe(dropout=0.5), 10.0, 0.85, (1, 8, 32, 128)),
    Row(Shape((64, 128, 128, 10), 128), PLAIN, 2.2, 1.05, (1, 8, 32)),
    Row(Shape((784, 128, 128, 10), 128), PLAIN, 1.35, 1.05, (1, 8, 32)),
    Row(Shape((784, 512, 512, 10), 128), PLAIN, 1.05, 1.05, (1, 8)),
    Row(NARROW, Recipe(batch_norm=True), 8.0, None, (1, 32)),
    Row(NARROW, Recipe(activation="gelu"), 8.0, None, (1, 32)),
    Row(NARROW, Recipe(l1=1e-4, max_norm=3.0), 8.0, None, (1, 32)),
)


class Spent(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def steps_per_epoch(shape: Shape) -> int:
    """40 batches an epoch, as digits has with batches of 32; 8 for wide inputs, or stacks would take minutes."""
    return 40 if shape.widths[0] < 500 else 8


def contestants(data: Examples, row: Row) -> dict[str, Contestant]:
    """Name -> contestant, the tight loop first; without those that are not installed or do not know the recipe."""
    recipe = row.recipe
    found = {
        BASE: tight_loop(data, recipe),
        "DataLoader": data_loader(data, recipe),
        "scikit-learn": scikit_learn(data, recipe),
        "JAX": jax_scan(data, recipe),
        "JAX, vmap of 8": jax_scan(data, recipe, 8),
        "dense C": dense_c(data) if recipe == PLAIN else None,
        PRODUCTS: gemm(data),
    }
    found |= {f"compiled, M = {m}": ours(data, recipe, m, "compiled") for m in (1, 8)}
    found |= {f"stacked, M = {m}": ours(data, recipe, m, "stacked") for m in row.stacks}
    return {name: contestant for name, contestant in found.items() if contestant}


def spent(contestant: Contestant, repeats: int) -> Spent:
    """Of one call, from `repeats` in a row."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        contestant.train()
    return Spent((time.perf_counter() - wall) / repeats, (time.process_time() - cpu) / repeats)


def measure(row: Row, rounds: int, budget: float) -> dict[str, list[Spent]]:
    """Name -> microseconds a run and step in every round.

    Every contestant gets about `budget` seconds a round, at least one call.
    """
    data = Examples(row.shape, steps_per_epoch(row.shape))
    field = contestants(data, row)
    for contestant in field.values():
        contestant.train()
    repeats = {name: max(1, round(budget / spent(contestant, 1).cpu)) for name, contestant in field.items()}
    times: dict[str, list[Spent]] = {name: [] for name in field}
    for _ in range(rounds):
        gc.collect()
        for name, contestant in field.items():
            unit = 1e6 / (data.steps * contestant.epochs * contestant.members)
            times[name].append(Spent(*(seconds * unit for seconds in spent(contestant, repeats[name]))))
    return times


def figures(times: dict[str, list[Spent]]) -> dict[str, dict]:
    """Name -> medians of microseconds (CPU, wall) and of ratios of CPU time, to the tight loop in every round too."""
    return {
        name: {
            "wall": median(t.wall for t in own),
            "microseconds": median(t.cpu for t in own),
            "ratio": median(ratios := quotients(times[BASE], own)),
            "products": median(quotients(own, times[PRODUCTS])),
            "ratios": ratios,
        }
        for name, own in times.items()
    }


def quotients(over: list[Spent], under: list[Spent]) -> list[float]:
    """CPU time over CPU time, round by round."""
    return [a.cpu / b.cpu for a, b in zip(over, under, strict=True)]


def judge(row: Row, times: dict[str, list[Spent]]) -> dict[str, dict]:
    """The targets of a row, with what was measured; without JAX, its target is left out."""
    reached = median(quotients(times[BASE], times[SINGLE]))
    verdict = {"x tight loop": {"target": row.times, "value": reached, "reached": reached >= row.times}}
    peers = [times[name] for name in JAX if name in times]
    if row.of_jax and peers:
        best = [min(turn, key=lambda t: t.cpu) for turn in zip(*peers, strict=True)]
        share = median(quotients(times[SINGLE], best))
        verdict["of JAX's best time"] = {"target": row.of_jax, "value": share, "reached": share <= row.of_jax}
    return verdict


def conditions(rounds: int) -> dict:
    """What the figures depend on."""
    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {name: installed(name) for name in ("torch", "numpy", "scipy", "numba", "scikit-learn", "jax")},
        "rounds": rounds,
    }


def installed(package: str) -> str | None:
    """Its version; None if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def show(row: Row, result: dict[str, dict], verdict: dict[str, dict]) -> None:
    """One line a contestant, then the targets."""
    print(f"\n{row}")
    print(f"  {'us a run and step':18}{'CPU':>10}{'wall':>10}{'x tight loop':>14}{'spread':>14}{'x products':>12}")
    for name, f in result.items():
        spread = f"{min(f['ratios']):.2f}-{max(f['ratios']):.2f}"
        times = f"{f['microseconds']:10.1f}{f['wall']:10.1f}"
        print(f"  {name:18}{times}{f['ratio']:14.2f}{spread:>14}{f['products']:12.2f}", flush=True)
    for goal, v in verdict.items():
        print(f"  {SINGLE}: {v['value']:.2f} {goal}, target {v['target']:g}{'' if v['reached'] else '   short'}")


def tabled(entry: dict) -> str:
    """The line of docs/benchmarks.md under `HEADER`: CPU microseconds, then the values of the targets (targets)."""
    found, cells = entry["contestants"], [f"{entry['shape']}, {entry['batch']}", entry["recipe"]]

    def best(*beginnings: str) -> str:
        names = [name for name in found if name.startswith(beginnings)]
        return f"{min(found[name]['microseconds'] for name in names):.1f}" if names else ""

    goals = entry["targets"].values()
    cells += [f"{found[SINGLE]['microseconds']:.1f}", best("compiled", "stacked"), best(BASE), best("JAX")]
    cells += [best("dense C"), best(PRODUCTS), *(f"{goal['value']:.2f} ({goal['target']:g})" for goal in goals)]
    return f"| {' | '.join(cells)} |{'' if len(goals) > 1 else ' |'}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, every in (("shape", [str(row.shape) for row in ROWS]), ("recipe", [str(row.recipe) for row in ROWS])):
        known = list(dict.fromkeys(every))
        parser.add_argument(f"--{name}s", nargs="+", choices=known, default=known)
    parser.add_argument("--quick", action="store_true", help="three short rounds instead of nine")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.parent.name}/{RESULTS.name}")
    return parser.parse_args()


def save(report: dict, path: Path) -> None:
    """Write what was measured, for the repository."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def on_one_core() -> None:
    """Keep this process on one core (where the system can), so that no library's threads work beside it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)


def main() -> int:
    chosen = arguments()
    on_one_core()
    rounds, budget = (3, 0.05) if chosen.quick else (9, 0.15)
    report: dict = {"conditions": conditions(rounds), "results": []}
    if not has_jax():
        print("JAX is not installed (extra `bench`): it is left out, and so are the targets that name it.")
    for row in (r for r in ROWS if str(r.shape) in chosen.shapes and str(r.recipe) in chosen.recipes):
        times = measure(row, rounds, budget)
        result, verdict = figures(times), judge(row, times)
        show(row, result, verdict)
        entry = {"shape": str(row.shape), "batch": row.shape.batch, "recipe": str(row.recipe)}
        report["results"].append(entry | {"contestants": result, "targets": verdict})
    print("", HEADER, *map(tabled, report["results"]), sep="\n")
    if chosen.save:
        save(report, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
