"""A finished run as something that predicts: `runner.load(DIR)`.

Everything comes from model.safetensors: the weights under nn.Sequential names, and as JSON in its metadata the
architecture and the feature encoding. It is checked before it is used, and nothing in it is ever executed.
Shapes: n rows, D features, C outputs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from runner.config import plugins
from runner.config.origin import differing
from runner.data.encoding import Encoding
from runner.errors import ConfigError, DamagedError, DataError, RunError, RunnerError, shortened
from runner.execution.damaged_run import RESTORE, resume_command
from runner.records.checksums import below, verify
from runner.records.summary import SUMMARY, read_summary
from runner.training.model_file import ENDED, MODEL, Model, read_model

if TYPE_CHECKING:
    import pandas as pd

    from runner.config.settings import Settings
    from runner.data.cells import Cells

CHUNK = 1024  # rows through the network at once
SHOWN = 10  # runs of a sweep named in an error


@dataclass
class LoadedRun:
    """The network of a run in evaluation mode, with its encoding. Tables go in raw; answers come out in their units.

    Inputs are a pandas DataFrame with the columns the run was trained on (`encoding.columns`, in any order, others are
    ignored), or an array [n, columns] in their order; holes (NaN, None) are filled as in training, unseen categories
    count as none of the known ones. Images may be [n, *image_shape]. What `runner predict` notes about a table is a
    warning.
    """

    folder: Path
    network: torch.nn.Sequential
    encoding: Encoding
    architecture: dict[str, Any]
    link: Callable[[torch.Tensor], torch.Tensor]  # scores of classes -> logits
    ended: dict[str, Any] = field(default_factory=dict)  # status, reason, kept_epoch, epochs; empty if not known
    forced: bool = False  # whether its files may be other than the run left them

    def __repr__(self) -> str:
        """Where it lies, the widths of its layers and how the run ended."""
        network = "-".join(map(str, self.architecture["widths"]))
        status = f", {self.status}" if self.status else ""
        return f"LoadedRun({str(self.folder)!r}, network {network}{status})"

    @property
    def status(self) -> str:
        """How the run ended: completed, stopped_early or diverged; "" if neither the model nor a summary says so."""
        return str(self.ended.get("status", ""))

    @property
    def notes(self) -> list[str]:
        """What a user of the network should know of the run."""
        kept, epochs = self.ended.get("kept_epoch"), self.ended.get("epochs")
        if self.status == "diverged":
            return [f"the run diverged ({self.ended['reason']}); this is its network of epoch {kept}"]
        if kept == 0 and epochs:
            return [f"this is the untrained network, which none of {epochs} epochs of training bettered"]
        return []

    @cached_property
    def settings(self) -> Settings:
        """The configuration the run was started with; ConfigError if the folder does not hold it."""
        from runner.execution.stored import read_config

        return read_config(self.folder, checked=not self.forced)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json; RunError if it is missing or damaged."""
        return read_summary(self.folder, force=self.forced)

    def predict(self, inputs: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Labels [n] (as text), or in regression numbers [n] in the units of the target. Raises DataError, RunError."""
        return self.decode(self.outputs(self._seen(inputs)))

    def predict_proba(self, inputs: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Probabilities [n, C] in the order of `encoding.labels`. Raises DataError, and RunError in regression."""
        if self.encoding.task != "classification":
            raise RunError(
                f"{self.folder} predicts the number {self.encoding.target!r}, which has no probabilities; use predict."
            )
        return self.probabilities(self.outputs(self._seen(inputs)))

    def probabilities(self, outputs_NC: np.ndarray) -> np.ndarray:
        """Probabilities [n, C] from the scores of classes, by the link of the loss that was trained."""
        return self.link(torch.from_numpy(outputs_NC)).softmax(-1).numpy()

    def decode(self, outputs_NC: np.ndarray) -> np.ndarray:
        """Labels or numbers [n] in the units of the target; RunError if one is too large for a number."""
        answers = self.encoding.decode(outputs_NC)
        if self.encoding.task == "regression":
            self._check_finite(answers[:, None])
        return answers

    def transform(self, inputs: pd.DataFrame | np.ndarray) -> np.ndarray:
        """What the network sees [n, D]. DataError for missing columns, values that are no numbers or too large."""
        return self._seen(inputs)

    def _seen(self, inputs: pd.DataFrame | np.ndarray) -> np.ndarray:
        """What the network sees of a table; what `runner predict` notes about it is a warning to whoever asked."""
        cells = self.encoding.cells(as_frame(inputs, self.encoding))
        x_ND, notes = self.transform_with_notes(cells)
        for note in [*self.notes, *cells.notes, *notes]:
            warnings.warn(note, stacklevel=3)
        return x_ND

    def transform_with_notes(self, cells: Cells) -> tuple[np.ndarray, list[str]]:
        """(what the network sees [n, D], sentences on columns ignored, holes filled, categories not seen before)."""
        with np.errstate(over="ignore"):
            x_ND, notes = self.encoding.transform_with_notes(cells)
        bad = np.argwhere(~np.isfinite(x_ND))
        if len(bad):
            row, feature = bad[0]
            name = self.encoding.feature_names[feature]
            raise DataError(f"column {name!r} holds a number too large for {x_ND.dtype} in data row {row + 1}.")
        return x_ND, notes

    def outputs(self, x_ND: np.ndarray) -> np.ndarray:
        """What the network says [n, C] to encoded features: scores of the classes, or the scaled target.

        Raises RunError if the run diverged and left no trained network, or if an answer is not finite.
        """
        self._refuse_useless()
        parameter = next(self.network.parameters())
        parts = []
        with torch.no_grad():
            for chunk in torch.from_numpy(np.ascontiguousarray(x_ND)).split(CHUNK):
                parts.append(self.network(chunk.to(parameter)).double().cpu())
        outputs_NC = torch.cat(parts).numpy()
        self._check_finite(outputs_NC)
        return outputs_NC

    def _refuse_useless(self) -> None:
        """RunError for a network that divergence has spoiled, or left as it was before training."""
        finite = all(bool(tensor.isfinite().all()) for tensor in self.network.state_dict().values())
        if not finite or (self.status == "diverged" and not self.ended["kept_epoch"]):
            reason = f" ({self.ended['reason']})" if self.status == "diverged" else ""
            what = "is the untrained one" if finite else "holds weights that are not finite"
            raise RunError(
                f"{self.folder}: the run diverged{reason}, and the network it left {what}, which predicts nothing. "
                "Train again with a lower optimizer.lr."
            )

    def _check_finite(self, outputs_NC: np.ndarray) -> None:
        bad = np.flatnonzero(~np.isfinite(outputs_NC).all(axis=1))
        if len(bad):
            raise RunError(
                f"{self.folder / MODEL}: the network's answer to data row {bad[0] + 1} is not finite "
                f"({len(bad)} of {len(outputs_NC)} rows): the row holds numbers far outside the training data. Correct "
                "or remove it."
            )


def load(folder: str | Path, *, force: bool = False) -> LoadedRun:
    """The run in `folder` (`last`: the one started last under outputs/), on the CPU, ready to predict.

    Raises ConfigError if `folder` is not that of one run (the runs of a sweep are named); RunError if the run has no
    model yet, or one that cannot be read; DamagedError if a file in the folder is not what the run left there, unless
    `force` says to use it all the same. A copy without the other files of the run will do.
    """
    from runner.records.folders import named_folder

    folder = named_folder(folder, sweeps=False)
    path = folder / MODEL
    if not path.exists():
        raise _missing(folder)
    model = _model(path)
    if not force and (folder / SUMMARY).exists():
        try:
            verify(folder, needed=(MODEL,))
        except DamagedError as error:
            command = resume_command(folder)
            do = f". {command} trains it again" if command else f"; {RESTORE}"
            raise DamagedError(f"{error}{do}; --force (force=True) uses it") from error
    changed = differing(model.architecture.get("plugins", {}))
    if changed and not force:
        raise RunError(f"{folder}: {'; '.join(changed)}; --force (force=True) uses it")
    ended = model.ended or _ended_by_summary(folder)
    network = model.network.eval()
    return LoadedRun(folder, network, model.encoding, model.architecture, model.link, ended, forced=force)


def _model(path: Path) -> Model:
    """What the file holds; of a damaged one it is said how to get another."""
    try:
        return read_model(path)
    except DamagedError as error:
        command = resume_command(path.parent)
        do = f"Train again with {command}, or restore the file from a copy." if command else f"{RESTORE.capitalize()}."
        raise DamagedError(f"{error}. {do}") from error


def _ended_by_summary(folder: Path) -> dict[str, Any]:
    """How the run of a model ended that does not say it itself, being of an earlier version; empty if nothing does."""
    try:
        summary = read_summary(folder)
    except RunError:
        return {}
    return {key: summary[key] for key in ENDED} if all(key in summary for key in ENDED) else {}


def as_frame(inputs: Any, encoding: Encoding) -> pd.DataFrame:
    """A table with named columns from a table or an array [n, columns]; DataError if the shape does not fit."""
    import pandas as pd

    if isinstance(inputs, pd.DataFrame):
        return _named(inputs)
    array, columns, image = _array(inputs), encoding.columns, encoding.image_shape
    if image and array.shape[1:] in (image, image[1:]) and array[:1].size in (0, len(columns)):
        array = array.reshape(len(array), len(columns))
    if array.ndim != 2 or array.shape[1] != len(columns):
        raise DataError(
            f"an array of shape {array.shape} does not fit: expected [rows, {len(columns)}], one column each for "
            f"{', '.join(columns[:SHOWN])}{', ...' if len(columns) > SHOWN else ''}."
        )
    return pd.DataFrame(array, columns=columns)


def _array(inputs: Any) -> np.ndarray:
    try:
        return np.asarray(inputs)
    except ValueError as error:
        raise DataError(f"{shortened(inputs)} is neither a table nor an array: {error}") from error


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """The table with column names that are text, as in a file; DataError if one is there twice."""
    names = table.columns.map(str)
    if names.has_duplicates:
        raise DataError(
            f"the table has more than one column {names[names.duplicated()][0]!r}. Rename or remove the others."
        )
    return table if all(isinstance(name, str) for name in table.columns) else table.set_axis(names, axis=1)


def _missing(folder: Path) -> RunnerError:
    """Why a folder holds no model, and what to do."""
    if not folder.is_dir():
        return ConfigError(f"{folder}: no such folder. Give the folder of a run, such as outputs/<date>/<time>-<n>.")
    inside = [str(each) for each in below(folder, MODEL)]
    if inside:
        more = f" and {len(inside) - SHOWN} more" if len(inside) > SHOWN else ""
        return ConfigError(
            f"{folder} is not the folder of one run, it holds {len(inside)}. Choose: {', '.join(inside[:SHOWN])}{more}"
        )
    if (folder / SUMMARY).exists():
        command = resume_command(folder)
        do = f"Train it again with: {command.strip('`')}" if command else "Restore it, or start the run again."
        return RunError(f"{folder / MODEL} is missing, although the run has ended. {do}")
    if (folder / ".hydra" / "config.yaml").exists():
        return RunError(
            f"{folder / MODEL}: not there, the run has not finished. Continue it with: "
            f"{plugins.command('resume', str(folder))}"
        )
    return ConfigError(
        f"{folder} is not the folder of a run: it has no {MODEL}. Runs lie in outputs/<date>/<time>-<n>."
    )
