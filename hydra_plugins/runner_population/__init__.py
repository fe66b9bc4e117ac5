"""The door through which Hydra finds the launcher that trains a sweep as populations (`hydra/launcher=population`).

Hydra loads plugins without entering them in sys.modules, where dataclasses would look up postponed annotations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


@dataclass
class PopulationLauncherConf:
    """Keys of hydra.launcher.*"""

    _target_: str = "hydra_plugins.runner_population.PopulationLauncher"
    executor: str = "processes"  # processes | serial (all in this process, for debugging) | ray (actors of a cluster)
    workers: int | None = None  # worker processes or actors; null = one a core, of Ray as many as the cluster has CPUs
    max_members: int | None = None  # runs that train side by side; null = as many as gain by it
    keep_going: bool = True  # false: the first run that fails stops the sweep
    address: str | None = None  # of a Ray cluster: auto | HOST:PORT | ray://HOST:PORT; null = one of the sweep's own


ConfigStore.instance().store(group="hydra/launcher", name="population", node=PopulationLauncherConf, provider="runner")


class PopulationLauncher(Launcher):
    """Takes all jobs of a sweep at once; see `runner.execution.hydra_launch`."""

    def __init__(self, **options: Any):
        self.options = options

    def setup(self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig") -> None:
        """What Hydra hands to every launcher."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence["JobReturn"]:
        """Train all jobs; their returns in the same order."""
        from runner.execution.hydra_launch import Launch

        launch = Launch(self.config, self.hydra_context, self.task_function, self.options)
        return launch.run([list(overrides) for overrides in job_overrides], initial_job_idx)
