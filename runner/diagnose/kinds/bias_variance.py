"""How much of the error is systematic, and how much is luck of the draw of the training data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.compact import shown
from runner.config.settings import luck
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.errors import ConfigError
from runner.records.names import plural
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.common_inputs import Inputs
    from runner.diagnose.subject import Case, Subject

POINTS = 6  # panels
DRAWN = 40  # fits, one over the other


@diagnosis(
    "bias_variance", lecture="003:21-56, 003:111, 003:159", paper="Geman et al. 1992; Yang et al. 2020 (classes)"
)
@dataclass
class BiasVariance(Diagnosis):
    """Is the error systematic (bias) or luck of the draw (variance)? Over runs on several draws of the data.

    Numbers: bias^2 = mean_x (mean_k f_k(x) - truth(x))^2, variance = mean_x var_k f_k(x), noise: what no network can
    know. Classes: cross entropy = bias + variance by KL divergence. The x are those that no run was trained on: a grid
    where the truth is known, another draw where the data are drawn, else the common rows of the test.
    """

    example = "-m dataset=sine dataset.data_seed='range(20)' 'model.hidden=[2],[20]' trainer.epochs=200"
    several = True

    def ask(self, subject: Subject, told: Tell) -> Found:
        """Bias, variance and noise of each setting."""
        groups = grouped(subject.cases)
        from runner.diagnose.common_inputs import common

        trained = subject.trained(told).cases
        inputs = common(trained)
        found: dict[str, dict[str, Any]] = {}
        for name, members in groups.items():
            outputs = np.stack([inputs.of(trained[i]) for i in members])
            found[name] = {"runs": len(members), **inputs.taken_apart(outputs), "fits": outputs}
        lines = [line(name, each) for name, each in found.items()]
        unit = "cross entropy (nats)" if inputs.classes else "squared error"
        lines.append(f"{unit} at {plural(len(inputs.y), 'input')}: {inputs.words}")
        numbers = {name: {key: v for key, v in each.items() if key != "fits"} for name, each in found.items()}
        advice, following = advise(found, subject)
        return Found({"settings": numbers}, lines, advice, following, draw(found, inputs, unit))


def grouped(cases: Sequence[Case]) -> dict[str, list[int]]:
    """Setting in words -> its runs. ConfigError if a setting has one run only: there is nothing to vary."""
    chance = luck()
    found: dict[str, list[int]] = {}
    telling = [{key: value for key, value in shown(case.settings).items() if key not in chance} for case in cases]
    keys = dict.fromkeys(key for each in telling for key in each if key != "name")
    varied = [key for key in keys if len({str(each.get(key)) for each in telling}) > 1]
    for i, each in enumerate(telling):
        name = " ".join(f"{key}={each[key]}".replace(" ", "") for key in varied if key in each) or "all runs"
        found.setdefault(name, []).append(i)
    alone = [name for name, members in found.items() if len(members) < 2]
    if alone:
        what = "" if alone == ["all runs"] else f" of {alone[0]}"
        raise ConfigError(
            f"bias_variance: there is one run{what}, but variance is over draws of the data; train several, such as "
            "`runner diagnose bias_variance -m dataset=sine dataset.data_seed='range(20)'` (or dataset.split_seed, "
            "dataset.fold)"
        )
    return found


def line(name: str, each: dict[str, Any]) -> str:
    """One setting on the screen."""
    noise = "" if each["noise"] is None else f" + noise {each['noise']:.4f}"
    what = "bias (with noise)" if each["noise"] is None else "bias^2"
    runs = plural(each["runs"], "run")
    return f"{name}: {what} {each['bias']:.4f} + variance {each['variance']:.4f}{noise} = {each['total']:.4f} ({runs})"


def advise(found: dict[str, dict[str, Any]], subject: Subject) -> tuple[str, str]:
    """What to try next."""
    name, best = min(found.items(), key=lambda item: item[1]["total"])
    which = f"Of these settings {name} has the least error; there " if len(found) > 1 else "Here "
    if best["variance"] > best["bias"]:
        text = "most of it is variance: more data, a stronger penalty or an ensemble lowers it."
        return which + text, subject.again("bias_variance", "regularizer.l2=0.01")
    text = "most of it is bias: a larger network or longer training lowers it."
    return which + text, subject.again("bias_variance", "model.hidden=[64]")


def draw(found: dict[str, dict[str, Any]], inputs: Inputs, unit: str) -> bytes:
    """All fits with their mean and the truth, one panel a setting, where there is one input; else bars."""
    from runner.diagnose.draw import BLUE, RED, explain, png, sheet

    if inputs.grid is None or inputs.classes:
        names = list(found)
        caption = "A bar is the expected error of a setting: below what is systematic, above what the draw decides."
        figure, ((axes,),) = sheet("bias and variance", caption)
        bias, variance = ([found[name][key] for name in names] for key in ("bias", "variance"))
        axes.bar(names, bias, color=BLUE, label="bias" if inputs.noise is not None else "bias, with noise")
        axes.bar(names, variance, bottom=bias, color=RED, label="variance", hatch="//")
        axes.tick_params(axis="x", rotation=20 if len(names) > 3 else 0)
        explain(axes, "setting", unit)
        return png(figure)
    return _fits(found, inputs, sheet, explain, png)


def _fits(found: dict[str, dict[str, Any]], inputs: Inputs, sheet: Any, explain: Any, png: Any) -> bytes:
    from runner.diagnose.draw import BLUE, GREY, INK

    names = list(found)[:POINTS]
    rows = 1 if len(names) < 4 else 2
    caption = (
        "Grey: a fit for each draw of the data. From their mean (blue) to the truth (dashed) is bias; how far the "
        f"grey lines spread is variance.{' The first six settings.' if len(found) > POINTS else ''}"
    )
    figure, grid = sheet("bias and variance", caption, rows, -(-len(names) // rows), sharex=True, sharey=True)
    for axes, name in zip(grid.flat, names, strict=False):
        each = found[name]
        axes.plot(inputs.grid, each["fits"][:DRAWN].T, color=GREY, linewidth=0.7)
        axes.plot(inputs.grid, each["fits"].mean(0), color=BLUE, linewidth=2.4, label="mean of the fits")
        axes.plot(inputs.grid, inputs.y, "--", color=INK, linewidth=1.8, label="truth")
        title = f"{name}\nbias^2 {each['bias']:.4f}, variance {each['variance']:.4f}"
        explain(axes, inputs.name, "target", title)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    low, high = inputs.y.min(), inputs.y.max()
    grid.flat[0].set_ylim(low - 0.6 * (high - low), high + 0.6 * (high - low))
    return png(figure)
