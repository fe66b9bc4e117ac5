"""Monte Carlo dropout (Gal & Ghahramani 2016; Gal 2016): what T passes with dropout say about the answer's certainty.

Shapes: T passes, n rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from runner.config.registry import name_of
from runner.errors import ConfigError
from runner.population.architecture import Architecture
from runner.population.arrays import Values
from runner.population.links import probabilities
from runner.training.noisy_passes import NoisyPasses

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from runner.config.settings import Settings
    from runner.data.encoding import Encoding


class Trained(Protocol):
    """What is asked of a loaded run."""

    folder: Path
    network: nn.Sequential
    encoding: Encoding
    architecture: dict[str, Any]

    @property
    def settings(self) -> Settings:
        """The configuration it was trained with."""

    @property
    def summary(self) -> dict[str, Any]:
        """Its summary.json."""


@dataclass
class MonteCarlo:
    """What was found by T passes, [n] each; what the task has not is None."""

    mean: np.ndarray | None = None  # of a number, in the unit of the target; of several targets [n, k], as is sd
    sd: np.ndarray | None = None  # of a number; of the likeliest class's probability
    probabilities: np.ndarray | None = None  # [n, C], means over the passes
    entropy: np.ndarray | None = None  # of these, in nats: all uncertainty
    mutual_information: np.ndarray | None = None  # of class and weights: the part of it that more data would remove
    tau: float | None = None  # precision of the noise in a number, in its scaled unit
    notes: list[str] = field(default_factory=list)


def precision(p: float, length_scale: float, examples: int, decay: float) -> float:
    """tau = (1-p) l^2/(2 N lambda), of an objective that is the mean of (z - y)^2/2 plus lambda ||w||^2."""
    return (1 - p) * length_scale**2 / (2 * examples * decay)


def spread(answers_Tn: np.ndarray, tau: float | np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance 1/tau + 1/T sum y^2 - mean^2 of each row's answers."""
    noise = 0.0 if tau is None else 1 / tau
    return answers_Tn.mean(0), answers_Tn.var(0) + noise


def entropy(p: np.ndarray) -> np.ndarray:
    """-sum_c p_c ln p_c along the last axis; 0 ln 0 is 0."""
    return -(p * np.log(np.where(p > 0, p, 1.0))).sum(-1)


def of_classes(p_TnC: np.ndarray) -> MonteCarlo:
    """From the probabilities in each pass: their mean p, H(p), and H(p) less the mean of the passes' entropies."""
    mean = p_TnC.mean(0)
    likeliest = np.take_along_axis(p_TnC, mean.argmax(-1)[None, :, None], -1)[..., 0]
    total = entropy(mean)
    return MonteCarlo(
        sd=likeliest.std(0),
        probabilities=mean,
        entropy=total,
        mutual_information=np.maximum(total - entropy(p_TnC).mean(0), 0),
    )


def monte_carlo(run: Trained, x: np.ndarray, passes: int, seed: int, length_scale: float | None) -> MonteCarlo:
    """Of encoded features x [n, D]. ConfigError if the run has no dropout, or the numbers of passes is below 2."""
    settings = run.settings
    if run.encoding.heads:
        raise ConfigError(
            f"--mc {passes}: {run.folder} has several targets of which some are classes, whose passes have no one "
            "spread; predict without --mc, or train a run for one target"
        )
    network = passes_of(run, settings)
    if passes < 2:
        raise ConfigError(f"--mc {passes}: how far answers spread takes at least 2 passes with dropout; 100 are usual")
    if not network.active:
        raise ConfigError(
            f"--mc {passes}: {run.folder} was trained without dropout, so all passes would be the same. Train it with "
            "regularizer.dropout=0.1, or predict without --mc"
        )
    outputs_TnC = network.outputs(x, passes, seed)
    if run.encoding.task == "classification":
        return of_classes(probabilities(outputs_TnC, run.architecture.get("link", "softmax")))
    scale = run.encoding.scale_of_target
    tau, why = precision_of(settings, int(run.summary["examples"]["train"]), length_scale)
    if tau is not None and not scale.linear:
        tau, why = None, f"dataset.target_scaling={settings.dataset.target_scaling} is not linear"
    shown = None if tau is None else tau / scale.scale**2
    mean, variance = spread(np.stack([run.encoding.decode(each) for each in outputs_TnC]), shown)
    told = f"tau {tau:.6g} (of the scaled target) is in mc_sd" if tau is not None else f"mc_sd is without tau: {why}"
    return MonteCarlo(mean=mean, sd=np.sqrt(variance), tau=tau, notes=[told])


def passes_of(run: Trained, settings: Settings) -> NoisyPasses:
    """The network of a loaded run with its noise."""
    from runner.population.arrays import as_array
    from runner.population.export import load_state_dict

    widths, parameter = run.architecture["widths"], next(run.network.parameters())
    architecture = Architecture(settings.model, widths[0], widths[-1], aligned=False)
    layout, dtype = architecture.layout, str(parameter.dtype).removeprefix("torch.")
    theta, buffers = np.zeros(layout.size, dtype), np.zeros(layout.buffer_size, dtype)
    state: dict[str, Values] = {name: as_array(tensor) for name, tensor in run.network.state_dict().items()}
    load_state_dict(run.architecture, layout, state, theta, buffers)
    return NoisyPasses(settings, architecture, dtype, theta, buffers)


def precision_of(settings: Settings, examples: int, length_scale: float | None) -> tuple[float | None, str]:
    """Gal's tau of a run on numbers, or why it has none.

    The loss here is the mean of (z - y)^2 with a/2 ||w||^2, which is twice the objective of `precision` with
    lambda = a/4.
    """
    rate, decay = settings.value("regularizer.dropout"), settings.value("regularizer.l2")
    if length_scale is None:
        return None, "--length-scale is not given"
    if isinstance(rate, list) or isinstance(decay, list) or not rate:
        return None, "it is defined for one regularizer.dropout and one regularizer.l2 for all layers"
    if name_of(settings.loss, "loss") not in ("auto", "mse"):
        return None, "it is defined for loss=mse"
    decay = (decay or 0.0) + (0.0 if settings.optimizer.decoupled else settings.optimizer.weight_decay)
    if not decay:
        return None, "the run has no regularizer.l2, of which it is made"
    return precision(rate, length_scale, examples, decay / 4), ""
