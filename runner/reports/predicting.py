"""What a finished run and several together have in common: raw tables go in, answers come out in their units."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.data.encoding import Encoding
from runner.errors import RunError
from runner.reports.as_table import as_frame

if TYPE_CHECKING:
    import pandas as pd

    from runner.data.reading.cells import Cells


class Predicting:
    """Base of what `runner.load` gives. `outputs` takes what `transform_with_notes` makes of a table."""

    folder: Path
    encoding: Encoding
    notes: Any  # what a user should know of who predicts: sentences
    outputs: Any
    decode: Any
    probabilities: Any

    def predict(self, inputs: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Labels [n] (as text), or in regression numbers [n], of several targets [n, k], in their own units; of several
        targets of which some are classes both, as objects [n, k]. Raises DataError, RunError.
        """
        return self.decode(self.outputs(self._seen(inputs)))

    def predict_proba(self, inputs: pd.DataFrame | np.ndarray) -> np.ndarray | dict[str, np.ndarray]:
        """Probabilities [n, C] in the order of `encoding.labels`; of several targets those of each that is classes, by
        its name, in the order of the labels in `encoding.heads`. Raises DataError, and RunError in regression.
        """
        if self.encoding.heads:
            return self.probabilities_of(self.outputs(self._seen(inputs)))
        if self.encoding.task != "classification":
            raise RunError(
                f"{self.folder} predicts the number {self.encoding.target!r}, which has no probabilities; use predict."
            )
        return self.probabilities(self.outputs(self._seen(inputs)))

    def probabilities_of(self, outputs_NC: np.ndarray) -> dict[str, np.ndarray]:
        """Target -> probabilities [n, C], of each of several that is classes."""
        heads = [head for head in self.encoding.heads if head.classes]
        return {head.name: self.probabilities(outputs_NC[:, head.columns]) for head in heads}

    def _seen(self, inputs: pd.DataFrame | np.ndarray) -> Any:
        """What is seen of a table; what `runner predict` notes about it is a warning to whoever asked."""
        cells = self.encoding.cells(as_frame(inputs, self.encoding))
        seen, notes = self.transform_with_notes(cells)
        for note in [*self.notes, *cells.notes, *notes]:
            warnings.warn(note, stacklevel=3)
        return seen

    def transform_with_notes(self, cells: Cells) -> tuple[Any, list[str]]:
        """(what is seen of a table, what is said about it)."""
        raise TypeError(f"{type(self).__name__} must define transform_with_notes")
