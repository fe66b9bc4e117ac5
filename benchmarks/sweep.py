"""Seconds a sweep, everything included: this project beside the scripts that people write, and what a run costs here.

    python benchmarks/sweep.py [--runs 16 64 256 1024] [--rounds 3] [--only "tight loop" JAX] [--quick] [--save]

A contestant is a command. Its time runs from the start of the process to its end: imports, compiling, training, files.
All train digits 64-64-10 in batches of 64 with AdamW (scikit-learn: Adam) for 20 epochs, four rates, a seed a run, with
the validation rows evaluated every epoch and no early stopping. Contestants take turns, round after round; ratios are
taken within a round. Peers that would take hours are timed with two smaller numbers of runs, and the line through both
gives the rest; the table marks such figures with ~. Peers that are not installed (extra `bench`) are left out by name.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, median

import numpy as np
from process_tree import watched
from step import conditions, installed, save
from sweep_peers import BATCH, HIDDEN, PEERS, RATES

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "sweep.json"
DATA = Path(tempfile.gettempdir()) / f"runner-benchmark-{os.getpid()}.npz"
OURS = "runner -m"
CORES = os.cpu_count() or 1

JAX = ("JAX", "JAX, vmap", "JAX, vmap, all cores")

# Times as fast as these at the largest number of runs (as JAX's best); at most this much.
TARGETS = {"lightning": 60.0, "tight loop": 12.0, "tight loop, all cores": 6.0, "scikit-learn, all cores": 5.0}
AHEAD_OF_JAX = 1.0
LIMITS = {
    "start, s": 5.0,
    "16 runs, s": 2.5,
    "one run of 5 epochs, times import torch": 1.3,
    "--help, s": 0.4,
    "outside training, ms a run": 2.5,
    "memory, MB a run": 1.0,
    "threads": 10,
    "open files": 100,
}


@dataclass(frozen=True)
class Contestant:
    """`command(runs, folder)` trains so many runs; `scores(folder)` are their validation accuracies afterwards.

    `counts` are the numbers of runs that are timed; None: all that are asked for. `package` has to be installed.
    """

    command: Callable[[int, Path], list[str]]
    scores: Callable[[Path], list[float]]
    counts: tuple[int, int] | None = None
    package: str = "torch"


@dataclass(frozen=True)
class Timing:
    """One execution of a contestant."""

    runs: int
    seconds: float
    accuracy: float  # mean over the runs
    cpu: float = 0.0  # seconds of the processor, of all processes that the contestant started and waited for


def ours(runs: int, folder: Path, *words: str, epochs: int = 20) -> list[str]:
    """The command line of this project's sweep."""
    settings = [f"model.hidden=[{HIDDEN}]", f"trainer.batch_size={BATCH}", f"trainer.epochs={epochs}"]
    rates = RATES[: min(runs, len(RATES))]
    swept = [f"optimizer.lr={','.join(map(str, rates))}", f"seed=range({runs // len(rates)})"]
    command = [sys.executable, "-m", "runner", "-m", *settings, "early_stopping=none", *swept, *words]
    return [*command, f"hydra.sweep.dir={folder / 'sweep'}"]


def summary_scores(folder: Path) -> list[float]:
    """The validation accuracies of a sweep of this project."""
    found = [json.loads(path.read_text()) for path in folder.glob("sweep/*/summary.json")]
    return [summary["val"]["accuracy"] for summary in found]


def peer(name: str, counts: tuple[int, int] | None, workers: int = 1, epochs: int = 20) -> Contestant:
    """A peer of sweep_peers.py."""

    def command(runs: int, folder: Path) -> list[str]:
        script = [sys.executable, str(Path(__file__).parent / "sweep_peers.py"), name, str(runs)]
        return [*script, f"--workers={workers}", f"--epochs={epochs}", f"--data={data()}", f"--out={folder}"]

    def scores(folder: Path) -> list[float]:
        with (folder / "accuracy.csv").open() as file:
            return [float(row["accuracy"]) for row in csv.DictReader(file)]

    return Contestant(command, scores, counts, PEERS[name].package)


def contestants(epochs: int = 20) -> dict[str, Contestant]:
    """Name -> contestant, ours first; peers without their package are left out."""

    def basic(runs: int, folder: Path) -> list[str]:
        return ours(runs, folder, "hydra/launcher=basic", epochs=epochs)

    field = {
        OURS: Contestant(lambda runs, folder: ours(runs, folder, epochs=epochs), summary_scores),
        "tight loop": peer("tight_loop", (16, 48), epochs=epochs),
        "tight loop, all cores": peer("tight_loop", (32, 128), CORES, epochs),
        "scikit-learn, all cores": peer("scikit_learn", (32, 128), CORES, epochs),
        "JAX": peer("jax", (16, 128), epochs=epochs),
        "JAX, vmap": peer("jax_vmap", (16, 128), epochs=epochs),
        "JAX, vmap, all cores": peer("jax_vmap", None, CORES, epochs),
        "skorch": peer("skorch", (2, 8), epochs=epochs),
        "lightning": peer("lightning", (4, 16), epochs=epochs),
        "Hydra's basic launcher": Contestant(basic, summary_scores, (2, 8)),
    }
    missing = missing_packages()
    return {name: contestant for name, contestant in field.items() if contestant.package not in missing}


