"""What Hydra's users find of every job of a sweep: .hydra/, the return of the job, callbacks, the name of its folder.

Hydra composes and writes each job anew, 110 ms apiece. Here hydra.yaml is put into words once for the same choices, and
the configuration of a job is composed only when somebody looks at it.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn, JobRuntime, JobStatus

from runner.errors import ConfigError, DamagedError, RunError
from runner.execution.stored import config_text, is_as_written
from runner.execution.work import Run
from runner.records import disk
from runner.records.checksums import changed_files
from runner.records.run_folder import CONFIG, HYDRA, MULTIRUN
from runner.records.yaml_file import load_plain, words_text
from runner.training.outcome import Outcome

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

NUMBER = "${hydra.job.num}"  # what hydra.sweep.subdir is unless the user says otherwise
PLACE = "'@(ID|NUM|DIRNAME|DIR|TASK)@'"  # in a template, of what is each run's own
NAMES = ("config.yaml", "hydra.yaml", "overrides.yaml")


def write_lacking(runs: Sequence[Run], files: Callable[[], HydraFiles]) -> None:
    """Write what the .hydra/ of runs lacks, all of it durable at the end; `files` is asked for only if some do."""
    found = {number: names for number, run in enumerate(runs) if (names := lacking(run.folder))}
    if found:
        writer = files()
        with disk.grouping():
            for number, names in found.items():
                writer.write(runs[number], number, names)


def lacking(folder: Path) -> list[str]:
    """The files of a run's .hydra/ that are not there, emptied by a loss of power or changed."""
    place = folder / ".hydra"
    if not place.is_dir():
        return list(NAMES)
    changed = {Path(name).name for name in changed_files(folder, HYDRA)}
    changed |= {CONFIG.name} if is_as_written(folder) is False else set()
    return [name for name in NAMES if name in changed or not disk.size(place / name)]


class HydraFiles:
    """Of one sweep: `config` is its own configuration; `context`, which only jobs need, is Hydra's."""

    @classmethod
    def stored(cls, root: Path) -> HydraFiles:
        """From what Hydra has left in the sweep's folder; RunError if that cannot be read."""
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        path, config = root / MULTIRUN, None
        try:
            config = load_plain(path)
            files = cls(OmegaConf.create(config), None)
            files._hydra_yaml(["some=word"], {}, 0, root)
        except (DamagedError, ValueError, LookupError, TypeError, AttributeError, OmegaConfBaseException) as error:
            what = f"{path}: damaged (parts of it are missing)" if config is not None else error
            raise RunError(f"{what}; restore it, or start the sweep again.") from error
        return files

    def __init__(self, config: DictConfig, context: HydraContext | None):
        from omegaconf import OmegaConf

        self.config, self.context = config, context
        self._templates: dict[str, str] = {}
        self._node: Any = OmegaConf.to_container(config.hydra, resolve=False)

    def job(self, words: Sequence[str], number: int, folder: Path | None = None) -> DictConfig:
        """The configuration of a job as Hydra composes it."""
        from omegaconf import open_dict

        if self.context is None:
            raise ValueError("jobs are composed only while Hydra runs the sweep")
        config = self.context.config_loader.load_sweep_config(self.config, list(words))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
            if folder is not None:
                config.hydra.runtime.output_dir = str(folder)
        return config

    def subdir(self, words: Sequence[str], number: int) -> str | None:
        """The folder of a job where the user has named them (hydra.sweep.subdir), else None."""
        from omegaconf import OmegaConf

        if self._node["sweep"]["subdir"] == NUMBER:
            return None
        config = self.job(words, number)
        with _current(config):
            return str(OmegaConf.select(config, "hydra.sweep.subdir"))

    def write(self, run: Run, number: int, names: Sequence[str] = NAMES) -> None:
        """The folder of a run with its .hydra/, or these files of it."""
        folder = run.folder / ".hydra"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"can't make {folder}: {error.strerror}") from error
        texts = {
            "config.yaml": lambda: config_text(run.settings),
            "hydra.yaml": lambda: self._hydra_yaml(run.overrides, run.choices, number, run.folder),
            "overrides.yaml": lambda: words_text(run.overrides),
        }
        for name in names:
            disk.replace(folder / name, texts[name]().encode())

    def _hydra_yaml(self, words: Sequence[str], choices: Mapping[str, str | None], number: int, folder: Path) -> str:
        found = {"ID": str(number), "NUM": number, "DIRNAME": self._dirname(words), "DIR": str(folder)}
        told = {name: json.dumps(value) for name, value in found.items()}
        told["TASK"] = json.dumps([*words], ensure_ascii=False)
        return re.sub(PLACE, lambda place: told[place[1]], self._template(choices))

    def _dirname(self, words: Sequence[str]) -> str:
        """What Hydra calls override_dirname."""
        names = self._node["job"]["config"]["override_dirname"]
        left = [word for word in words if word.partition("=")[0].lstrip("+~") not in names["exclude_keys"]]
        return names["item_sep"].join(sorted(left)).replace("=", names["kv_sep"])

    def _template(self, choices: Mapping[str, str | None]) -> str:
        """hydra.yaml with words in the places of what is each run's own, made once for the same choices."""
        import yaml

        key = json.dumps(choices, sort_keys=True)
        if key not in self._templates:
            node = copy.deepcopy(self._node)
            node["runtime"]["choices"] |= choices
            node["job"] |= {"id": "@ID@", "num": "@NUM@", "override_dirname": "@DIRNAME@"}
            node["overrides"]["task"] = "@TASK@"
            node["runtime"]["output_dir"] = "@DIR@"
            plain = json.loads(json.dumps(node, default=lambda value: getattr(value, "name", str(value))))
            dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
            self._templates[key] = yaml.dump({"hydra": plain}, Dumper=dumper, sort_keys=False)
        return self._templates[key]

    def fire_callbacks(self, returns: Sequence[SweepReturn], task: TaskFunction) -> None:
        """Start and end of every job, in pairs, for Hydra's callbacks if there are any."""
        callbacks = self.context.callbacks if self.context else None
        if callbacks is None or not callbacks.callbacks:
            return
        for each in returns:
            with _current(each.config):
                callbacks.on_job_start(config=each.config, task_function=task)
                callbacks.on_job_end(config=each.config, job_return=each)


