"""The perceptron in JAX: a whole epoch is one compiled function, a `lax.scan` over batches that it gathers itself.

The order of the examples is given: shuffling inside (`jax.random.permutation` sorts) takes a third as long again as the
steps of a small network. Of the other ways to write it that were timed (one flat vector of parameters, one-hot labels,
batches gathered before the scan, unrolled steps, the `rbg` generators), none is reliably faster than this one.
"""

from __future__ import annotations

import os

# One thread, whatever the machine has: NPROC is the size of XLA's pools, and no product is cut for them. With both, and
# with the dispatch below, the other threads that XLA starts use no processor time at all.
os.environ["NPROC"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from recipes import Recipe

jax.config.update("jax_platforms", os.environ.get("JAX_PLATFORMS", "cpu"))
jax.config.update("jax_cpu_enable_async_dispatch", False)  # computed by the thread that calls


class State(NamedTuple):
    """All that a step changes, and the rate. A dictionary a layer: weight [inputs, width], bias, and so on."""

    parameters: list[dict[str, jax.Array]]
    mean: list[dict[str, jax.Array]]  # of the gradients
    square: list[dict[str, jax.Array]]
    running: list[tuple[jax.Array, jax.Array]]  # mean and variance of batch norm, a pair a hidden layer
    steps: jax.Array
    key: jax.Array
    rate: jax.Array


def initial(key: jax.Array, rate: jax.Array, widths: tuple[int, ...], recipe: Recipe) -> State:
    """He's initial weights, zero biases."""
    pairs = list(pairwise(widths))
    layers = [
        {"weight": jax.random.normal(k, pair) * np.float32(np.sqrt(2 / pair[0])), "bias": jnp.zeros(pair[1])}
        for k, pair in zip(jax.random.split(key, len(pairs)), pairs, strict=True)
    ]
    if recipe.batch_norm:
        for layer, width in zip(layers[:-1], widths[1:-1], strict=True):
            layer |= {"gain": jnp.ones(width), "shift": jnp.zeros(width)}
    running = [(jnp.zeros(w), jnp.ones(w)) for w in widths[1:-1]] if recipe.batch_norm else []
    nothing = [jax.tree.map(jnp.zeros_like, layers) for _ in range(2)]
    return State(layers, *nothing, running, jnp.float32(0), key, rate)


def scores(parameters, x, recipe: Recipe, key: jax.Array):
    """Logits in training, and mean and unbiased variance of each normalized batch."""
    batches = []
    for layer in parameters[:-1]:
        x = x @ layer["weight"] + layer["bias"]
        if recipe.batch_norm:
            mean, variance = x.mean(0), x.var(0)
            batches.append((mean, variance * len(x) / (len(x) - 1)))
            x = (x - mean) * jax.lax.rsqrt(variance + 1e-5) * layer["gain"] + layer["shift"]
        x = jax.nn.gelu(x, approximate=False) if recipe.activation == "gelu" else jax.nn.relu(x)
        if recipe.dropout:
            key, own = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(own, 1 - recipe.dropout, x.shape), x / (1 - recipe.dropout), 0)
    return x @ parameters[-1]["weight"] + parameters[-1]["bias"], batches


def cross_entropy(logits, y):
    """Mean over the examples."""
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean()


def objective(parameters, x, y, recipe: Recipe, key: jax.Array):
    """What is minimized, and what `scores` says of the batches."""
    logits, batches = scores(parameters, x, recipe, key)
    loss = cross_entropy(logits, y)
    if recipe.l1:
        loss += recipe.l1 * sum(jnp.abs(layer["weight"]).sum() for layer in parameters)
    return loss, batches