def missing_packages() -> list[str]:
    """Packages of peers that are not installed."""
    return [name for name in dict.fromkeys(peer.package for peer in PEERS.values()) if find_spec(name) is None]


def data() -> Path:
    """The rows that a run of this project trains and is validated on, encoded and scaled, for the peers."""
    if not DATA.exists():
        sys.path.insert(0, str(ROOT))
        from runner.config.validate import validate
        from runner.data.prepare import prepare

        d = prepare(validate({"dataset": {"name": "digits"}}))
        np.savez(DATA, x=d.x[d.train], y=d.y[d.train], x_val=d.x[d.val], y_val=d.y[d.val])
    return DATA


def environment() -> dict[str, str]:
    """Ours, with this checkout importable."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


def timed(contestant: Contestant, runs: int) -> Timing:
    """One execution in an empty folder. Raises RuntimeError with what it printed if it fails or loses a run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = contestant.command(runs, folder)
        start, before = time.perf_counter(), of_children()
        done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
        seconds, cpu = time.perf_counter() - start, of_children() - before
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        scores = contestant.scores(folder)
    if len(scores) != runs:
        raise RuntimeError(f"{' '.join(command)}: {len(scores)} of {runs} runs have a score")
    return Timing(runs, seconds, mean(scores), cpu)


def of_children() -> float:
    """Seconds of the processor that ended children have taken, and theirs that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(field: dict[str, Contestant], runs: list[int], rounds: int) -> dict[str, list[list[Timing]]]:
    """Name -> for every round, a timing for every number of runs that is timed."""
    found: dict[str, list[list[Timing]]] = {name: [] for name in field}
    for number in range(rounds):
        for name, contestant in field.items():
            found[name].append([timed(contestant, count) for count in contestant.counts or runs])
            print(f"round {number + 1}: {name}: {found[name][-1][-1].seconds:.1f} s", file=sys.stderr)
    return found


def seconds_for(timings: list[Timing], runs: int, kind: str = "seconds") -> float:
    """What was measured (of wall or `cpu` time), or what the line through the first and the last timing says."""
    exact = [getattr(timing, kind) for timing in timings if timing.runs == runs]
    if exact:
        return exact[0]
    first, last = timings[0], timings[-1]
    start, end = getattr(first, kind), getattr(last, kind)
    return start + (end - start) / (last.runs - first.runs) * (runs - first.runs)


def table(found: dict[str, list[list[Timing]]], runs: list[int]) -> dict[str, dict]:
    """Name -> repetitions, and for every number of runs the seconds and the times as long as ours takes."""
    own = found[OURS]
    report = {}
    for name, repeats in found.items():
        timed_counts = [timing.runs for timing in repeats[0]]
        report[name] = {
            "repetitions": [[vars(timing) for timing in timings] for timings in repeats],
            "accuracy": mean(timing.accuracy for timings in repeats for timing in timings),
            "runs": {
                count: {
                    "seconds": median(seconds_for(timings, count) for timings in repeats),
                    "cpu": median(seconds_for(timings, count, "cpu") for timings in repeats),
                    "measured": count in timed_counts,
                    "ratio": median(r := _ratios(repeats, own, count)),
                    "ratios": r,
                }
                for count in runs
            },
        }
    return report


def _ratios(repeats: list[list[Timing]], own: list[list[Timing]], runs: int) -> list[float]:
    return [seconds_for(t, runs) / seconds_for(o, runs) for t, o in zip(repeats, own, strict=True)]


def costs(few: int, many: int, rounds: int) -> dict[str, dict]:
    """What a sweep costs besides training. `few` and `many` runs; the difference is that of the runs between."""
    start = [timed(_short(), runs).seconds for _ in range(rounds) for runs in (1, 2)]
    pairs = [[timed(_short("dataset.train_size=64"), runs).seconds for runs in (few, many)] for _ in range(rounds)]
    outside = [(large - small) / (many - few) * 1e3 for small, large in pairs]
    small, large = (peak(runs) for runs in (few, many))
    return single(rounds) | {
        "start, s": {"value": median(start), "repetitions": start},
        "outside training, ms a run": {"value": median(outside), "repetitions": outside, "seconds": pairs},
        "memory, MB a run": {
            "value": (large["memory"] - small["memory"]) / (many - few),
            "peaks": {str(few): small, str(many): large},
        },
        "threads": {"value": large["threads"]},
        "open files": {"value": large["files"]},
    }


def single(rounds: int) -> dict[str, dict]:
    """What a single run and the help cost; kernels have been compiled before, by the sweeps or the first execution."""
    started = [sys.executable, "-m", "runner"]
    commands = {
        "import": [sys.executable, "-c", "import torch"],
        "run": [*started, "trainer.epochs=5", "hydra.run.dir=run"],
        "help": [*started, "--help"],
    }
    seconds(commands["run"])
    found = [{name: seconds(command) for name, command in commands.items()} for _ in range(rounds)]
    times = [one["run"] / one["import"] for one in found]
    return {
        "one run of 5 epochs, times import torch": {"value": median(times), "repetitions": times, "seconds": found},
        "--help, s": {"value": median(one["help"] for one in found)},
    }


def seconds(command: list[str]) -> float:
    """Wall time of a command in an empty folder. Raises CalledProcessError if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=True)
        return time.perf_counter() - start


