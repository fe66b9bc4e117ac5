"""What becomes of signals in the hidden layers while a network trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.option import integer
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.errors import ConfigError
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.subject import Case, Subject

PERCENTILES = (15, 50, 85)
DEAD = 0.2  # share of dead units of a layer that is worth a word
FADED, GROWN = 0.1, 10.0  # times the first layer's RMS in the last one
FLAT = 0.99  # of the range of a bounded activation: saturated beyond


@diagnosis(
    "activations", lecture="001:571, 003:1084, 003:1214", paper="Glorot & Bengio 2010; Ioffe & Szegedy 2015, figure 1"
)
@dataclass
class Activations(Diagnosis):
    """Do signals fade, grow or die in the layers? Of each hidden layer over the steps of training.

    The run is trained again. At some steps, on a fixed batch of training examples: the root mean square of what a layer
    passes on, the percentiles 15, 50 and 85 of what enters its activation (all units), the share of units that are 0 on
    all of them (dead, of ReLU and its like), and of activations beyond 99% of the range (saturated, tanh and sigmoid).
    """

    example = 'dataset=digits "model.hidden=[64,64,64]" optimizer=sgd optimizer.lr=0.1'
    by_default = True

    steps: int = integer(1000, ge=1, help="steps at most")
    points: int = integer(40, ge=2, le=500, help="steps at which they are measured, closer at first")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """RMS, percentiles and dead units by layer and step."""
        case = subject.case
        if not case.settings.model.hidden:
            raise ConfigError("activations: the network has no hidden layer; set some, such as model.hidden=[64,64]")
        n = self._measured(case, told)
        first, last = n["rms"][-1][0], n["rms"][-1][-1]
        n["last_to_first"] = float(last / first) if first else None
        rows = zip(n["rms"][0], n["rms"][-1], n["dead"][-1], n["saturated"][-1], strict=True)
        lines = [
            f"layer {i}: RMS {before:.3g} -> {after:.3g}, dead units {100 * dead:.0f}%"
            + ("" if np.isnan(flat) else f", saturated {100 * flat:.0f}%")
            for i, (before, after, dead, flat) in enumerate(rows, 1)
        ]
        lines.append(
            f"from step 0 to step {n['steps'][-1]:,}" + (", where a number was not finite" if n["diverged"] else "")
        )
        advice, following = advise(n, subject)
        return Found(n, lines, advice, following, draw(n))

    def _measured(self, case: Case, told: Tell) -> dict[str, Any]:
        from runner.training.engine import Engine

        engine = Engine([case.settings], [case.as_trained])
        many = min(self.steps, case.settings.trainer.epochs * engine.steps)
        wanted = np.unique(np.geomspace(1, many + 1, self.points).astype(int) - 1)
        kinds = ("rms", "percentiles", "dead", "saturated")
        found: dict[str, Any] = {"steps": [], "diverged": False} | {kind: [] for kind in kinds}
        made = 0
        for target in wanted.tolist():
            told(made, many, "steps")
            while made < target:
                if not engine.at:
                    engine.start_epoch([1.0])
                last = min(engine.at + target - made, engine.steps)
                made += last - engine.at
                engine.advance(last)
            measured = layers(engine, case.settings.model.activation)
            if not np.isfinite(measured["rms"]).all():
                found["diverged"] = True
                break
            found["steps"].append(target)
            for kind in kinds:
                found[kind].append(measured[kind])
        return found


def layers(engine: Any, activation: str) -> dict[str, np.ndarray]:
    """Of each hidden layer L: rms [L], percentiles [L, 3], dead [L] and saturated [L] (NaN where there is no limit)."""
    from runner.population.arrays import as_array
    from runner.training.percentiles import fixed_examples

    used = engine.used([0], engine.theta, engine.buffers)
    alone, index = engine.subset([0], used["theta"], used["buffers"]), fixed_examples(engine, 0)
    signals = alone.rows.signals(index)
    entering = [as_array(z).astype(np.float64) for z in signals.entering]
    passed = [as_array(out).astype(np.float64) for out in signals.passed_on]
    given = [as_array(a)[0].astype(np.float64) for a in alone.rows.activations(index)]
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            "rms": np.array([np.sqrt(np.mean(out**2)) for out in passed]),
            "percentiles": np.array([np.percentile(z, PERCENTILES) for z in entering]),
            "dead": np.array([np.mean(~a.any(axis=0)) for a in given]),
            "saturated": np.array([saturated(a, activation) for a in given]),
        }


def saturated(a: np.ndarray, activation: str) -> float:
    """The share of activations beyond 99% of the range of a bounded function; NaN of another."""
    centred = {"tanh": a, "sigmoid": 2 * a - 1}.get(activation)
    return float("nan") if centred is None else float(np.mean(np.abs(centred) > FLAT))


def advise(n: dict[str, Any], subject: Subject) -> tuple[str, str]:
    """What to try next."""
    ratio, dead = n["last_to_first"], max(n["dead"][-1])
    if n["diverged"]:
        return "Training diverged: find a rate that does not.", subject.ask("lr_range")
    if dead > DEAD:
        text = f"{100 * dead:.0f}% of a layer's units are dead: a leaky activation or a lower rate keeps them alive."
        return text, subject.again("activations", "model.activation=leaky_relu")
    if ratio is None or ratio < FADED:
        return "Signals fade on the way up: He's initial weights or a norm.", subject.again(
            "activations", "model.init=he"
        )
    if ratio > GROWN:
        return "Signals grow on the way up: a norm keeps their size.", subject.again("activations", "model.norm=batch")
    return (
        "Signals keep their size; if it still learns slowly, look at the rate.",
        subject.ask("lr_range"),
    )


def draw(n: dict[str, Any]) -> bytes:
    """RMS and dead units by layer over steps, and the percentiles of the first, middle and last layer."""
    from matplotlib import colormaps

    from runner.diagnose.draw import BLUE, explain, png, sheet

    steps, rms, dead = np.array(n["steps"]) + 1, np.array(n["rms"]), np.array(n["dead"])
    spread = np.array(n["percentiles"])
    count = rms.shape[1]
    caption = (
        "Top: lines that spread apart mean that signals fade or grow from layer to layer; dead units never answer. "
        "Bottom: percentiles 15, 50, 85 of what enters the activations; a drift is what norms are against."
    )
    shown = sorted({0, count - 1})
    figure, grid = sheet("signals in the hidden layers", caption, 2, 2, sharex=True)
    for layer in range(count):
        colour = colormaps["viridis"](0.9 * layer / max(count - 1, 1))
        name = f"layer {layer + 1}" if count <= 6 or layer in (0, count - 1) else None
        grid[0, 0].plot(steps, rms[:, layer], color=colour, linewidth=1.8, label=name)
        grid[0, 1].plot(steps, 100 * dead[:, layer], color=colour, linewidth=1.8)
    if rms.min() > 0 and rms.max() > 10 * rms.min():
        grid[0, 0].set_yscale("log")
    grid[0, 1].set_ylim(-2, 102)
    grid[0, 0].set_xscale("log")
    explain(grid[0, 0], "", "RMS passed on")
    explain(grid[0, 1], "", "dead units (%)")
    if len(shown) == 1:
        grid[1, 1].remove()
        grid[1, 0].set_subplotspec(grid[1, 0].get_gridspec()[1, :])
        for axes in grid[0]:
            axes.tick_params(labelbottom=True)
    for axes, layer in zip(grid[1], shown, strict=False):
        axes.plot(steps, spread[:, layer, 1], color=BLUE, linewidth=2)
        axes.fill_between(steps, spread[:, layer, 0], spread[:, layer, 2], color=BLUE, alpha=0.2, linewidth=0)
        explain(axes, "step + 1", "enters the activation", f"layer {layer + 1}")
    return png(figure)
