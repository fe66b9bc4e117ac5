"""Update rules that torch.optim has, with every key of their own at another value than its default."""

from cases_regularizers import l1, proximal
from parity_case import Case
from torch.optim import SGD, Adam, AdamW, RMSprop

CLIP = {"optimizer.clip_norm": 0.5}
SOFT = proximal(l1(0.01), l1_strength=0.01)
LASSO = {"optimizer.proximal": True, "regularizer.l1": 0.01}


def keys(name: str, **values) -> dict:
    """{"optimizer": name, "optimizer.<key>": value, ...}"""
    return {"optimizer": name} | {f"optimizer.{key}": value for key, value in values.items()}


def decayed(w: list, o: list, decay: float) -> list[dict]:
    """Parameter groups as one writes them to exempt biases and normalization gains."""
    return [{"params": w, "weight_decay": decay}, {"params": o, "weight_decay": 0.0}]


RULES = {"sgd": (SGD, 0.1), "adam": (Adam, 0.01), "adamw": (AdamW, 0.01), "rmsprop": (RMSprop, 0.003)}

CASES = [
    Case("sgd", keys("sgd", lr=0.2), lambda w, o: SGD(w + o, lr=0.2)),
    Case("sgd_momentum", keys("sgd", momentum=0.9), lambda w, o: SGD(w + o, lr=0.1, momentum=0.9)),
    Case(
        "sgd_dampening",
        keys("sgd", lr=0.3, momentum=0.9, dampening=0.7),
        lambda w, o: SGD(w + o, lr=0.3, momentum=0.9, dampening=0.7),
    ),
    Case(
        "sgd_dampening_without_momentum",
        keys("sgd", dampening=0.7),
        lambda w, o: SGD(w + o, lr=0.1, dampening=0.7),
    ),
    Case(
        "sgd_nesterov",
        keys("sgd", momentum=0.8, nesterov=True),
        lambda w, o: SGD(w + o, lr=0.1, momentum=0.8, nesterov=True),
    ),
    Case(
        "sgd_decay_biases",
        keys("sgd", momentum=0.9, nesterov=True, weight_decay=0.02, decay_biases=True),
        lambda w, o: SGD(w + o, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.02),
    ),
    Case(
        "sgd_clip_then_decay",
        keys("sgd", momentum=0.5, weight_decay=0.05) | CLIP,
        lambda w, o: SGD(decayed(w, o, 0.05), lr=0.1, momentum=0.5),
        clip=0.5,
    ),
    Case("adam", keys("adam", lr=0.01), lambda w, o: Adam(w + o, lr=0.01)),
    Case(
        "adam_numbers",
        keys("adam", lr=0.02, beta1=0.8, beta2=0.95, eps=1e-3),
        lambda w, o: Adam(w + o, lr=0.02, betas=(0.8, 0.95), eps=1e-3),
    ),
    Case(
        "adam_amsgrad",
        keys("adam", lr=0.01, beta2=0.9, amsgrad=True),
        lambda w, o: Adam(w + o, lr=0.01, betas=(0.9, 0.9), amsgrad=True),
    ),
    Case(
        "adam_everything",
        keys("adam", lr=0.01, weight_decay=0.03, decay_biases=True, amsgrad=True) | LASSO,
        lambda w, o: Adam(w + o, lr=0.01, weight_decay=0.03, amsgrad=True),
        **SOFT,
    ),
    Case(
        "adamw",
        keys("adamw", lr=0.01, weight_decay=0.5),
        lambda w, o: AdamW(decayed(w, o, 0.5), lr=0.01),
    ),
    Case(
        "adamw_numbers",
        keys("adamw", lr=0.02, beta1=0.7, beta2=0.9, eps=1e-2),
        lambda w, o: AdamW(w + o, lr=0.02, betas=(0.7, 0.9), eps=1e-2, weight_decay=0.0),
    ),
    Case(
        "adamw_everything",
        keys("adamw", lr=0.01, weight_decay=0.5, decay_biases=True, amsgrad=True) | CLIP | LASSO,
        lambda w, o: AdamW(w + o, lr=0.01, weight_decay=0.5, amsgrad=True),
        clip=0.5,
        **SOFT,
    ),
    Case("rmsprop", keys("rmsprop", lr=0.003), lambda w, o: RMSprop(w + o, lr=0.003)),
    Case(
        "rmsprop_momentum",
        keys("rmsprop", lr=0.001, momentum=0.8),
        lambda w, o: RMSprop(w + o, lr=0.001, momentum=0.8),
    ),
    Case(
        "rmsprop_centered",
        keys("rmsprop", lr=0.003, centered=True),
        lambda w, o: RMSprop(w + o, lr=0.003, centered=True),
    ),
    Case(
        "rmsprop_everything",
        keys("rmsprop", lr=0.001, rho=0.95, eps=1e-4, momentum=0.7, centered=True, weight_decay=0.02, decay_biases=True)
        | CLIP
        | LASSO,
        lambda w, o: RMSprop(w + o, lr=0.001, alpha=0.95, eps=1e-4, momentum=0.7, centered=True, weight_decay=0.02),
        clip=0.5,
        **SOFT,
    ),
]
