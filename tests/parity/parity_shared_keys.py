"""The keys that every rule has (decay, clipping, proximal steps), for every rule from one table.

A file of cases puts its rules into RULES, name -> (reference, rate), and where needed what `cases` takes besides. The
reference is made of parameter groups and `lr`; it reads `weight_decay` from each group, and says how long a proximal
step is (`gain`, unless torch's state says it).
"""

from __future__ import annotations

from collections.abc import Callable

from cases_regularizers import l1, proximal
from parity_case import Case

DECAY, NORM, VALUE, STRENGTH = 0.05, 0.4, 0.02, 0.01
SHARED = {  # what a case adds to the rule, one key after the other
    "decay_and_clip_norm": {"optimizer.weight_decay": DECAY, "optimizer.clip_norm": NORM},
    "decay_biases_and_clip_value": {
        "optimizer.weight_decay": DECAY,
        "optimizer.decay_biases": True,
        "optimizer.clip_norm": NORM,
        "optimizer.clip_value": VALUE,
    },
    "proximal": {"regularizer.l1": STRENGTH, "optimizer.proximal": True},
}


def groups(weights: list, others: list, of_weights: float, of_others: float) -> list[dict]:
    """Parameter groups with the decay of each, so that no reference decays by a default of its own."""
    return [{"params": weights, "weight_decay": of_weights}, {"params": others, "weight_decay": of_others}]


def cases(name: str, reference: Callable, lr: float, needed: dict | None = None, **kind) -> list[Case]:
    """Decay of weights under clipping by norm; decay of everything under both clippings; proximal steps.

    needed: other settings of the rule; kind: fields of its cases.
    """

    def case(shared: str, of_weights: float, of_others: float, **more) -> Case:
        settings = {"optimizer": name, "optimizer.lr": lr} | (needed or {}) | SHARED[shared]
        return Case(
            f"{name}_{shared}",
            settings,
            lambda w, o: reference(groups(w, o, of_weights, of_others), lr=lr),
            **more,
            **kind,
        )

    return [
        case("decay_and_clip_norm", DECAY, 0.0, clip=NORM),
        case("decay_biases_and_clip_value", DECAY, DECAY, clip=NORM, clip_value=VALUE),
        case("proximal", 0.0, 0.0, **proximal(l1(STRENGTH), l1_strength=STRENGTH)),
    ]
