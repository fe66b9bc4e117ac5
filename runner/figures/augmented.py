"""What augmentation does to the first images, signals or texts that a run trains on, through the code that trains on
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from runner.figures.at_end import wanted
from runner.population.members import Columns
from runner.records import disk
from runner.records.console import active_in
from runner.records.run_files import PICTURES
from runner.training.engine import Engine
from runner.training.trial import Trial

if TYPE_CHECKING:
    from torch import Tensor

    from runner.training.augmenting import Augmenting

SHOWN, TEXTS = 8, 6  # examples


def draw_augmentation(trial: Trial, engine: Engine, row: int) -> None:
    """Originals and augmented examples into TensorBoard (figures/augmentation), and into a file if asked."""
    shown = trial.data.image_shape or trial.settings.dataset.holds_signals() or trial.data.encoding.texts
    if not (shown and wanted(trial)):
        return
    picture = _picture(trial, engine, row)
    if picture:
        trial.files.image("figures/augmentation", 0, picture)
        if trial.settings.trainer.figures is True:
            disk.make_folder(trial.files.folder / PICTURES)
            disk.replace(trial.files.folder / PICTURES / "augmentation.png", picture)


def _picture(trial: Trial, engine: Engine, row: int) -> bytes | None:
    """None if the run has no augmentation that can be shown."""
    run, techniques = trial.settings, active_in("augmentation", trial.settings)
    if not techniques:
        return None
    import torch

    from runner.figures.draw.augmentation import image_pairs
    from runner.figures.draw.texts import text_pairs
    from runner.training.augmenting import Augmenting
    from runner.training.steps.device_tables import DeviceTables

    tables = DeviceTables(engine.tables.subset([row]), torch.device("cpu"))
    augmenting = Augmenting(Columns([run], getattr(torch, engine.dtype)), tables.data)
    index = tables.tables.order([run.seed], [0], [run.trainer.sampling])[None, :, : engine.batch]
    x, q = tables.gather(index)
    weights = tables.weights_of(index)
    weights = None if weights is None else weights.unsqueeze(-1)
    title = f"Augmentation: {', '.join(techniques)} (first step)"
    new_x, new_q, _ = augmenting.apply(x.clone(), q.clone(), np.zeros((1, 1), np.int64), index, weights)
    if trial.data.encoding.texts and not augmenting.words:
        return None
    if augmenting.words:
        return text_pairs(*_texts(trial, augmenting, index[0]), _captions(q, trial)[:TEXTS], title=title)
    return image_pairs(
        _images(x, trial),
        _images(new_x, trial),
        above=_captions(q, trial),
        below=_captions(new_q, trial)
        if augmenting.mixing or augmenting.weighted_mixing
        else [""] * min(SHOWN, engine.batch),
        title=title,
    )


def _texts(trial: Trial, augmenting: Augmenting, index_KB: np.ndarray) -> tuple[list[list[str]], list[list[str]]]:
    """The words of the first texts, as they are and as the step trains on them."""
    column, corpus = next(iter(trial.data.corpora.items()))
    both = corpus.of(index_KB.ravel()), augmenting.other_words(index_KB, 0, column)
    before, after = ([[corpus.vocabulary.words[i] for i in ids if i >= 0] for ids in each[:TEXTS]] for each in both)
    return before, after


def _images(x: Tensor, trial: Trial) -> np.ndarray:
    """Pixels [n, channels, height, width] of encoded images, or values [n, times] of signals, [1, 1, B, padded D]."""
    factor, offset = trial.data.pixel_map
    features = x[0, 0, :SHOWN, : len(factor)].double().cpu().numpy()
    return (features * factor + offset).reshape(len(features), *(trial.data.image_shape or (-1,)))


def _captions(q: Tensor, trial: Trial) -> list[str]:
    """The class of each image, or the classes it is mixed of with their shares."""
    if not trial.data.labels:
        return [""] * min(SHOWN, q.shape[2])
    return [_caption(row, trial.data.labels) for row in q[0, 0, :SHOWN, : len(trial.data.labels)].cpu().numpy()]


def _caption(shares: np.ndarray, labels: list[str]) -> str:
    codes = [code for code in np.argsort(-shares, kind="stable")[:4] if shares[code] >= 0.005]
    if len(codes) == 1:
        return labels[codes[0]]
    return "\n".join(f"{shares[code]:.0%} {labels[code]}" for code in codes)
