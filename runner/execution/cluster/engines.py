"""What carries tasks out, Slurm or processes of this machine: is given them, and asked whether they live."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from runner.errors import ConfigError, RunError
from runner.execution.cluster.queue import COMMON, Queue

WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT")
LIVE = (*WAITING, "RUNNING", "COMPLETING", "SUSPENDED", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED")
SECONDS = 30  # that an answer of Slurm may take
SITE = ("SLURM_CONF", "SLURM_CLUSTERS", "SBATCH_PARTITION", "SBATCH_ACCOUNT")  # of the environment, what names the site
FOR_NOW = ("busy", "down", "drained")  # what keeps a task from starting at once, and not from waiting


class Unanswered(Exception):
    """Nobody can say at present which tasks live."""


class Cluster(Protocol):
    """What tasks are submitted to."""

    def submit(self, queue: Queue, logs: str, tasks: Sequence[Callable[[], Any]]) -> tuple[str, ...]:
        """Submit tasks as one array; their jobs. RunError with the reason if they are refused."""
        ...

    def states(self, jobs: Sequence[str]) -> dict[str, str]:
        """What is known of jobs, in Slurm's words; nothing of those that ended long ago. Raises Unanswered."""
        ...

    def cancel(self, jobs: Sequence[str]) -> None:
        """Have jobs save and end."""
        ...


def cluster(name: str) -> Cluster:
    """That of this name: "slurm" or "local"."""
    return Slurm() if name == "slurm" else Local()


class Slurm:
    """By sbatch, squeue and scancel."""

    def submit(self, queue: Queue, logs: str, tasks: Sequence[Callable[[], Any]]) -> tuple[str, ...]:
        """Submit tasks as one array; their jobs."""
        return _submitted(queue, logs, tasks)

    def states(self, jobs: Sequence[str]) -> dict[str, str]:
        """By squeue, which knows of jobs that wait, run, or have ended in the last minutes."""
        arrays = sorted({job.partition("_")[0] for job in jobs})
        words = ["squeue", "--noheader", "--array", "--states=all", "--format=%F %K %T", f"--jobs={','.join(arrays)}"]
        try:
            answer = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unanswered(f"squeue: {error}") from error
        if answer.returncode and "Invalid job id" not in answer.stderr:
            raise Unanswered(" ".join(answer.stderr.split()) or f"squeue: exit code {answer.returncode}")
        wanted = set(jobs)
        found: dict[str, str] = {}
        for array, task, state in (line.split() for line in answer.stdout.splitlines()):
            found |= {job: state for job in (f"{array}_{task}", array) if job in wanted}
        return found

    def cancel(self, jobs: Sequence[str]) -> None:
        """By scancel, whose SIGTERM has a task save; it has KillWait seconds for that."""
        try:
            subprocess.run(["scancel", "--quiet", *jobs], capture_output=True, timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unanswered(f"scancel: {error}") from error


class Local:
    """Processes of this machine, each under one of submitit that waits for it; that one is the job."""

    def __init__(self) -> None:
        self.processes: dict[str, Any] = {}  # those that are this process's children

    def submit(self, queue: Queue, logs: str, tasks: Sequence[Callable[[], Any]]) -> tuple[str, ...]:
        """Start the tasks, out of reach of the terminal's Ctrl-C and of its end."""
        ignored = (signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
        try:
            return _submitted(queue, logs, tasks, self.processes)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def states(self, jobs: Sequence[str]) -> dict[str, str]:
        """By the processes that there are."""
        for process in self.processes.values():
            process.poll()  # so that one that has ended is gone
        return {job: "RUNNING" for job in jobs if _is_submitit(int(job))}

    def cancel(self, jobs: Sequence[str]) -> None:
        """By SIGTERM, which is passed on."""
        for job in jobs:
            if _is_submitit(int(job)):
                os.kill(int(job), signal.SIGTERM)


def _is_submitit(process: int) -> bool:
    try:
        return b"submitit" in Path(f"/proc/{process}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        return False


def _submitted(
    queue: Queue, logs: str, tasks: Sequence[Callable[[], Any]], processes: dict[str, Any] | None = None
) -> tuple[str, ...]:
    with _executor(queue, logs) as executor:
        jobs = executor.submit_array(tasks) if len(tasks) > 1 else [executor.submit(tasks[0])]
    if processes is not None:
        processes |= {job.job_id: job._process for job in jobs}
    return tuple(str(job.job_id) for job in jobs)


@contextmanager
def _executor(queue: Queue, logs: str) -> Iterator[Any]:
    """submitit's, with the keys of the queue; what it or sbatch refuses is a RunError."""
    import submitit
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    name = queue.cluster
    first = {f"{name}_max_num_timeout": queue.value("max_num_timeout")}
    rest = {key: value for key, value in queue.keys.items() if key not in ("submitit_folder", "max_num_timeout")}
    rest = {"timeout_min": queue.value("timeout_min"), **rest}
    given = {key if key in COMMON else f"{name}_{key}": value for key, value in rest.items()}
    if name == "slurm":
        given.setdefault("slurm_signal_delay_s", queue.value("signal_delay_s"))
    try:
        site = {key: os.environ[key] for key in SITE if key in os.environ}
        with submitit.helpers.clean_env():  # a launcher may itself be a job
            os.environ.update(site)
            executor = submitit.AutoExecutor(logs, cluster=name, **first)
            executor.update_parameters(**given)
            yield executor
    except (FailedJobError, FailedSubmissionError) as error:
        raise RunError(f"Slurm refuses the tasks: {said(str(error))}") from error
    except (AssertionError, NameError, ValueError) as error:
        raise ConfigError(f"hydra.launcher: {error}") from error


def said(text: str) -> str:
    """What a command of Slurm says, without its name before every line."""
    lines = (line.partition("error: ")[2] or line for line in text.strip().splitlines())
    return "; ".join(line.strip() for line in lines if line.strip())


def check(queue: Queue, logs: str) -> None:
    """ConfigError, with sbatch's own words, if a task like those to come would be refused; nothing is submitted."""
    if queue.cluster != "slurm":
        return
    if absent := [name for name in ("sbatch", "squeue", "scancel", "srun") if shutil.which(name) is None]:
        raise ConfigError(
            f"hydra/launcher=submitit_slurm: there is no {absent[0]} on PATH, so this is no machine that submits to "
            "Slurm; start from a login node, or use hydra/launcher=submitit_local"
        )
    with _executor(queue, logs) as executor:
        text = executor._executor._make_submission_file_text("true", "check")
    try:
        words = ["sbatch", "--test-only"]
        answer = subprocess.run(words, input=text, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"hydra/launcher=submitit_slurm: sbatch does not answer ({error})") from error
    if answer.returncode and not any(word in answer.stderr for word in FOR_NOW):
        raise ConfigError(
            f"hydra/launcher=submitit_slurm: sbatch would refuse the tasks: {said(answer.stderr)}. Change "
            "hydra.launcher.* (partition, qos, account, ...), or leave the launcher out to train on this machine"
        )