@contextmanager
def _current(config: DictConfig) -> Iterator[None]:
    """`config` is what HydraConfig.get() gives."""
    from hydra.core.hydra_config import HydraConfig

    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(config)
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before


class SweepReturn(JobReturn):
    """How a job ended: the mean best value of what its runs monitored (NaN if one diverged), or the failure of one. Its
    configuration is composed when it is asked for.

    An outcome None is of a run that was not trained to its end, as another failed before (keep_going=false).
    """

    def __init__(
        self, files: HydraFiles, words: Sequence[str], number: int, folder: Path, outcomes: Sequence[Outcome | None]
    ):
        self._compose = lambda: files.job(words, number, folder)
        self.overrides = [word for word in words if not word.startswith("hydra")]
        self.task_name, self.working_dir = JobRuntime.instance().get("name"), os.getcwd()
        reasons = [outcome.reason for outcome in outcomes if outcome and outcome.status == "failed"]
        reasons += ["the sweep was stopped before, as a run had failed" for outcome in outcomes if outcome is None]
        self.status = JobStatus.FAILED if reasons else JobStatus.COMPLETED
        values = [outcome.best for outcome in outcomes if outcome and outcome.best is not None]
        whole = values and all(outcome.status != "diverged" for outcome in outcomes if outcome)
        mean = sum(values) / len(values) if whole else float("nan")
        self.return_value = RunError(reasons[0]) if reasons else mean

    @cached_property
    def config(self) -> DictConfig:
        """All of it, Hydra's own node included."""
        return self._compose()

    @cached_property
    def cfg(self) -> Any:  # type: ignore[override]
        """The configuration of the task."""
        return self._part([str(key) for key in self.config if key != "hydra"])

    @cached_property
    def hydra_cfg(self) -> Any:  # type: ignore[override]
        """Hydra's own configuration."""
        return self._part(["hydra"])

    def _part(self, keys: list[str]) -> Any:
        from omegaconf import OmegaConf

        return OmegaConf.masked_copy(self.config, keys)


def refuse_per_process(config: DictConfig) -> None:
    """ConfigError for what Hydra does to the process of a job: a run of a population has no separate process."""
    at_once = "the runs of a sweep share a process, which has one"
    by_turns = "or run them one after the other with hydra/launcher=basic"
    problems = {
        "chdir": f"hydra.job.chdir = true: {at_once} working directory; leave it false, {by_turns}",
        "env_set": f"hydra.job.env_set: {at_once} environment; set it in the shell, {by_turns}",
    }
    if found := [problem for key, problem in problems.items() if config.hydra.job.get(key)]:
        raise ConfigError(found)
