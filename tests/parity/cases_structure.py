"""What the switches of the model do: every norm, before and after the activation, with and without residual sums."""

import itertools

from parity_case import Case
from torch.optim import SGD, Adam

from runner.config.registry import entries

HIDDEN = [9, 9, 12, 12]  # the second and fourth layers can add their input
NORMS = [n for n, entry in sorted(entries("norm").items()) if entry.torch]


def case(norm: str, position: str, residual: bool) -> Case:
    """A deep network with all strengths of dropout: a factor acts before the sum."""
    return Case(
        f"norm_{norm}_{position}" + "_residual" * residual,
        {
            "model.hidden": HIDDEN,
            "model.norm": norm,
            "model.norm_position": position,
            "model.residual": residual,
            "optimizer.lr": 0.02,
            "regularizer.dropout": [0.1, 0, 0.1, 0.3],
            "trainer.drop_last": True,
        },
        lambda w, o: SGD(w + o, lr=0.02),
    )


CASES = [
    Case("sampling_replacement", {"trainer.sampling": "replacement"}),
    *(case(*chosen) for chosen in itertools.product(NORMS, ("before", "after"), (False, True))),
    case("none", "before", True),
    Case("residual_plain", {"model.hidden": [13, 13], "model.residual": True}),
    Case(
        "residual_noisy_input",
        {
            "model.hidden": [7, 7],
            "model.residual": True,
            "regularizer.input_dropout": 0.2,
            "model.activation": "sigmoid",
        }
        | {"optimizer": "adam", "optimizer.lr": 0.01},
        lambda w, o: Adam(w + o, lr=0.01),
    ),
    Case(
        "norm_after_sigmoid",  # not 0 at 0: what the padding holds between activation and norm
        {"model.hidden": [9, 9], "model.activation": "sigmoid", "model.norm": "layer", "model.norm_position": "after"},
    ),
]