def step(state: State, x, y, recipe: Recipe) -> tuple[State, jax.Array]:
    """One step of AdamW, written out; the loss before it."""
    key, own = jax.random.split(state.key) if recipe.dropout else (state.key, state.key)
    (loss, batches), gradient = jax.value_and_grad(objective, has_aux=True)(state.parameters, x, y, recipe, own)
    steps = state.steps + 1
    rate, root = state.rate / (1 - 0.9**steps), 1 / jnp.sqrt(1 - 0.999**steps)
    mean = jax.tree.map(lambda m, g: m + 0.1 * (g - m), state.mean, gradient)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state.square, gradient)
    decay = 1 - state.rate * recipe.weight_decay

    def moved(w, m, v):
        return w * decay - rate * m / (jnp.sqrt(v) * root + 1e-8)

    parameters = jax.tree.map(moved, state.parameters, mean, square)
    if recipe.max_norm:
        parameters = [layer | {"weight": projected(layer["weight"], recipe.max_norm)} for layer in parameters]
    running = jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, state.running, batches)
    return State(parameters, mean, square, running, steps, key, state.rate), loss


def projected(weight, radius: float):
    """Each unit's incoming weights in a ball."""
    return weight * jnp.minimum(1, radius / jnp.linalg.norm(weight, axis=0))


def epoch(state: State, order, x, y, *, batch: int, recipe: Recipe) -> tuple[State, jax.Array]:
    """The examples in `order`, a step a batch; the last batch may be smaller. Also the loss of the last step."""
    full = len(order) // batch * batch

    def one(state, rows):
        return step(state, x[rows], y[rows], recipe)

    state, losses = jax.lax.scan(one, state, order[:full].reshape(-1, batch))
    return one(state, order[full:]) if full < len(order) else (state, losses[-1])


def validated(state: State, x, y, recipe: Recipe):
    """Mean cross entropy and accuracy; of networks that compute the same in training."""
    logits, _ = scores(state.parameters, x, recipe, state.key)
    return cross_entropy(logits, y), (logits.argmax(1) == y).mean()


class Compiled(NamedTuple):
    """`initial(key, rate)`, `epoch(state, order, x, y)`, `validated(state, x, y)`; of one run or of a stack of runs."""

    initial: Callable
    epoch: Callable
    validated: Callable


@cache
def compiled(widths: tuple[int, ...], batch: int, recipe: Recipe, stack: bool) -> Compiled:
    """Each is compiled when it is first called."""
    start = partial(initial, widths=widths, recipe=recipe)
    train, score = partial(epoch, batch=batch, recipe=recipe), partial(validated, recipe=recipe)
    if stack:
        start, train = jax.vmap(start), jax.vmap(train, (0, 0, None, None))
        score = jax.vmap(score, (0, None, None))
    return Compiled(jax.jit(start), jax.jit(train, donate_argnums=0), jax.jit(score))


def keys(seeds: list[int], stack: bool) -> jax.Array:
    """Of runs with these seeds; of the only run, if it is no stack."""
    return jnp.stack([jax.random.key(seed) for seed in seeds]) if stack else jax.random.key(seeds[0])


def orders(draws: list[np.random.Generator], count: int, stack: bool) -> np.ndarray:
    """The next order of `count` examples of each run."""
    drawn = np.stack([draw.permutation(count) for draw in draws]).astype(np.int32)
    return drawn if stack else drawn[0]


def trainer(x: np.ndarray, y: np.ndarray, widths: tuple[int, ...], batch: int, recipe: Recipe, members: int | None):
    """A function that trains an epoch of one run (`members` None) or of a stack. It returns the last loss."""
    stack, seeds = members is not None, list(range(members or 1))
    functions, draws = compiled(widths, batch, recipe, stack), [np.random.default_rng(seed) for seed in seeds]
    rows, labels = jnp.asarray(x), jnp.asarray(y, jnp.int32)
    state = functions.initial(keys(seeds, stack), np.full(members or (), 1e-3, np.float32))

    def train() -> np.ndarray:
        nonlocal state
        state, loss = functions.epoch(state, orders(draws, len(x), stack), rows, labels)
        return np.asarray(jax.block_until_ready(loss))

    return train
