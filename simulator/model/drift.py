"""Slow drift of colour and contrast over the windows of a long video, and how it is taken back.

Each window learns its colours from what the window before made, so small errors add up: over 60 s walls turn pink and
the grid of patches shows. What a person does who joins shots is done here: mean and deviation of each channel are
drawn back towards those of the beginning (Reinhard et al. 2001, "Color transfer between images"), by a share, so that
a thing that enters or leaves does not make the background flicker. Drift is slow: where a window departs at once (a
flame goes out, the picture cuts), the world has changed, and what it is drawn back to changes as much.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

SHARE = 0.5  # of a window's departure, what is taken back
AT_ONCE = 0.06  # change of a channel's mean from window to window, of the 2 from black to white, that is no drift
FLAT = 0.02  # added to deviations, so that the noise of an even picture is not blown up


class Colours(NamedTuple):
    """Mean and deviation of each channel, (3,), in a signal of [-1, 1]."""

    mean: Tensor
    deviation: Tensor


def colours(video: Tensor) -> Colours:
    """Of the pixels of a video (..., 3)."""
    pixels = video.reshape(-1, 3)
    return Colours(pixels.mean(0), pixels.std(0, correction=0))


class Steady:
    """What the windows of one video are drawn back to, and the colours of the last one."""

    def __init__(self, first: Tensor) -> None:
        """first: the first window (..., 3)."""
        self.anchor = self.last = colours(first)

    def draw_back(self, video: Tensor, share: float = SHARE) -> Tensor:
        """What the next window made (..., 3), with its colours drawn towards the anchor's."""
        own = colours(video)
        step = own.mean - self.last.mean
        if bool((step.abs() > AT_ONCE).any()):
            gain = (own.deviation + FLAT) / (self.last.deviation + FLAT)
            self.anchor = Colours(self.anchor.mean + step, (self.anchor.deviation + FLAT) * gain - FLAT)
        gain = ((self.anchor.deviation + FLAT) / (own.deviation + FLAT)) ** share
        out = (video - own.mean) * gain + torch.lerp(own.mean, self.anchor.mean, share)
        self.last = colours(out)
        return out
