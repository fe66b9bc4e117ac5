"""What each column's weight does while a penalty grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config import plugins
from runner.config.choices import name_of
from runner.config.option import integer, number
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.errors import ConfigError
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.subject import Case, Subject

PENALTIES = {"l1": "L1 (lasso)", "elastic_net": "elastic net", "l2": "L2 (ridge)"}
DECADE = 20  # strengths a decade
NAMED = 10  # columns with a name in the picture


@diagnosis(
    "paths",
    lecture="003:421-449, 003:474-502, 003:517-533",
    paper="Tibshirani 1996; Efron et al. 2004; Zou & Hastie 2005; Friedman et al. 2010",
)
@dataclass
class Paths(Diagnosis):
    """Which columns stay when a penalty grows? Every weight over its strength: L1, L2 and elastic net side by side.

    Of a linear regression (model.hidden=[], one target) the minima themselves, of all training rows: L1 sets weights to
    0 one after the other, from 2 max |x'y| / n on; L2 makes all smaller and none 0; of equal columns L1 takes any,
    elastic net each alike. Of a sweep over one penalty the trained networks: a column is its weight, of two classes the
    difference, with hidden layers the norm of its weights in the first.
    """

    example = 'dataset=diabetes "model.hidden=[]" dataset.val_fraction=0 dataset.test_fraction=0 early_stopping=none'
    several = True

    l1_ratio: float = number(0.5, ge=0, le=1, help="of the elastic net: 1 is L1, 0 is L2")
    strength: float | None = number(None, ge=0, optional=True, help="say the weights at this strength")
    largest: int = integer(5, ge=1, help="columns that are named on the screen")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """The paths."""
        if len(subject.cases) > 1:
            return self._trained(subject, told)
        self._refuse(subject.case)
        return self._worked_out(subject)

    def _refuse(self, case: Case) -> None:
        data, settings = case.data, case.settings
        if settings.model.hidden or data.task != "regression" or data.y.ndim > 1:
            raise ConfigError(
                "paths: weights over a strength can be worked out for a linear regression alone (model.hidden=[], one "
                "target); of other networks train a sweep, such as `runner diagnose paths -m model.hidden=[] "
                "regularizer.l1=1e-4,1e-3,1e-2,1e-1`"
            )
        name = name_of(settings.loss, "loss")
        if name not in ("auto", "mse"):
            raise ConfigError(f"paths: worked out for the mean square, but loss={name}; set loss=auto")

    def _worked_out(self, subject: Subject) -> Found:
        from runner.diagnose.penalized import Quadratic

        case, data = subject.case, subject.case.data
        names = list(data.encoding.feature_names)
        weights = None if data.weights is None else data.weights[data.train]
        q = Quadratic.of(data.x[data.train], data.y[data.train], weights, case.settings.model.bias)
        knots, points = q.l1_knots()
        strengths = grid(knots[0])

        def at(a: np.ndarray) -> dict[str, np.ndarray]:
            lasso = np.stack([np.interp(a, knots[::-1], column[::-1]) for column in points.T], -1)
            return {"l1": lasso, "elastic_net": q.elastic_net(a, self.l1_ratio), "l2": q.l2(a)}

        found = at(strengths)
        entries = entering(knots, points, names)
        numbers: dict[str, Any] = {"columns": names, "entries": entries, "strengths": strengths, "weights": found}
        shown = ", ".join(f"{each['column']} {each['strength']:.6f}" for each in entries[: self.largest])
        lines = [f"L1: all weights are 0 from strength {knots[0]:.6f} on; below it enter {shown}"]
        if self.strength is not None:
            numbers["strength"] = self.strength
            chosen = {name: values[0] for name, values in at(np.array([self.strength])).items()}
            numbers["at_strength"] = {name: dict(zip(names, w.tolist(), strict=True)) for name, w in chosen.items()}
            lines += [said(PENALTIES[name], self.strength, names, w, self.largest) for name, w in chosen.items()]
        gone = [f"{each['column']} at {each['strength']:.6f}" for each in leaving(knots, points, names)]
        lines += [f"L1: a weight becomes 0 again on the way: {', '.join(gone)}"] if gone else []
        advice = f"The first columns tell most; let validation choose the strength, between 0 and {knots[0]:.2g}."
        tried = [f"{knots[0] * 10**-k:.2g}" for k in (3, 2.5, 2, 1.5, 1, 0.5)]
        following = subject.sweep("regularizer.l1", tried, "dataset.folds=5", "optimizer.proximal=true")
        figure = draw(strengths, found, names, "weight (scaled target / scaled column)")
        return Found(numbers, lines, advice, following, figure)

    def _trained(self, subject: Subject, told: Tell) -> Found:
        from runner.reports.load import MODEL, load_model

        key = varied(subject.cases)
        subject = subject.trained(told)
        cases = sorted(subject.cases, key=lambda case: case.settings.value(key))
        names = list(cases[0].data.encoding.feature_names)
        strengths = np.array([case.settings.value(key) for case in cases], dtype=float)
        weights = np.array([columns_of(load_model(Path(str(case.folder)) / MODEL).network) for case in cases])
        found = {key.split(".")[-1]: weights}
        numbers = {"key": key, "columns": names, "strengths": strengths, "weights": found}
        lines = [said(key, a, names, w, self.largest) for a, w in zip(strengths, weights, strict=True)]
        zero = int((weights[-1] == 0).sum())
        advice = f"At the largest strength {zero} of {len(names)} columns have no weight; compare what it costs."
        figure = draw(strengths, found, names, "weight of the column")
        return Found(numbers, lines, advice, plugins.command("report", *subject.words), figure)


def grid(top: float) -> np.ndarray:
    """Strengths from a ten-thousandth of the one that leaves no weight to ten times it."""
    return np.geomspace(1e-4 * top, 10 * top, 5 * DECADE + 1)


def entering(knots: np.ndarray, points: np.ndarray, names: Sequence[str]) -> list[dict[str, Any]]:
    """Column and strength below which L1 gives it a weight for the first time, in this order."""
    found = []
    for j, name in enumerate(names):
        used = np.flatnonzero(points[:, j])
        if len(used):
            found.append({"column": name, "strength": float(knots[used[0] - 1])})
    return sorted(found, key=lambda each: -each["strength"])


def leaving(knots: np.ndarray, points: np.ndarray, names: Sequence[str]) -> list[dict[str, Any]]:
    """Column and strength at which the weight is 0 again, the strength falling."""
    pairs = [(t, j) for j in range(len(names)) for t in range(1, len(knots)) if points[t - 1, j] and not points[t, j]]
    return [{"column": names[j], "strength": float(knots[t])} for t, j in sorted(pairs)]


def said(what: str, strength: float, names: Sequence[str], w: np.ndarray, most: int) -> str:
    """The largest weights at a strength."""
    order = [j for j in np.argsort(-np.abs(w))[:most] if w[j]]
    shown = ", ".join(f"{names[j]} {w[j]:.4f}" for j in order) or "none"
    return f"{what} at {strength:g}: {np.count_nonzero(w)} of {len(w)} columns with a weight: {shown}"


def varied(cases: Sequence[Case]) -> str:
    """The one key that differs, a number. ConfigError if there is none, or several."""
    keys = cases[0].settings.options()
    differ = [
        key
        for key in keys
        if key != "name"
        and len({str(case.settings.value(key)) for case in cases if key in case.settings.options()}) > 1
    ]
    numeric = all(isinstance(case.settings.value(key), (int, float)) for case in cases for key in differ[:1])
    if len(differ) != 1 or not numeric:
        raise ConfigError(
            f"paths: the runs must differ in the strength of one penalty, but differ in {', '.join(differ) or 'none'}"
        )
    return differ[0]


def columns_of(network: Any) -> np.ndarray:
    """What stands for each column [D] of a network: see `Paths`."""
    import torch

    linear = [module for module in network if isinstance(module, torch.nn.Linear)]
    w = linear[0].weight.detach().double().numpy()
    if len(linear) == 1 and len(w) == 1:
        return w[0]
    return w[1] - w[0] if len(linear) == 1 and len(w) == 2 else np.linalg.norm(w, axis=0)


def draw(strengths: np.ndarray, found: dict[str, np.ndarray], names: Sequence[str], ylabel: str) -> bytes:
    """A panel a penalty, a line a column, the strength on a logarithmic axis."""
    from runner.diagnose.draw import COLOURS, GREY, INK, explain, png, sheet

    caption = (
        "From right to left the penalty weakens. Where a line leaves 0 the column begins to count; the largest are "
        "named, the others grey."
    )
    figure, grid_ = sheet("weights over the strength of the penalty", caption, 1, len(found), sharey=True)
    size = np.max([np.abs(w).max(0) for w in found.values()], axis=0)
    named = {int(j): k for k, j in enumerate(np.argsort(-size)[:NAMED])}
    for axes, (penalty, weights) in zip(grid_[0], found.items(), strict=True):
        for j in sorted(range(len(names)), key=lambda j: j in named):
            k = named.get(j)
            style = {"color": GREY} if k is None else {"color": COLOURS[k % 6], "linestyle": ("-", "--")[k // 6]}
            axes.plot(strengths, weights[:, j], linewidth=1.8, label=names[j] if k is not None else None, **style)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xscale("log" if strengths.min() > 0 else "symlog")
        explain(axes, "strength", ylabel if axes is grid_[0][0] else "", PENALTIES.get(penalty, penalty))
        axes.get_legend().remove()
    handles, labels = grid_[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=11)
    return png(figure)
