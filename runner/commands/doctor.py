"""`runner doctor`: what is installed, what the machine has, and which promises it can keep."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from runner.commands.parser import Parser
from runner.config.registry import entries


def run(arguments: list[str]) -> int:
    """Print one line a finding."""
    Parser(
        prog="runner doctor",
        description="Show versions, devices and data, and check whether this machine keeps numbers bit for bit.",
    ).parse_args(arguments)
    for name, value in findings():
        print(f"{name:<14} {value}")
    return 0


def findings() -> Iterator[tuple[str, str]]:
    """(what, finding) in the order printed."""
    yield from versions()
    yield from devices()
    yield from threads()
    yield from engine()
    yield from data()
    yield from writable()
    yield from bitwise()


def versions() -> Iterator[tuple[str, str]]:
    """Python and libraries; where runner itself lies."""
    from runner.config.location import PACKAGE, config_dir
    from runner.records.environment import versions as installed

    yield from installed().items()
    yield "package", str(PACKAGE)
    yield "configs", str(config_dir())


def devices() -> Iterator[tuple[str, str]]:
    """What trainer.device may be here."""
    import torch

    names = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    yield "devices", ", ".join(["cpu", *names])


def threads() -> Iterator[tuple[str, str]]:
    """Cores, threads and the BLAS that multiplies."""
    import torch

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield "cores", f"{os.cpu_count()}, usable here {usable}"
    default = entries("trainer")["default"].defaults["threads"]
    yield "threads", f"torch would use {torch.get_num_threads()}; runs use trainer.threads = {default}"
    limits = {
        k: os.environ[k] for k in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS") if k in os.environ
    }
    yield "limits", ", ".join(f"{k}={v}" for k, v in limits.items()) or "none set in the environment"
    libraries = [
        name for name, there in (("MKL", torch.backends.mkl), ("oneDNN", torch.backends.mkldnn)) if there.is_available()
    ]
    yield "blas", f"{' + '.join(libraries) or 'torch default'}, {torch.backends.cpu.get_cpu_capability()}"


def engine() -> Iterator[tuple[str, str]]:
    """Which engine trains where everything has a compiled form, what multiplies for it, and what is compiled."""
    from runner.execution.engines import unavailable

    if problem := unavailable():
        yield "engine", f"stacked: {problem}"
        return
    from threadpoolctl import threadpool_info

    from runner.compiled import kept, multiplier

    multiplier.load()
    yield "engine", "native where everything that a run asks for has a compiled form (`runner list`), else stacked"
    for found in threadpool_info():
        if found["user_api"] == "blas" and Path(found["filepath"]).parent.name.startswith("scipy"):
            name = f"{found['internal_api']} {found['version']}, {found['architecture']}"
            yield "multiplier", f"{name}; {found['num_threads']} threads here, in a run trainer.threads"
    state = "" if kept.writable() else ", which cannot be written: each process compiles what it needs"
    yield "kernels", f"{len(kept.kept())} compiled in {kept.FOLDER}{state}"


def data() -> Iterator[tuple[str, str]]:
    """Folders of data sets that are there or not."""
    for name, entry in sorted(entries("dataset").items()):
        folder = entry.defaults.get("dir")
        if folder:
            found = "found" if Path(folder).is_dir() else "not there; it will be fetched, or set dataset.dir"
            yield "data", f"{name}: {folder} {found}"


def writable() -> Iterator[tuple[str, str]]:
    """Whether runs can be written below the current folder."""
    place = Path("outputs") if Path("outputs").is_dir() else Path()
    yield "outputs", f"{place.resolve()} {'can' if os.access(place, os.W_OK) else 'can NOT'} be written"


def bitwise() -> Iterator[tuple[str, str]]:
    """Whether a run has the same bits alone and in company."""
    import torch

    from runner.population.bitwise import probe

    torch.set_num_threads(1)
    found = probe()
    yield "bitwise", f"{'yes' if found.ok else 'no'}: {found.text}"
