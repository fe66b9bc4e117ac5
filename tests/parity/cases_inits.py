"""Initial weights: what torch.nn.init does with the same generator."""

import math

from torch import nn


def default_of_linear(weight, generator):
    """What nn.Linear.reset_parameters does to its weight."""
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)


INITS = {
    "torch": default_of_linear,
    "he": lambda w, g: nn.init.kaiming_normal_(w, nonlinearity="relu", generator=g),
    "glorot": lambda w, g: nn.init.xavier_uniform_(w, generator=g),
}
