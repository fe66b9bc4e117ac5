"""What happens to sounds and other signals: noise as loud as said, another speed. (`geometry.Shift` moves them.)"""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.augmentation.base import Signals, spread


@register("augmentation", "snr", lecture="003:639")
@dataclass
class SignalToNoise(Signals):
    """s + N(0, sd^2), sd = rms(s) 10^(-snr/20): at 20 dB the noise is a tenth as strong as the signal"""

    last = True
    snr: float | None = number(
        None,
        ge=-100,
        le=200,
        optional=True,
        neutral=math.inf,
        preset=20.0,
        help="signal-to-noise ratio of every example in dB; null = no noise",
    )

    def signals(self, chance, s, snr):
        import torch

        share = torch.tensor([10 ** (-each / 20) for each in snr[:, 0].tolist()], dtype=s.dtype, device=s.device)
        loud = s.square().mean(-1, keepdim=True).sqrt() * share[:, None, None]
        return s + loud * chance.normal(s.shape[-1]).to(s.dtype)


@register("augmentation", "speed", paper="Ko et al. 2015", lecture="003:640")
@dataclass
class Speed(Signals):
    """the signal played c times as fast, c ~ U(1 - change, 1 + change): s(c t), t from the middle, silent outside"""

    change: float = number(0.0, ge=0, lt=1, neutral=0.0, preset=0.1, help="largest relative change of the speed")

    def signals(self, chance, s, change):
        import torch

        from_middle = torch.arange(s.shape[-1], dtype=torch.float64, device=s.device) - (s.shape[-1] - 1) / 2
        return at_times(s, spread(chance.examples(), change)[..., None] * from_middle)


def at_times(s, later):
    """Signals s [K, M, B, T] at their own times and `later`, in steps of time: linear between values, 0 outside."""
    import torch

    place = torch.arange(s.shape[-1], dtype=later.dtype, device=s.device) + later
    before = place.floor()
    share = (place - before).to(s.dtype)
    return _values(s, before.long()) * (1 - share) + _values(s, before.long() + 1) * share


def _values(s, place):
    inside = (place >= 0) & (place < s.shape[-1])
    return s.gather(-1, place.clamp(0, s.shape[-1] - 1)).masked_fill(~inside, 0)
