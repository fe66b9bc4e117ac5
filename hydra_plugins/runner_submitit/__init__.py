"""The door through which Hydra finds the launchers that hand a sweep to tasks of a cluster by submitit.

`hydra/launcher=submitit_slurm` and `submitit_local` take exactly the keys of hydra-submitit-launcher, and ours. Hydra
loads plugins without entering them in sys.modules, where dataclasses would look up postponed annotations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


@dataclass
class LocalLauncherConf:
    """Keys of hydra.launcher.* with hydra/launcher=submitit_local."""

    _target_: str = "hydra_plugins.runner_submitit.LocalLauncher"
    submitit_folder: str = ".submitit/%j"  # of the logs, in the folder of the sweep; %j stands for the job
    timeout_min: int = 60  # of a task, which is then saved and queued again
    cpus_per_task: int | None = None
    gpus_per_node: int | None = None
    tasks_per_node: int = 1  # processes of a task on each node, each with a part of its runs
    mem_gb: int | None = None
    nodes: int = 1
    name: str = "${hydra.job.name}"
    stderr_to_stdout: bool = False
    tasks: int | None = None  # into so many the sweep is cut; null = one a core, or a minute of work each, at most 200
    workers: int | None = None  # worker processes in a task; null = cpus_per_task, else one
    max_members: int | None = None  # runs that train side by side; null = as many as gain by it
    keep_going: bool = True  # false: the first run that fails stops the sweep
    detach: bool = False  # submit and leave; `runner resume DIR` looks, collects and goes on


@dataclass
class SlurmLauncherConf(LocalLauncherConf):
    """Keys of hydra.launcher.* with hydra/launcher=submitit_slurm; those of sbatch mean what they mean there."""

    _target_: str = "hydra_plugins.runner_submitit.SlurmLauncher"
    partition: str | None = None
    qos: str | None = None
    comment: str | None = None
    constraint: str | None = None
    exclude: str | None = None
    gres: str | None = None
    cpus_per_gpu: int | None = None
    gpus_per_task: int | None = None
    mem_per_gpu: str | None = None
    mem_per_cpu: str | None = None
    account: str | None = None
    signal_delay_s: int = 120  # before the time limit a task is told to save
    max_num_timeout: int = 3  # so often a task that runs into its time limit is queued again
    additional_parameters: dict[str, Any] = field(
        default_factory=dict
    )  # of sbatch, such as {"mail-user": "me@uni.edu"}
    array_parallelism: int = 256  # tasks that run at a time
    setup: list[str] | None = None  # commands of the shell before a task


ConfigStore.instance().store("submitit_local", LocalLauncherConf, "hydra/launcher", provider="runner")
ConfigStore.instance().store("submitit_slurm", SlurmLauncherConf, "hydra/launcher", provider="runner")


class LocalLauncher(Launcher):
    """Takes all jobs of a sweep at once; see `runner.execution.hydra_launch`."""

    def __init__(self, **options: Any):
        from omegaconf import OmegaConf

        plain = {key: OmegaConf.to_container(v) if OmegaConf.is_config(v) else v for key, v in options.items()}
        self.options = plain | {"_target_": f"{type(self).__module__}.{type(self).__name__}"}

    def setup(self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig") -> None:
        """What Hydra hands to every launcher."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence["JobReturn"]:
        """Train all jobs; their returns in the same order."""
        from runner.execution.hydra_launch import Launch

        launch = Launch(self.config, self.hydra_context, self.task_function, self.options)
        return launch.run([list(overrides) for overrides in job_overrides], initial_job_idx)


class SlurmLauncher(LocalLauncher):
    """The same in an array of Slurm."""
