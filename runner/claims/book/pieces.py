"""Claims about norms and parametrizations that have exact answers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, numbered
from runner.claims.rules import Finding, below, exact
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def batch_norm(x: Any) -> tuple[Any, Any, Any]:
    """(outputs, what the backward pass needs, the piece) of training batches x [M, B, W], gain 1 and shift 0."""
    import torch

    from runner.config.registry import entries

    piece = entries("norm")["batch"].cls()
    rows, _, width = x.shape
    gain, shift, mask = torch.ones(rows, 1, width).to(x), torch.zeros(rows, 1, width).to(x), torch.ones(width).to(x)
    buffers = {each.name: torch.full((rows, width), each.start).to(x) for each in piece.buffers}
    y, saved = piece.forward(x, gain, shift, mask=mask, buffers=buffers, training=True)
    return y, saved, piece


@claim("batch_variance", "000:122, 000:149, 003:1154, 003:1196")
class BatchVariance(Exact):
    """The variance of a batch of B is on average (B-1)/B of the true one, so evaluation takes B/(B-1) of it.

    All 6^4 batches of four of six numbers, so that the average is exact.
    """

    source = "Ioffe & Szegedy 2015, algorithm 2"
    expected = "3/4 for batches of 4, and 1 after the correction"
    caption = "Mean variance over all batches as a share of the true variance (dots), and (B-1)/B (bars)."
    xlabel = "size of the batch"
    ylabel = "share of the true variance"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Shares for batches of 2, 3 and 4."""
        found: dict[str, Number] = {}
        for size in (2, 3, 4):
            share = self.share(size)
            found[f"{size}"] = (share, (size - 1) / size, 6)
        return {**found, "4, times 4/3": (found["4"][0] * 4 / 3, 1.0, 6)}

    def share(self, size: int) -> float:
        """Mean variance of batches, as the product's norm takes it, over the true one."""
        import torch

        values = torch.tensor([-2.0, -0.5, 0.25, 1, 3, 7]).double()
        batches = values[torch.tensor(list(itertools.product(range(6), repeat=size)))].unsqueeze(-1)
        _, (_, inverse, _), _ = batch_norm(batches)
        return float((inverse.pow(-2) - 1e-5).mean() / values.var(correction=0))


