"""What a sweep in tasks of a cluster costs besides its runs: 10,000 runs of one second, in at most 200 tasks.

    python benchmarks/cluster.py [--runs 10000] [--tasks 167] [--save]

A one-node Slurm is started on this machine (tests/engines/one_node_slurm.sh; root, slurm-wlm, munge). The clock of the
runs is simulated: each stands for a second, and trains one epoch of a tiny network, which takes milliseconds.
Everything that launcher and tasks compute is counted as besides the runs, those milliseconds included. --save writes
benchmarks/results/cluster.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "tests" / "engines" / "one_node_slurm.sh"
RESULTS = ROOT / "benchmarks" / "results" / "cluster.json"
RUN = ["dataset=iris", "model.hidden=[4]", "trainer.epochs=1", "early_stopping=none", "trainer.progress=false"]

# Every Python that Slurm starts says at its end what it and its workers have used.
WITNESS = """
import atexit, os, resource

def told():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    with open(f"{os.environ['WITNESS']}/{os.getpid()}", "w") as file:
        file.write(f"{sum(u.ru_utime + u.ru_stime for u in used)} {max(u.ru_maxrss for u in used)}")

if os.environ.get("SUBMITIT_EXECUTOR"):
    atexit.register(told)
"""


def measured(runs: int, tasks: int, folder: Path) -> dict[str, float]:
    """CPU seconds and megabytes of the launcher and of the tasks of one sweep, and what it leaves on the disk."""
    (folder / "sitecustomize.py").write_text(WITNESS)
    (folder / "used").mkdir()
    paths = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "WITNESS": str(folder / "used"), "OMP_NUM_THREADS": "1"}
    environment = os.environ | paths | {"SLURM_CONF": str(folder / "slurm" / "slurm.conf")}
    words = [*RUN, f"seed=range({runs})", "hydra/launcher=submitit_slurm", f"hydra.launcher.tasks={tasks}"]
    command = [sys.executable, "-m", "runner", "-m", *words, f"hydra.sweep.dir={folder}/sweep"]
    begun = time.monotonic()
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit((folder / "output.txt").read_text())
    told = [path.read_text().split() for path in (folder / "used").iterdir()]
    files = [path for path in (folder / "sweep").rglob("*") if path.is_file()]
    of_runs = [path for path in files if path.relative_to(folder / "sweep").parts[0][:1].isdigit()]
    found = {
        "wall_s": time.monotonic() - begun,
        "launcher_cpu_s": used.ru_utime + used.ru_stime,
        "launcher_MB": used.ru_maxrss / 1024,
        "tasks": len(told),
        "tasks_cpu_s": sum(float(seconds) for seconds, _ in told),
        "task_MB": max(int(kilobytes) for _, kilobytes in told) / 1024,
        "files_a_run": len(of_runs) / runs,
        "bytes_a_run": sum(path.stat().st_size for path in of_runs) / runs,
        "disk_bytes_a_run": sum(path.stat().st_blocks * 512 for path in of_runs) / runs,
        "files_a_task": sum(".submitit" in path.parts for path in files) / len(told),
        "list_bytes_a_run": (folder / "sweep" / "sweep.yaml").stat().st_size / runs,
        "results_bytes_a_run": (folder / "sweep" / "results.csv").stat().st_size / runs,
    }
    return {key: round(value, 3) for key, value in found.items()}


def main() -> None:
    """Measure, print, and save if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=167, help="a minute of work in each")
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        subprocess.run(["bash", SCRIPT, "start", folder / "slurm"], check=True)
        try:
            found = measured(args.runs, args.tasks, folder)
        finally:
            subprocess.run(["bash", SCRIPT, "stop", folder / "slurm"], check=True)
    seconds = found["launcher_cpu_s"] + found["tasks_cpu_s"]
    report = {"runs": args.runs, "seconds_a_run": 1.0, **found, "besides_the_runs": round(seconds / args.runs, 4)}
    report |= {"python": platform.python_version(), "cores": os.cpu_count()}
    print(json.dumps(report, indent=1))
    if args.save:
        RESULTS.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
