"""The network and its loss. Every registered activation and norm with a torch name is a case, also later ones."""

from parity_case import TWO, Case
from torch.optim import SGD

from runner.config.registry import entries

CASES = [
    *(
        Case(f"activation_{name}", TWO | {"model.activation": name})
        for name, entry in sorted(entries("activation").items())
        if entry.torch
    ),
    *(
        Case(
            f"norm_{name}",
            TWO | {"model.norm": name, "model.activation": "gelu", "optimizer.lr": 0.05},
            lambda w, o: SGD(w + o, lr=0.05),
        )
        for name, entry in sorted(entries("norm").items())
        if entry.torch
    ),
    Case("one_unit", {"model.hidden": [1], "seed": 11}),
    Case("deep", {"model.hidden": [17, 16, 5, 33], "model.init": "he"}),
    Case("whole_registers", {"model.hidden": [32, 32], "model.init": "glorot"}),
    Case("loss_auto_regression", {"loss": "auto"}, task="regression"),
    Case("loss_mse", {"model.hidden": [], "loss": "mse", "early_stopping.monitor": "val/rmse"}, task="regression"),
    Case("drop_last", {"trainer.drop_last": True}),
    Case("full_batch", {"trainer.batch_size": 1000}),
    Case("last_batch_of_one", {"trainer.batch_size": 89}),
]