@claim("batch_norm_scale", "003:1168-1215")
class BatchNormScale(Claim):
    """Batch norm does not see the scale of the weights before it, and its gradient sums to 0 over a batch."""

    source = "Ioffe & Szegedy 2015, section 3.3"
    published = "the identity BN(aWu) = BN(Wu)"
    expected = "outputs for weights 0.1 to 10 times as large differ by less than 1e-8; the sums are below 1e-12"
    caption = "Largest change of an output when all weights are multiplied by a: none with batch norm, a - 1 without."
    scales = (0.1, 0.3, 1.0, 3.0, 10.0)

    def answer(self, runs: Runs) -> list[Finding]:
        """Largest change, and the largest sum of a gradient."""
        import torch

        with_norm, _ = self.changes()
        x, g = torch.randn(2, 1, 4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        _, saved, piece = batch_norm(x)
        sums = float(piece.gradient(saved, g)[0].sum(1).abs().max())
        return [
            below("largest change of an output", exact(max(with_norm)), 1e-8),
            below("largest sum of a gradient over the batch", exact(sums), 1e-12),
        ]

    def changes(self) -> tuple[list[float], list[float]]:
        """Largest change of an output at each scale, with and without the norm."""
        import torch

        draw = torch.Generator().manual_seed(0)
        u = torch.randn(1, 16, 7, generator=draw, dtype=torch.float64)
        w = 1e4 * torch.randn(7, 5, generator=draw, dtype=torch.float64)
        whole = batch_norm(u @ w)[0]
        normed = [float((batch_norm(u @ (a * w))[0] - whole).abs().max()) for a in self.scales]
        return normed, [abs(a - 1) for a in self.scales]

    def figure(self, runs: Runs) -> Figure:
        """Both over the scale."""
        from runner.claims.exactly import line
        from runner.claims.pictures import panels

        normed, plain = self.changes()
        figure, [axes] = panels()
        found = {"with batch norm": normed, "without, relative": plain}
        words = {"xlabel": "factor a of all weights", "ylabel": "largest change of an output", "log": "x"}
        line(axes, self.scales, found, title="BN(a W u) = BN(W u)", **words)
        return figure


@claim("group_norm", "003:1222-1235")
class GroupNorm(Exact):
    """Layer norm takes mean and variance over all units of an example, group norm over those of a group."""

    source = "Ba, Kiros & Hinton 2016; Wu & He 2018"
    expected = (
        "(1, 2, 3, 6): (-1.069043, -.534522, 0, 1.603565) as a whole, "
        "(-.99998, .99998, -.999998, .999998) in two groups"
    )
    caption = "Outputs of the four units for both norms (dots), and the expected ones (bars)."
    xlabel = "unit and norm"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Outputs of both."""
        return {
            **numbered(self.of("layer", 1), (-1.069043, -0.534522, 0, 1.603565), 6, "{}, layer"),
            **numbered(self.of("group", 2), (-0.99998, 0.99998, -0.999998, 0.999998), 6, "{}, groups"),
        }

    def of(self, norm: str, groups: int) -> list[float]:
        """What becomes of (1, 2, 3, 6)."""
        import torch

        from runner.config.registry import entries
        from runner.population.pieces.base import NormKeys

        piece = entries("norm")[norm].cls().with_keys(NormKeys(groups=groups))
        x, mask = torch.tensor([[[1.0, 2, 3, 6]]]).double(), torch.ones(4).double()
        y, _ = piece.forward(x, mask.reshape(1, 1, 4), 0 * x, mask=mask, buffers={}, training=True)
        return y[0, 0].tolist()


@claim("weight_norm", "003:1244-1252")
class WeightNorm(Exact):
    """Weight norm learns length and direction apart: the gradient of v is orthogonal to v, and is not that of W.

    v (3, 4), g 2, dL/dW (1, 2). The lecture writes dL/dv = dL/dW.
    """

    source = "Salimans & Kingma 2016, equation 3"
    expected = "W (1.2, 1.6), dL/dg 2.2, dL/dv (-.128, .096), v . dL/dv = 0"
    caption = "Weights and gradients of the product (dots) and by hand (bars)."
    xlabel = "quantity"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Weights and gradients."""
        import torch

        from runner.config.registry import entries

        piece = entries("parametrization")["weight_norm"].cls()
        v, g, of_w = (torch.tensor(each).double() for each in ([[[3.0, 4]]], [[[2.0]]], [[[1.0, 2]]]))
        of_v, of_g = piece.gradient(v, g, of_w)
        return {
            **numbered(piece.effective(v, g)[0, 0].tolist(), (1.2, 1.6), 6, "W{}"),
            "dL/dg": (of_g.item(), 2.2, 6),
            **numbered(of_v[0, 0].tolist(), (-0.128, 0.096), 6, "dL/dv{}"),
            "v . dL/dv": ((of_v * v).sum().item(), 0, 9),
        }


@claim("weight_standardization", "003:1256-1266")
class WeightStandardization(Exact):
    """Weight standardization gives the weights of each unit mean 0 and variance 1."""

    source = "Qiao et al. 2019"
    expected = "(1, 2, 3, 4): (-1.341641, -.447214, .447214, 1.341641)"
    caption = "Weights of a unit as they are used (dots), and the expected ones (bars)."
    xlabel = "weight"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The weights as used."""
        import torch

        from runner.config.registry import entries

        piece = entries("parametrization")["weight_standardization"].cls()
        w = piece.effective(torch.tensor([[[1.0, 2, 3, 4]]]).double())[0, 0].tolist()
        return numbered(w, (-1.341641, -0.447214, 0.447214, 1.341641), 6)
