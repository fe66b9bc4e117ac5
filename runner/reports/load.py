"""A finished run as something that predicts: `runner.load(DIR)`.

Everything comes from model.safetensors: the weights under nn.Sequential names, and as JSON in its metadata the
architecture and the feature encoding. It is checked before it is used, and nothing in it is ever executed.
Shapes: n rows, D features, C outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from runner.config.origin import differing
from runner.data.encoding import Encoding
from runner.ensembles.options import COMBINE, MEAN, TOP, check_name
from runner.errors import ConfigError, DamagedError, DataError, RunError
from runner.execution.damaged_run import RESTORE, resume_command
from runner.records.checksums import verify
from runner.records.folders import named_folder
from runner.records.run_folder import COMBINATION, MEMBERS, is_ensemble
from runner.records.summary import SUMMARY, read_summary
from runner.reports.ensemble.kept import AGAIN, is_kept, read_kept
from runner.reports.ensemble.loaded import LoadedEnsemble
from runner.reports.ensemble.members import best_members
from runner.reports.find_model import find_model
from runner.reports.predicting import Predicting
from runner.training.combined import read_way
from runner.training.model_file import ENDED, MODEL, Model, read_model

if TYPE_CHECKING:
    import pandas as pd

    from runner.config.settings import Settings
    from runner.data.reading.cells import Cells
    from runner.reports.monte_carlo import MonteCarlo

CHUNK = 1024  # rows through the network at once


@dataclass
class LoadedRun(Predicting):
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
    def said(self) -> str:
        """Who predicts."""
        return f"run: {self.folder}"

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

    @cached_property
    def rows(self) -> dict[str, np.ndarray]:
        """{"train": [n], "val": [n], "test": [n]}: sorted row numbers in the data file, from 0 for the first below the
        header, blank lines not counted; of a split by `dataset.test_path`, in that file. Rows in none had no target.

        The data are read again. ConfigError or DataError if they cannot be; RunError if they are others than the run
        was trained on, unless it was loaded with `force`.
        """
        from runner.data.prepare import prepare

        data = prepare(self.settings)
        if data.sha256 != self.summary["data_sha256"] and not self.forced:
            raise RunError(
                f"{self.folder}: its data have changed since it was trained, so which rows were in which split is not "
                "known. Restore them, or load it with force=True to split what is there now."
            )
        return {split: data.rows_in_file(split) for split in ("train", "val", "test")}

    def mc(
        self, inputs: pd.DataFrame | np.ndarray, passes: int = 100, *, seed: int = 0, length_scale: float | None = None
    ) -> MonteCarlo:
        """What `passes` passes with the dropout of training say (Gal & Ghahramani 2016); the same for the same seed.

        With a prior length scale, Gal's 1/tau is part of the variance of a number. Raises DataError, RunError, and
        ConfigError for a run without dropout.
        """
        return self.spread_of(self._seen(inputs), passes, seed, length_scale)

    def spread_of(self, x_ND: np.ndarray, passes: int, seed: int, length_scale: float | None) -> MonteCarlo:
        """`mc` of encoded features."""
        from runner.reports.monte_carlo import monte_carlo

        self._refuse_useless()
        return monte_carlo(self, x_ND, passes, seed, length_scale)

    def probabilities(self, outputs_NC: np.ndarray) -> np.ndarray:
        """Probabilities [n, C] from the scores of classes, by the link of the loss that was trained."""
        return self.link(torch.from_numpy(outputs_NC)).softmax(-1).numpy()

    def decode(self, outputs_NC: np.ndarray) -> np.ndarray:
        """Labels and numbers as `predict` gives them; RunError if one is too large for a number."""
        answers = self.encoding.decode(outputs_NC)
        if heads := self.encoding.heads:
            self._check_finite(answers[:, [not head.classes for head in heads]].astype(np.float64))
        elif self.encoding.task == "regression":
            self._check_finite(answers.reshape(len(answers), -1))
        return answers

    def transform(self, inputs: pd.DataFrame | np.ndarray) -> np.ndarray:
        """What the network sees [n, D]. DataError for missing columns, values that are no numbers or too large."""
        return self._seen(inputs)

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


Predictor: TypeAlias = LoadedRun | LoadedEnsemble


def load(folder: str | Path, *, force: bool = False, combine: str | None = None, top: int | None = None) -> Predictor:
    """The run in `folder` (of a sweep its best one, as `runner best` names it; `last`: the run started last under
    outputs/), on the CPU, ready to predict. With `combine` (mean, geometric or vote) all finished runs in the folder
    together, or the `top` best by the metric they watched on validation. The folder that `runner ensemble` has written
    is the ensemble that was chosen there.

    Raises ConfigError if `folder` holds no run, or several of which none is the best (they are named); RunError if the
    run has no model yet, or one that cannot be read; DamagedError if a file in the folder is not what the run left
    there, unless `force` says to use it all the same. A copy without the other files of the run will do.
    """
    if is_kept(root := named_folder(folder)):
        return _kept(root, combine or top, force=force)
    if combine is not None:
        check_name(combine)
        members = best_members(root, top, force=force)
        return LoadedEnsemble(root, [load_model(row.folder / MODEL, force=force) for row in members], combine)
    if top is not None:
        raise ConfigError(f"{TOP} {top}: the best runs are combined, and nothing says how. Add {COMBINE} {MEAN}")
    path = find_model(folder, force=force)
    if is_ensemble(path.parent):
        return _trained(path.parent, force=force)
    run = load_model(path, force=force)
    if not force and (path.parent / SUMMARY).exists():
        _verify(path.parent)
    return run


def _kept(folder: Path, chosen: object, *, force: bool) -> LoadedEnsemble:
    """The ensemble that `runner ensemble` has left."""
    if chosen is not None:
        raise ConfigError(f"{folder}: an ensemble, whose members have been chosen. Leave {COMBINE} and {TOP} out")
    kept = read_kept(folder, force=force)
    if gone := [run for run in kept.times if not (run / MODEL).exists()]:
        raise RunError(f"{gone[0] / MODEL}: not there, though the run belongs to {folder}{AGAIN}")
    if not force:
        for run in kept.times:
            _verify(run)
    members = [load_model(run / MODEL, force=force) for run in kept.times]
    return LoadedEnsemble(folder, members, kept.combine, list(kept.times.values()))


def _trained(folder: Path, *, force: bool) -> LoadedEnsemble:
    """The ensemble that a run has trained."""
    summary = read_summary(folder, force=force)
    about = summary["ensemble"]
    if not about.get("members"):
        raise RunError(f"{folder}: the ensemble diverged ({summary['reason']}), and nothing of it predicts")
    runs = [folder / MEMBERS / name for name in about["members"]]
    for run in [] if force else [folder, *(run for run in runs if (run / SUMMARY).exists())]:
        _verify(run)
    members = [load_model(run / MODEL, force=force) for run in runs]
    return LoadedEnsemble(folder, members, read_way(folder, about["combine"], members[0].encoding.task))


def _verify(folder: Path) -> None:
    try:
        verify(folder, needed=(MODEL, COMBINATION))
    except DamagedError as error:
        command = resume_command(folder)
        do = f". {command} trains it again" if command else f"; {RESTORE}"
        raise DamagedError(f"{error}{do}; --force (force=True) uses it") from error


def load_model(path: Path, *, force: bool = False) -> LoadedRun:
    """The run of a model file, its folder being verified elsewhere. RunError if its plug-ins have changed, unless
    `force`.
    """
    folder, model = path.parent, _model(path)
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
