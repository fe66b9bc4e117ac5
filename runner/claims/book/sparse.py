"""Claims about units that are silent, or cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.claims.claim import claim
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, below, rises, shown, within
from runner.claims.runs import Run, Runs
from runner.claims.trained import measured, trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@measured("mean activation")
def _activation(run: Run) -> float:
    """Mean activation of the first hidden layer over the validation rows."""
    import numpy as np

    loaded, data = trained(run)
    layer: Any = next(each for each in loaded.network.modules() if hasattr(each, "weight"))
    weight, bias = (each.detach().numpy().astype(float) for each in (layer.weight, layer.bias))
    return float(np.maximum(data.x[data.val] @ weight.T + bias, 0).mean())


@claim("dropout_sparse", "003:676, 001:1003")
class DropoutSparse(Contrast):
    """Dropout makes hidden activations sparse: their mean falls and more of them are zero."""

    source = "Srivastava et al. 2014, Figure 8"
    published = "autoencoder of 256 ReLU units on MNIST: mean activation 2.0 without, .7 with dropout .5"
    comparable = False
    expected = "mean activation lower, share of zero activations higher with dropout .5"
    reason = "inverted dropout multiplies what is kept by 2 while training, which the source does not"
    caption = "Share of hidden activations that are zero, by epoch, and mean activation over validation digits."
    parts: ClassVar[Parts] = {"without": ("regularizer.dropout=0",), "dropout .5": ("regularizer.dropout=0.5",)}
    sweep = (
        "dataset=digits", "dataset.task=autoencoder", "dataset.scaling=minmax", "model.hidden=[256]",
        "optimizer.lr=0.003",
        "trainer.epochs=60", "early_stopping=none", "trainer.metrics=[hidden_sparsity]",
        *side_by_side(parts), "seed=range(5)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=15")
    column = ("val/hidden_sparsity", "share of zero activations")
    metric = (_activation, "mean activation")

    def answer(self, runs: Runs) -> list[Finding]:
        """Means and zeros."""
        pair = ("dropout .5", "without")
        return [
            below("mean activation, with minus without", self.apart(runs, *pair, _activation)),
            above("share of zeros, with minus without", self.apart(runs, *pair, "val/hidden_sparsity")),
            *(shown(f"mean activation, {name}", self.part(runs, name).mean(_activation)) for name in self.parts),
        ]


@claim("structural_dropout", "003:785-788")
class StructuralDropout(Contrast):
    """A network that was trained with structural dropout can be cut to half its width; a plain one cannot."""

    source = "Knodt 2022"
    expected = (
        "accuracy at half the width, as a share of that at full width: higher with structural dropout than without"
    )
    caption = "Validation accuracy of ONE network (each) over the share of hidden units that is kept, mean over seeds."
    parts: ClassVar[Parts] = {
        "plain": ("regularizer.structural_dropout=0",),
        "structural dropout": ("regularizer.structural_dropout=1",),
    }
    sweep = (
        "dataset=digits", "model.hidden=[64]", "trainer.epochs=40", "early_stopping=none", *side_by_side(parts),
        "seed=range(6)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=20")

    def answer(self, runs: Runs) -> list[Finding]:
        """What a cut in half leaves."""
        return [
            above(
                "accuracy at half the width, structural minus plain",
                self.apart(runs, "structural dropout", "plain", lambda run: _cut(run, 0.5)),
            ),
            above(
                "accuracy at a quarter of it, structural minus plain",
                self.apart(runs, "structural dropout", "plain", lambda run: _cut(run, 0.25)),
            ),
            shown(
                "accuracy at full width, structural minus plain",
                self.apart(runs, "structural dropout", "plain", lambda run: _cut(run, 1)),
            ),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Accuracy over the kept share."""
        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        shares = [i / 8 for i in range(1, 9)]
        found = {name: [[_cut(run, share) for run in self.part(runs, name)] for share in shares] for name in self.parts}
        lines(axes, shares, found, xlabel="share of hidden units kept", ylabel="validation accuracy", log="")
        return figure


def _cut(run: Run, share: float) -> float:
    """Validation accuracy with the first units of the one hidden layer alone, times what makes up for the others."""
    import numpy as np

    loaded, data = trained(run)
    layers: list[Any] = [each for each in loaded.network.modules() if hasattr(each, "weight")]
    w, b, v, c = (own.detach().numpy().astype(float) for each in layers for own in (each.weight, each.bias))
    kept = max(1, round(share * len(w)))
    hidden = np.maximum(data.x[data.val] @ w[:kept].T + b[:kept], 0)
    return float(((hidden @ v[:, :kept].T * len(w) / kept + c).argmax(1) == data.y[data.val]).mean())


@claim("sparse_activity", "001:927-961")
class SparseActivity(Contrast):
    """A penalty on activations makes most of them zero and costs little accuracy."""

    source = "Goodfellow, Bengio & Courville 2016, section 7.10"
    expected = "share of zero activations rises with the strength; accuracy at 0.01 within .03 of that without"
    caption = "Share of hidden activations that are zero, by epoch, for three strengths; test accuracy of each."
    parts: ClassVar[Parts] = {
        "none": ("regularizer.activity_l1=0",),
        "0.001": ("regularizer.activity_l1=0.001",),
        "0.01": ("regularizer.activity_l1=0.01",),
    }
    sweep = (
        "dataset=digits", "model.hidden=[128]", "trainer.epochs=60", "early_stopping=none",
        "trainer.metrics=[hidden_sparsity]", *side_by_side(parts), "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=20")
    column = ("val/hidden_sparsity", "share of zero activations")

    def answer(self, runs: Runs) -> list[Finding]:
        """Zeros over the strength, and what they cost."""
        _, table, over, shared = runs.series("regularizer.activity_l1", "test/hidden_sparsity")
        return [
            rises("share of zeros, change from strength to strength", table, over, shared),
            within("test accuracy, 0.01 minus none", self.apart(runs, "0.01", "none", "test/accuracy"), -0.03, 0.03),
            shown("share of zeros, 0.01", self.part(runs, "0.01").mean("test/hidden_sparsity")),
        ]
