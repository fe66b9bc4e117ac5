"""The .hydra/ of every job of a sweep, as Hydra writes it, which takes it 110 ms a job; and what it has left of a run.

Here hydra.yaml is put into words once for the same choices, from what Hydra has left in the folder of the sweep.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from runner.config.presets import names_chosen
from runner.errors import ConfigError, DamagedError, RunError
from runner.execution.stored import as_yaml, config_text, is_as_written, read_config, write_config
from runner.execution.work import Run
from runner.records import disk
from runner.records.checksums import changed_files
from runner.records.run_folder import CONFIG, HYDRA, MULTIRUN, TRAINED
from runner.records.yaml_file import load_plain, words_text

CHOICES = ".hydra/hydra.yaml"  # of the run: what was chosen in each group
PLACE = "'@(ID|NUM|DIRNAME|DIR|TASK)@'"  # in a template, of what is each run's own


def take_over(folder: Path) -> None:
    """Put the configuration of a run that was killed before it wrote it in place of Hydra's, which has the values that
    presets set, but not their names: those are in Hydra's hydra.yaml. ConfigError if they are not there.
    """
    if is_as_written(folder) is not None or any((folder / name).exists() for name in TRAINED):
        return
    settings = read_config(folder)
    try:
        choices = load_plain(folder / CHOICES)["hydra"]["runtime"]["choices"]
        settings.chosen = names_chosen(settings, choices)
    except (DamagedError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{folder / CHOICES}: empty or incomplete; the run was killed before it began. Start it again."
        ) from error
    write_config(settings, folder)


def write_lacking(root: Path, runs: Sequence[Run]) -> None:
    """Write what the .hydra/ of the runs below `root` lacks, all of it durable at the end: the configuration and, in a
    sweep, what Hydra writes besides. RunError if that is lacking and what Hydra has left in `root` cannot be read.
    """
    names = HYDRA if (root / MULTIRUN).exists() else HYDRA[:1]
    lacking = [[] if run.folder == root else _lacking(run.folder, names) for run in runs]
    if any(lacking):
        files = _HydraFiles(root)
        with disk.grouping():
            for number, run in enumerate(runs):
                files.write(run, number, lacking[number])


def _lacking(folder: Path, names: Sequence[str]) -> list[str]:
    """Those of these files that are not there, emptied by a loss of power or changed."""
    if not folder.exists():
        return list(names)
    changed = changed_files(folder, names)
    changed += [str(CONFIG)] if is_as_written(folder) is False else []
    return [name for name in names if name in changed or not disk.size(folder / name)]


class _HydraFiles:
    """Of the runs below one folder."""

    def __init__(self, root: Path):
        self.path = root / MULTIRUN
        self._templates: dict[str, str] = {}
        self._configurations: dict[Any, str] = {}

    @cached_property
    def _node(self) -> Any:
        return load_plain(self.path)["hydra"]

    def write(self, run: Run, number: int, names: Sequence[str]) -> None:
        """These files of a run, and its folder."""
        texts = {
            "config": lambda: config_text(run.settings, self._configurations),
            "hydra": lambda: self._hydra_yaml(run, number),
            "overrides": lambda: words_text(run.overrides),
        }
        if names:
            disk.make_folder(run.folder / ".hydra", parents=True)
        for name in names:
            disk.replace(run.folder / name, texts[Path(name).stem]().encode())

    def _hydra_yaml(self, run: Run, number: int) -> str:
        try:
            found = {"ID": str(number), "NUM": number, "DIRNAME": self._dirname(run.overrides), "DIR": str(run.folder)}
            template = self._template(run.choices)
        except (DamagedError, ValueError, LookupError, TypeError, AttributeError) as error:
            what = error if isinstance(error, DamagedError) else f"{self.path}: damaged (parts of it are missing)"
            raise RunError(f"{what}; restore it, or start the sweep again.") from error
        told = {name: json.dumps(value) for name, value in found.items()}
        told["TASK"] = json.dumps([*run.overrides], ensure_ascii=False)
        return re.sub(PLACE, lambda place: told[place[1]], template)

    def _dirname(self, words: Sequence[str]) -> str:
        """What Hydra calls override_dirname."""
        names = self._node["job"]["config"]["override_dirname"]
        left = [word for word in words if word.partition("=")[0].lstrip("+~") not in names["exclude_keys"]]
        return names["item_sep"].join(sorted(left)).replace("=", names["kv_sep"])

    def _template(self, choices: Mapping[str, str | None]) -> str:
        """hydra.yaml with words in the places of what is each run's own, made once for the same choices."""
        key = json.dumps(choices, sort_keys=True)
        if key not in self._templates:
            node = copy.deepcopy(self._node)
            node["runtime"]["choices"] |= choices
            node["job"] |= {"id": "@ID@", "num": "@NUM@", "override_dirname": "@DIRNAME@"}
            node["overrides"]["task"] = "@TASK@"
            node["runtime"]["output_dir"] = "@DIR@"
            self._templates[key] = as_yaml(json.dumps({"hydra": node}))
        return self._templates[key]
