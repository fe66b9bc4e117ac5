"""Averages of the weights beside torch.optim.swa_utils: they are kept and measured, training goes on without them."""

from parity_case import TWO, Case, Schedule
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

BATCH_NORM = TWO | {"model.norm": "batch", "optimizer.lr": 0.02, "optimizer.momentum": 0.9}


def momentum(w, o):
    """The optimizer beside batch norm (Adam would blow up the rounding errors of biases before a norm)."""
    return SGD(w + o, lr=0.02, momentum=0.9)


def ema(decay: float):
    """Running statistics are averaged, too."""
    return lambda network: AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)


def swa(network):
    """The plain mean."""
    return AveragedModel(network, use_buffers=True)


def at_epoch_ends(first: int):
    """After the last step of the epochs (from 0) from `first` on."""
    return lambda step, steps: step // steps >= first and step % steps == steps - 1


def nervous(o):
    """Reacts to the loss of the averaged weights."""
    return ReduceLROnPlateau(o, factor=0.5, patience=2, threshold=0.02, eps=0.0)


PLATEAU = {"scheduler": "plateau", "scheduler.factor": 0.5, "scheduler.patience": 2, "scheduler.threshold": 0.02}

CASES = [
    Case("ema", {"averaging": "ema"}, average=ema(0.99)),
    Case("ema_batch_norm", BATCH_NORM | {"averaging": "ema", "averaging.decay": 0.9}, momentum, average=ema(0.9)),
    Case(
        "ema_plateau",
        PLATEAU | {"averaging": "ema", "averaging.decay": 0.3, "optimizer.momentum": 0.9},
        lambda w, o: SGD(w + o, lr=0.1, momentum=0.9),
        schedule=Schedule(nervous, reactive=True),
        average=ema(0.3),
    ),
    Case("swa", {"averaging": "swa"}, average=swa, averaged=at_epoch_ends(37)),
    Case(
        "swa_batch_norm",
        BATCH_NORM | {"averaging": "swa", "averaging.start": 0},
        momentum,
        average=swa,
        averaged=at_epoch_ends(0),
    ),
    Case(
        "swa_last_epoch",
        {"averaging": "swa", "averaging.start": 1},
        average=swa,
        averaged=at_epoch_ends(49),
    ),
]
