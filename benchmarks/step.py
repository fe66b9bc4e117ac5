"""Microseconds a run and step beside PyTorch and scikit-learn, on one thread.

    python benchmarks/step.py [--shapes 64-32-10 784-512-512-10] [--quick] [--save]

All contestants of one shape are timed in turn, round after round, so that a slow spell of the machine hits every one of
them; each round gives ratios to the tight PyTorch loop of that round, and their medians stand beside the targets.
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
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import torch
from contestants import Contestant, Examples, Shape, data_loader, ours, scikit_learn, tight_loop

RESULTS = Path(__file__).parent / "results" / "step.json"
MEMBERS = (1, 8, 32, 128)
DROPOUTS = (0.0, 0.5)

# Shape -> throughput over the tight loop that is to be reached with M = 1 and with the best M.
TARGETS = {
    Shape((64, 32, 10), 32): (2.5, 12.0),
    Shape((64, 64, 10), 64): (2.0, 6.0),
    Shape((64, 128, 128, 10), 128): (1.4, 2.0),
    Shape((784, 128, 128, 10), 128): (1.1, 1.25),
    Shape((784, 512, 512, 10), 128): (1.0, 1.0),
}


def steps_per_epoch(shape: Shape) -> int:
    """40 batches an epoch, as digits has with batches of 32; 8 for wide inputs, or 128 members would take minutes."""
    return 40 if shape.widths[0] < 500 else 8


def contestants(data: Examples, dropout: float) -> dict[str, Contestant]:
    """Name -> contestant, the tight loop first."""
    found = {
        "tight loop": tight_loop(data, dropout),
        "DataLoader": data_loader(data, dropout),
        "scikit-learn": scikit_learn(data, dropout),
    }
    found |= {f"M = {m}": ours(data, dropout, m) for m in MEMBERS}
    return {name: contestant for name, contestant in found.items() if contestant}


def seconds(contestant: Contestant, repeats: int) -> float:
    """Wall time of one call, from `repeats` in a row."""
    start = time.perf_counter()
    for _ in range(repeats):
        contestant.train()
    return (time.perf_counter() - start) / repeats


def measure(shape: Shape, dropout: float, rounds: int, budget: float) -> dict[str, dict]:
    """Name -> median microseconds a run and step, median ratio to the tight loop, and the ratio of every round.

    Every contestant gets about `budget` seconds a round, at least one call.
    """
    data = Examples(shape, steps_per_epoch(shape))
    field = contestants(data, dropout)
    for contestant in field.values():
        contestant.train()
    repeats = {name: max(1, round(budget / seconds(contestant, 1))) for name, contestant in field.items()}
    times: dict[str, list[float]] = {name: [] for name in field}
    for _ in range(rounds):
        gc.collect()
        for name, contestant in field.items():
            steps = data.steps * contestant.epochs * contestant.members
            times[name].append(seconds(contestant, repeats[name]) / steps * 1e6)
    return {name: _figures(times["tight loop"], times[name]) for name in field}


def _figures(base: list[float], own: list[float]) -> dict:
    ratios = [b / t for b, t in zip(base, own, strict=True)]
    return {"microseconds": median(own), "ratio": median(ratios), "ratios": ratios}


def judge(shape: Shape, result: dict[str, dict]) -> dict[str, dict]:
    """The two targets of a shape beside what was measured."""
    single, best = TARGETS[shape]
    winner = max((f"M = {m}" for m in MEMBERS), key=lambda name: result[name]["ratio"])
    pairs = {"M = 1": (single, "M = 1"), "best M": (best, winner)}
    return {
        goal: {"target": target, "ratio": result[name]["ratio"], "at": name, "reached": result[name]["ratio"] >= target}
        for goal, (target, name) in pairs.items()
    }


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
        "versions": {name: version(name) for name in ("torch", "numpy", "scikit-learn")},
        "rounds": rounds,
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def show(shape: Shape, dropout: float, result: dict[str, dict], verdict: dict[str, dict]) -> None:
    """One line a contestant, then the targets."""
    print(f"\n{shape}, batch {shape.batch}, dropout {dropout:g}")
    print(f"  {'':14}{'us a run and step':>18}{'x tight loop':>14}{'spread':>14}")
    for name, figures in result.items():
        spread = f"{min(figures['ratios']):.2f}-{max(figures['ratios']):.2f}"
        print(f"  {name:14}{figures['microseconds']:18.1f}{figures['ratio']:14.2f}{spread:>14}")
    for goal, v in verdict.items():
        print(f"  {goal}: {v['ratio']:.2f} of {v['target']:g} ({v['at']}){'' if v['reached'] else '   short'}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shapes", nargs="+", choices=[str(s) for s in TARGETS], default=[str(s) for s in TARGETS])
    parser.add_argument("--quick", action="store_true", help="three short rounds instead of nine")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.parent.name}/{RESULTS.name}")
    return parser.parse_args()


def save(report: dict, path: Path) -> None:
    """Write what was measured, for the repository."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def main() -> int:
    chosen = arguments()
    torch.set_num_threads(1)
    rounds, budget = (3, 0.1) if chosen.quick else (9, 0.25)
    report: dict = {"conditions": conditions(rounds), "results": []}
    for shape in (s for s in TARGETS if str(s) in chosen.shapes):
        for dropout in DROPOUTS:
            result = measure(shape, dropout, rounds, budget)
            verdict = judge(shape, result)
            show(shape, dropout, result, verdict)
            report["results"].append(
                {
                    "shape": str(shape),
                    "batch": shape.batch,
                    "dropout": dropout,
                    "contestants": result,
                    "targets": verdict,
                }
            )
    if chosen.save:
        save(report, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
