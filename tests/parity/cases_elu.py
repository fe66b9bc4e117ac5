"""ELU beside normalization, dropout and depth; alone it is a case by its torch name."""

from parity_case import TWO, Case
from torch.optim import SGD

ELU = {"model.activation": "elu"}

CASES = [
    Case("elu_deep", ELU | {"model.hidden": [17, 16, 5, 33], "model.init": "he"}),
    Case("elu_norm_dropout", TWO | ELU | {"model.norm": "layer", "regularizer.dropout": 0.3}),
    Case(
        "elu_regression",
        ELU | {"loss": "mse", "optimizer.lr": 0.02, "early_stopping.monitor": "val/rmse"},
        lambda w, o: SGD(w + o, lr=0.02),
        task="regression",
    ),
]
