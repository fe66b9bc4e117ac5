"""The ways to train a multilayer perceptron that are timed side by side.

Each function prepares one contestant on the same examples. An epoch is a fresh random order and, for each batch, a step
of AdamW (Adam in scikit-learn, which has no AdamW) at rate 1e-3 on the mean cross entropy, with what the recipe adds.
Nothing is evaluated.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import torch
from recipes import PLAIN, RATE, Contestant, Examples, Recipe, Shape
from torch import nn


def network(shape: Shape, recipe: Recipe) -> nn.Sequential:
    """The perceptron as a PyTorch user writes it."""
    layers: list[nn.Module] = []
    for inputs, width in zip(shape.widths[:-2], shape.widths[1:-1], strict=True):
        layers += [nn.Linear(inputs, width)] + ([nn.BatchNorm1d(width)] if recipe.batch_norm else [])
        layers += [nn.GELU() if recipe.activation == "gelu" else nn.ReLU()]
        layers += [nn.Dropout(recipe.dropout)] if recipe.dropout else []
    return nn.Sequential(*layers, nn.Linear(*shape.widths[-2:])).train()


def tight_loop(data: Examples, recipe: Recipe) -> Contestant:
    """As fast as plain PyTorch gets: tensors in place, fused AdamW, batches by index_select, L1 added to gradients."""
    model = network(data.shape, recipe)
    weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=recipe.weight_decay, fused=True)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)

    def epoch() -> None:
        for index in torch.randperm(len(x)).split(data.shape.batch):
            optimizer.zero_grad(set_to_none=True)
            loss = nn.functional.cross_entropy(model(x.index_select(0, index)), y.index_select(0, index))
            loss.backward()
            if recipe.l1:
                _add_subgradients(weights, recipe.l1)
            optimizer.step()
            if recipe.max_norm:
                _project(weights, recipe.max_norm)

    return Contestant(epoch)


@torch.no_grad()
def _add_subgradients(weights: list[nn.Parameter], strength: float) -> None:
    for weight in weights:
        weight.grad.add_(weight.sign(), alpha=strength)


@torch.no_grad()
def _project(weights: list[nn.Parameter], radius: float) -> None:
    for weight in weights:
        weight.renorm_(2, 0, radius)


def data_loader(data: Examples, recipe: Recipe) -> Contestant | None:
    """PyTorch as its tutorials show it: TensorDataset, DataLoader, AdamW with default settings; without penalties."""
    if recipe.l1 or recipe.max_norm:
        return None
    model = network(data.shape, recipe)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(data.x), torch.from_numpy(data.y))
    loader = torch.utils.data.DataLoader(dataset, batch_size=data.shape.batch, shuffle=True)
    criterion = nn.CrossEntropyLoss()

    def epoch() -> None:
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()

    return Contestant(epoch)


def scikit_learn(data: Examples, recipe: Recipe) -> Contestant | None:
    """MLPClassifier with the adam solver, plain only. A fit is 20 epochs: its checks of the input weigh little."""
    from sklearn.neural_network import MLPClassifier

    if recipe != PLAIN:
        return None
    model = MLPClassifier(
        data.shape.widths[1:-1],
        solver="adam",
        alpha=0.0,
        batch_size=data.shape.batch,
        learning_rate_init=RATE,
        max_iter=20,
        tol=0.0,
        n_iter_no_change=20,
    )

    def fit() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(data.x, data.y)

    return Contestant(fit, epochs=model.max_iter)


def has_jax() -> bool:
    """JAX is installed (extra `bench`)."""
    return find_spec("jax") is not None and find_spec("jaxlib") is not None


def jax_scan(data: Examples, recipe: Recipe, members: int | None = None) -> Contestant | None:
    """JAX, an epoch a compiled function; alone, or `members` runs by vmap. None where it is not installed."""
    if not has_jax():
        return None
    from jax_perceptron import trainer

    return Contestant(trainer(data.x, data.y, data.shape.widths, data.shape.batch, recipe, members), members or 1)


def ours(data: Examples, recipe: Recipe, members: int, engine: str) -> Contestant:
    """A population of `members` runs that differ in their seed, as `runner` trains it: `compiled` or `stacked`."""
    from runner.config.validate import validate
    from runner.training.engine import Engine
    from runner.training.steps.compiled_rows import CompiledRows
    from runner.training.steps.stacked_rows import StackedRows

    settings = {
        "model": {
            "hidden": list(data.shape.widths[1:-1]),
            "activation": recipe.activation,
            "norm": "batch" if recipe.batch_norm else "none",
        },
        "optimizer": {"name": "adam" if recipe.l1 else "adamw", "lr": RATE},
        "regularizer": {"dropout": recipe.dropout, "l1": recipe.l1, "max_norm": recipe.max_norm},
        "trainer": {"batch_size": data.shape.batch, "epochs": 1_000_000},
    }
    runs = [validate(settings | {"seed": seed}) for seed in range(members)]
    way = {"compiled": CompiledRows, "stacked": StackedRows}[engine]
    engine_of_runs = Engine(runs, [data.prepared()] * members, way=way)
    return Contestant(lambda: engine_of_runs.train_epoch([1.0] * members), members)
