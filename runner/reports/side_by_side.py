"""What the networks of a sweep look like: boundaries or fits side by side, weights under more and more of a penalty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from runner.errors import RunnerError
from runner.reports.heat import order
from runner.reports.html_curves import COLOURS, framed
from runner.reports.over import Over
from runner.reports.pictures import inline
from runner.reports.sections import Section, label
from runner.reports.settings_table import Setting
from runner.reports.svg import Line, chart

if TYPE_CHECKING:
    from runner.figures.draw.panels import Panel
    from runner.reports.load import LoadedRun

MOST = 16  # networks side by side
WIDE = 5  # in a row, at most
BINS = 61  # of the weights
TAIL = 0.5  # percent of the weights that may lie outside of the histogram, on both sides
PENALTIES = ("regularizer.", "optimizer.weight_decay")  # keys whose value shapes the weights


def side_by_side(section: Section, over: Over | None) -> str:
    """The pictures of a sweep; nothing where its inputs are more than two and no penalty varies."""
    return _networks(section) + (_weights(section, over) if over and over.key.startswith(PENALTIES) else "")


def _networks(section: Section) -> str:
    """Boundaries or fits of the first run of each setting, in the order of the keys' values."""
    best = [setting for setting in section.settings if setting.finished][:MOST]
    chosen = sorted(best, key=lambda setting: _place(section, setting))
    first = _loaded(chosen[:1])
    if len(chosen) < 2 or not first or not _is_seen(first[0]):
        return ""
    try:
        picture = _drawn(section, chosen)
    except RunnerError as error:
        return f'<p class="dim">note: the networks could not be drawn: {escape(str(error))}</p>'
    classes = first[0].encoding.task == "classification"
    name = "Decision boundaries side by side" if classes else "Fits side by side"
    name += f", the best {MOST} of {len(section.settings)} settings" if len(section.settings) > MOST else ""
    said = "The network of the first seed of each setting, with validation examples; "
    said += "strength of colour is confidence." if classes else "red: prediction; dashed: the true function, if known."
    return (
        f'<figure><h3>{name}</h3><img class="picture broad" alt="{name}" src="{inline(picture)}">'
        f"<figcaption>{said}</figcaption></figure>"
    )


def _place(section: Section, setting: Setting) -> list[tuple]:
    """Settings by the values of their keys, as they were typed."""
    return [order(setting.keys.get(key, "")) for key in section.varied]


def _loaded(settings: Sequence[Setting]) -> list[LoadedRun]:
    """The first run of each setting; fewer if a model is gone or damaged."""
    from runner.reports.load import MODEL, load_model

    found = []
    for setting in settings:
        try:
            found.append(load_model(setting.finished[0].folder / MODEL))
        except (RunnerError, OSError):
            continue
    return found


def _is_seen(run: LoadedRun) -> bool:
    """Whether what a network says can be drawn over all its inputs: two numbers, or one that explains one."""
    code = run.encoding
    plain = code.width == len(code.numeric) and not (code.targets or code.products or code.dates)
    return plain and (code.width == 2 or (code.width == 1 and code.task == "regression"))


def _drawn(section: Section, settings: Sequence[Setting]) -> bytes:
    from runner.figures.draw.panels import side_by_side as draw

    networks = [(label(setting, section), run) for setting in settings for run in _loaded([setting])]
    panels = [_panel(title, run) for title, run in networks]
    code = networks[0][1].encoding
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
    found = {x: _all_weights(run) for x in at for run in _loaded([group.settings[x]])}
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
    others = f" ({group.name})" if group.name else ""
    said = f"All weights of the first seed's network{others}: the stronger the penalty, the closer they are to 0."
    legend = [(line.name, i) for i, line in enumerate(lines)]
    return framed(f"Weights under {over.name}", legend, [drawn], said)


def _all_weights(run: LoadedRun) -> np.ndarray:
    """Of all layers, without biases, in one row."""
    state = run.network.state_dict()
    matrices = [each for name, each in state.items() if name.endswith("weight") and each.ndim == 2]
    return np.concatenate([matrix.double().numpy().ravel() for matrix in matrices])