def _short(*words: str) -> Contestant:
    """Our sweep with one epoch; with train_size=64 that is a single step, so that what remains is not training."""
    return Contestant(lambda runs, folder: ours(runs, folder, *words, epochs=1), summary_scores)


def peak(runs: int) -> dict[str, float]:
    """What our sweep holds at most, parent and workers together."""
    with tempfile.TemporaryDirectory() as folder:
        command = ours(runs, Path(folder))
        quiet = subprocess.DEVNULL
        return watched(command, cwd=folder, env=environment(), stdout=quiet, stderr=quiet).as_dict()


def judge(contest: dict[str, dict], cost: dict[str, dict], most: int) -> dict[str, dict]:
    """Every target of which something was measured, with what was measured."""
    goals = {name: (goal, contest[name]["runs"][most]["ratio"]) for name, goal in TARGETS.items() if name in contest}
    peers = [contest[name]["runs"][most]["ratio"] for name in JAX if name in contest]
    if peers:
        goals["JAX's best"] = (AHEAD_OF_JAX, min(peers))
    verdict = {f"{name}, times": {"target": g, "value": v, "reached": v >= g} for name, (g, v) in goals.items()}
    measured = {name: figures["value"] for name, figures in cost.items()}
    if 16 in contest[OURS]["runs"]:
        measured["16 runs, s"] = contest[OURS]["runs"][16]["seconds"]
    values = {name: (limit, measured[name]) for name, limit in LIMITS.items() if name in measured}
    return verdict | {name: {"target": g, "value": v, "reached": v <= g} for name, (g, v) in values.items()}


def show(report: dict) -> None:
    """A line a contestant: seconds and times as long as ours, processor seconds of most runs; then the targets."""
    runs = report["conditions"]["runs"]
    print(f"\n{'':26}" + "".join(f"{f'{count} runs':>20}" for count in runs) + f"{'CPU s':>10}{'val accuracy':>16}")
    for name, figures in report["contestants"].items():
        cells = []
        for count in runs:
            cell = figures["runs"][count]
            cells.append(f"{'' if cell['measured'] else '~'}{cell['seconds']:.1f} s {cell['ratio']:6.2f}x")
        line = f"{name:26}" + "".join(f"{cell:>20}" for cell in cells)
        print(f"{line}{figures['runs'][runs[-1]]['cpu']:10.1f}{figures['accuracy']:16.4f}")
    print("~ from the line through two smaller numbers of runs" + _left_out(report["conditions"]["left out"]) + "\n")
    for name, v in report["targets"].items():
        print(f"{name:42}{v['value']:10.2f} of {v['target']:g}{'' if v['reached'] else '   short'}")


def _left_out(names: list[str]) -> str:
    return f"; not installed: {', '.join(names)}" if names else ""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[16, 64, 256, 1024])
    parser.add_argument("--rounds", type=int, default=3)
    peers = [name for name in contestants() if name != OURS]
    parser.add_argument("--only", nargs="+", choices=peers, default=peers, metavar="PEER", help=f"of {peers}")
    parser.add_argument("--no-costs", action="store_true", help="leave out what a sweep costs besides training")
    parser.add_argument("--quick", action="store_true", help="one round of 16 and 64 runs")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.parent.name}/{RESULTS.name}")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.runs, chosen.rounds = [16, 64], 1
    if len(chosen.runs) < 2 or any(count % len(RATES) for count in chosen.runs):
        parser.error(f"--runs {chosen.runs}: two multiples of {len(RATES)} at least")
    return chosen


def stated(rounds: int, runs: list[int]) -> dict:
    """What the figures depend on."""
    found = conditions(rounds) | {"runs": runs, "left out": missing_packages()}
    found["versions"] |= {name: installed(name) for name in ("hydra-core", "skorch", "lightning")}
    return found


def main() -> int:
    chosen = arguments()
    runs, began = sorted(chosen.runs), time.perf_counter()
    report = {"conditions": stated(chosen.rounds, runs)}
    field = {name: one for name, one in contestants().items() if name in (OURS, *chosen.only)}
    try:
        report["contestants"] = table(measure(field, runs, chosen.rounds), runs)
        few = 64 if runs[-1] > 64 else runs[0]
        report["costs"] = {} if chosen.no_costs else costs(few, runs[-1], chosen.rounds)
    finally:
        DATA.unlink(missing_ok=True)
    report["targets"] = judge(report["contestants"], report["costs"], runs[-1])
    report["conditions"]["minutes"] = (time.perf_counter() - began) / 60
    show(report)
    if chosen.save:
        save(report, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
