"""The door through which Hydra finds our sweepers: `hydra/sweeper=grid` (every combination) and `random` (draws);
`halving` and `hyperband`, which end the settings of either that do worse than others.

Hydra loads plugins without entering them in sys.modules, where dataclasses would look up postponed annotations.
"""

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


@dataclass
class PrunerConf:
    """Keys of hydra.sweeper.* that end settings early, for any sweep."""

    pruner: Any = None  # median: settings that do worse than the median of the others end where they stand
    pruner_every: Any = 1  # epochs between two comparisons
    pruner_warmup: Any = 0  # epochs before the first
    pruner_startup: Any = 5  # settings that one is compared with at least, else it trains on


@dataclass
class GridSweeperConf(PrunerConf):
    """Keys of hydra.sweeper.*: every combination of the values given."""

    _target_: str = "hydra_plugins.runner_sweeper.GridSweeper"
    params: dict[str, Any] = field(default_factory=dict)  # what is swept over unless the command line says otherwise
    max_jobs: Any = 10000  # more are refused; null = no limit
    zip: Any = None  # keys walked through together, such as [[optimizer, optimizer.lr]]
    objective: Any = None  # the metric that settings are compared by; null = early_stopping.monitor


@dataclass
class RandomSweeperConf(PrunerConf):
    """Keys of hydra.sweeper.*: settings drawn from lists, ranges and intervals."""

    _target_: str = "hydra_plugins.runner_sweeper.RandomSweeper"
    params: dict[str, Any] = field(default_factory=dict)  # what is drawn unless the command line says otherwise
    max_jobs: Any = 10000  # more are refused; null = no limit
    n_trials: Any = 20  # settings drawn; each is trained with every seed, fold, split and draw of the data given
    seed: Any = 0  # of the draws
    objective: Any = None  # the metric that settings are compared by; null = early_stopping.monitor


@dataclass
class OptunaSweeperConf(PrunerConf):
    """Keys of hydra.sweeper.*: settings that Optuna asks for, from what the earlier ones have reached."""

    _target_: str = "hydra_plugins.runner_sweeper.OptunaSweeper"
    params: dict[str, Any] = field(default_factory=dict)  # what is searched unless the command line says otherwise
    max_jobs: Any = 10000  # more are refused; null = no limit
    n_trials: Any = 50  # settings trained; each with every seed, fold, split and draw of the data given
    sampler: Any = "tpe"  # tpe, cmaes, gp, qmc or random
    objective: Any = None  # what is searched by, or a list for a Pareto front; null = early_stopping.monitor
    direction: Any = None  # minimize or maximize; null = as the metric says
    seeds: Any = None  # how many seeds each setting is trained with; null = as the command line says
    batch: Any = 8  # settings asked for at a time, however many workers there are
    startup: Any = 10  # settings drawn before the sampler learns from them
    storage: Any = None  # file or database that Optuna's tools read; null = optuna.journal in the sweep's folder
    seed: Any = 0  # of what the sampler draws


@dataclass
class HalvingSweeperConf:
    """Keys of hydra.sweeper.*: all settings train a little, the best go on, the others end where they stand."""

    _target_: str = "hydra_plugins.runner_sweeper.HalvingSweeper"
    params: dict[str, Any] = field(default_factory=dict)  # what is swept over unless the command line says otherwise
    max_jobs: Any = 10000  # more are refused; null = no limit
    candidates: Any = "grid"  # how settings come about: grid (every combination), random (draws) or optuna
    zip: Any = None  # of a grid: keys walked through together
    n_trials: Any = None  # of random and optuna: settings drawn; null = 20
    seed: Any = 0  # of the draws
    sampler: Any = "tpe"  # of optuna, as the keys that follow: see hydra/sweeper=optuna
    direction: Any = None
    seeds: Any = None
    batch: Any = 9  # settings that are asked for, and compared with each other, at a time
    startup: Any = 10
    storage: Any = None
    eta: Any = 3  # of the settings that are compared 1 / eta go on
    min_epochs: Any = None  # the first comparison; null = as early as leaves one to eta settings to train to the end
    objective: Any = None  # the metric that settings are compared by; null = early_stopping.monitor


@dataclass
class HyperbandSweeperConf(HalvingSweeperConf):
    """Keys of hydra.sweeper.*: successive halving in several brackets, from the most severe to none."""

    _target_: str = "hydra_plugins.runner_sweeper.HyperbandSweeper"
    candidates: Any = "random"
    n_trials: Any = None  # of random and optuna: settings drawn, shared out among the brackets; null = 20
    min_epochs: Any = None  # the first comparison of the first bracket; null = 1


ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridSweeperConf, provider="runner")
ConfigStore.instance().store(group="hydra/sweeper", name="random", node=RandomSweeperConf, provider="runner")
if find_spec("hydra_plugins.hydra_optuna_sweeper") is None:  # else its name stays with the other, which is said
    ConfigStore.instance().store(group="hydra/sweeper", name="optuna", node=OptunaSweeperConf, provider="runner")
ConfigStore.instance().store(group="hydra/sweeper", name="halving", node=HalvingSweeperConf, provider="runner")
ConfigStore.instance().store(group="hydra/sweeper", name="hyperband", node=HyperbandSweeperConf, provider="runner")


class GridSweeper(Sweeper):
    """Hands all jobs to the launcher at once; see `runner.plan.jobs`."""

    def __init__(self, **options: Any):
        self.options = options

    def setup(self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig") -> None:
        """What Hydra hands to every sweeper."""
        from hydra.core.plugins import Plugins

        self.whole: Any = config
        self.task: Any = task_function
        self.door: Any = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list["Sequence[JobReturn]"]:
        """Train every job that the words stand for. Returns batches, as Hydra's own sweeper: one."""
        from pathlib import Path

        from omegaconf import OmegaConf

        from runner.config.compose import Composer

        hydra: Any = self.whole.hydra
        sweeper: Any = OmegaConf.to_container(hydra.sweeper, resolve=True)
        composer = getattr(self.task, "composer", None) or Composer(
            hydra.job.config_name or "config", tuple(hydra.overrides.hydra)
        )
        hydra.overrides.task = [composer.typed.get(word, word) for word in arguments]
        folder = Path(str(self.whole.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        jobs = self._jobs(list(hydra.overrides.task), sweeper, composer, folder)
        OmegaConf.save(self.whole, folder / "multirun.yaml")
        returns = self.door.launch(jobs, initial_job_idx=0)
        if not hasattr(self.task, "ended"):  # else it has been told what came of each run
            for each in returns:
                _ = each.return_value  # raises what a job raised
        return [returns]

    def _jobs(self, words: list[str], sweeper: dict[str, Any], composer: Any, folder: Any) -> list[list[str]]:
        """The words of the jobs that are known when the sweep begins: none, where Optuna asks for them and it is
        certain that what the folder holds can grow by them.
        """
        from runner.plan.recipes import sweep_words
        from runner.plan.sweeper import asks

        if not asks(sweeper):
            return sweep_words(words, sweeper, composer)
        from runner.execution.growth import check_folder

        check_folder(words, sweeper, composer, folder)
        return []


class RandomSweeper(GridSweeper):
    """The same with settings drawn at random."""


class OptunaSweeper(GridSweeper):
    """Hands no job to the launcher, which asks the search for them; see `runner.search.sampling`."""


class HalvingSweeper(GridSweeper):
    """The same in rounds; see `runner.search.halving`."""


class HyperbandSweeper(GridSweeper):
    """The same in rounds and several brackets."""
