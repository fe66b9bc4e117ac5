"""What the networks of a sweep look like: boundaries or fits side by side, weights under more and more of a penalty."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from runner.config.registry import entries
from runner.data.encoding import Encoding
from runner.errors import RunnerError
from runner.records.run_folder import MODEL
from runner.reports.facets import order
from runner.reports.html_curves import COLOURS, framed
from runner.reports.over import Over
from runner.reports.pictures import inline
from runner.reports.sections import Section, label
from runner.reports.settings_table import Setting
from runner.reports.svg import Line, chart
from runner.training.model_arrays import read_arrays

if TYPE_CHECKING:
    from runner.figures.draw.panels import Panel
    from runner.reports.load import LoadedRun

MOST = 16  # networks side by side
WIDE = 5  # in a row, at most
PIXELS = 340  # a network on a wide page
BINS = 61  # of the weights
TAIL = 0.5  # percent of the weights that may lie outside of the histogram, on both sides
DECAY = "optimizer.weight_decay"


def side_by_side(section: Section, over: Over | None) -> str:
    """The pictures of a sweep; nothing where its inputs are more than two and no penalty varies."""
    return _networks(section) + (_weights(section, over) if over and _shrinks(over.key) else "")


def _shrinks(key: str) -> bool:
    """Whether the larger its value, the smaller the weights become."""
    group, _, name = key.partition(".")
    entry = entries("regularizer").get(name.partition(".")[0]) if group == "regularizer" else None
    return key == DECAY or (entry is not None and entry.cls.role == "penalty")


def _networks(section: Section) -> str:
    """Boundaries or fits of the first run of each setting, in the order of the keys' values."""
    chosen, code = _seen(section)
    if code is None or len(chosen) < 2:
        return ""
    try:
        picture = _drawn(section, chosen, code)
    except RunnerError as error:
        return f'<p class="dim">note: the networks could not be drawn: {escape(str(error))}</p>'
    classes, width = code.task == "classification", PIXELS * _columns(section, chosen)
    name = "Decision boundaries side by side" if classes else "Fits side by side"
    name += f", the best {MOST} of {len(section.settings)} settings" if len(section.settings) > MOST else ""
    said = "The network of the first seed of each setting, with validation examples; "
    said += "strength of colour is confidence." if classes else "red: prediction; dashed: the true function, if known."
    return (
        f'<figure><h3>{name}</h3><img class="picture" style="max-width:{width}px" '
        f'alt="{name}" src="{inline(picture)}">'
        f"<figcaption>{said}</figcaption></figure>"
    )


def _seen(section: Section) -> tuple[list[Setting], Encoding | None]:
    """The best settings whose networks can be drawn over all their inputs, all of the same, in the order of their keys'
    values; and how the first of them reads a table.
    """
    found: list[Setting] = []
    first = None
    for setting in [setting for setting in section.settings if setting.finished][:MOST]:
        code = _encoding(setting)
        if code and _is_plane(code):
            first = first or code
            found += [setting] if (code.numeric, code.task) == (first.numeric, first.task) else []
    return sorted(found, key=lambda setting: [order(setting.keys.get(key, "")) for key in section.varied]), first


def _arrays(setting: Setting) -> tuple[dict[str, str], dict[str, np.ndarray]] | None:
    """(metadata, tensors) of the model of a setting's first run; None if it is gone or damaged."""
    try:
        return read_arrays(setting.finished[0].folder / MODEL)
    except (RunnerError, OSError):
        return None


def _encoding(setting: Setting) -> Encoding | None:
    """How its first run reads a table, without what torch takes to load; None if its model is gone or damaged."""
    found = _arrays(setting)
    return Encoding.from_dict(json.loads(found[0]["encoding"])) if found else None


def _is_plane(code: Encoding) -> bool:
    """Whether what a network says can be drawn over all its inputs: two numbers, or one that explains one."""
    plain = code.width == len(code.numeric) and not (code.targets or code.products or code.dates)
    return plain and (code.width == 2 or (code.width == 1 and code.task == "regression"))


def _drawn(section: Section, settings: Sequence[Setting], code: Encoding) -> bytes:
    from runner.figures.draw.panels import side_by_side as draw
    from runner.reports.load import load_model

    runs = [load_model(setting.finished[0].folder / MODEL) for setting in settings]
    panels = [_panel(label(setting, section), run) for setting, run in zip(settings, runs, strict=True)]
    names = code.numeric if code.width == 2 else (code.numeric[0], code.target)
    return draw(panels, columns=_columns(section, settings), names=names)


def _panel(title: str, run: LoadedRun) -> Panel:
    """With the examples that the run was validated on; its data are read again."""
    from runner.data.prepare import prepare
    from runner.figures.draw.panels import Panel

    data = prepare(run.settings)
    rows = next(rows for rows in (data.val, data.test, data.train) if len(rows))
    y = data.y[rows] if run.encoding.task == "classification" else data.targets(rows)
    truth = getattr(run.settings.dataset, "truth", None)
    return Panel(title, _predict(run), run.encoding.original(data.x[rows]), y, truth)


def _predict(run: LoadedRun) -> Callable[[np.ndarray], np.ndarray]:
    """Inputs in original units -> probabilities or numbers."""

    def predict(x: np.ndarray) -> np.ndarray:
        outputs = run.outputs(run.encoding.encode(x, {}))
        return run.probabilities(outputs) if run.encoding.task == "classification" else run.decode(outputs)

    return predict


def _columns(section: Section, settings: Sequence[Setting]) -> int:
    """A row for each value of the first keys, where the last has few values and every combination is there."""
    last = len({setting.keys.get(section.varied[-1], "") for setting in settings}) if section.varied else 1
    if 1 < last <= WIDE and len(settings) % last == 0:
        return last
    return min(len(settings), WIDE - 1)


def _weights(section: Section, over: Over) -> str:
    """Histograms of all weights, one over the other, of the first group of settings."""
    if not over.groups:
        return ""
    group = over.groups[0]
    at = sorted(x for x, setting in group.settings.items() if setting.finished)
    at = [at[i] for i in np.unique(np.linspace(0, len(at) - 1, min(len(at), len(COLOURS))).astype(int))]
    models = {x: _arrays(group.settings[x]) for x in at}
    found = {x: _all_weights(model[1]) for x, model in models.items() if model}
    if len(found) < 2:
        return ""
    widest = max(float(np.percentile(np.abs(weights), 100 - TAIL)) for weights in found.values()) or 1.0
    edges = np.linspace(-widest, widest, BINS + 1)
    middle = ((edges[1:] + edges[:-1]) / 2).tolist()
    lines = []
    for i, (x, weights) in enumerate(found.items()):
        share = np.histogram(weights, edges)[0] / weights.size
        lines.append(Line(f"{over.name}={x:g}", COLOURS[i], middle, share.tolist()))
    drawn = chart(lines, f"share of the weights in each of {BINS} bins", "weight", key=True)
    names = " ".join(filter(None, (group.name, group.panel)))
    others = f" ({names})" if names else ""
    said = f"All weights of the first seed's network{others}: the stronger the penalty, the closer they are to 0."
    legend = [(line.name, i) for i, line in enumerate(lines)]
    return framed(f"Weights under {over.name}", legend, [[drawn]], said)


def _all_weights(tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Of all layers, without biases, in one row."""
    matrices = [each for name, each in tensors.items() if name.endswith("weight") and each.ndim == 2]
    return np.concatenate([matrix.astype(np.float64).ravel() for matrix in matrices])
