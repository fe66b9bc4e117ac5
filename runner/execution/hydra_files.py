"""The .hydra/ of every job of a sweep, as Hydra writes it, which takes it 110 ms a job.

Here hydra.yaml is put into words once for the same choices, from what Hydra has left in the folder of the sweep.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.errors import DamagedError, RunError
from runner.execution.stored import as_yaml, config_text, is_as_written
from runner.execution.work import Run
from runner.records import disk
from runner.records.checksums import changed_files
from runner.records.run_folder import CONFIG, HYDRA, MULTIRUN
from runner.records.yaml_file import load_plain, words_text

PLACE = "'@(ID|NUM|DIRNAME|DIR|TASK)@'"  # in a template, of what is each run's own


def write_lacking(runs: Sequence[Run], root: Path) -> None:
    """Write what the .hydra/ of the runs of a sweep lacks, all of it durable at the end.

    RunError if some is lacking and what Hydra has left in the sweep's folder cannot be read.
    """
    found = {number: names for number, run in enumerate(runs) if (names := _lacking(run.folder))}
    if found:
        files = _HydraFiles(root)
        with disk.grouping():
            for number, names in found.items():
                files.write(runs[number], number, names)


def _lacking(folder: Path) -> list[str]:
    """The files of a run's .hydra/ that are not there, emptied by a loss of power or changed."""
    changed = changed_files(folder, HYDRA)
    changed += [str(CONFIG)] if is_as_written(folder) is False else []
    return [name for name in HYDRA if name in changed or not disk.size(folder / name)]


class _HydraFiles:
    """Of one sweep."""

    def __init__(self, root: Path):
        path = root / MULTIRUN
        self._templates: dict[str, str] = {}
        try:
            self._node: Any = load_plain(path)["hydra"]
            self._hydra_yaml(["some=word"], {}, 0, root)
        except (DamagedError, ValueError, LookupError, TypeError, AttributeError) as error:
            what = error if isinstance(error, DamagedError) else f"{path}: damaged (parts of it are missing)"
            raise RunError(f"{what}; restore it, or start the sweep again.") from error

    def write(self, run: Run, number: int, names: Sequence[str]) -> None:
        """These files of a run, and its folder."""
        texts = {
            "config": lambda: config_text(run.settings),
            "hydra": lambda: self._hydra_yaml(run.overrides, run.choices, number, run.folder),
            "overrides": lambda: words_text(run.overrides),
        }
        disk.make_folder(run.folder / ".hydra", parents=True)
        for name in names:
            disk.replace(run.folder / name, texts[Path(name).stem]().encode())

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
        key = json.dumps(choices, sort_keys=True)
        if key not in self._templates:
            node = copy.deepcopy(self._node)
            node["runtime"]["choices"] |= choices
            node["job"] |= {"id": "@ID@", "num": "@NUM@", "override_dirname": "@DIRNAME@"}
            node["overrides"]["task"] = "@TASK@"
            node["runtime"]["output_dir"] = "@DIR@"
            self._templates[key] = as_yaml(json.dumps({"hydra": node}))
        return self._templates[key]
