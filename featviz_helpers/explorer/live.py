"""A climb in slices so short that whoever watches it can stop it or change its settings at any moment."""

from __future__ import annotations

import time

import numpy as np

from ..ascent.objectives import channel as channel_of
from ..ascent.objectives import class_score
from ..ascent.parameterizations import Fourier
from ..ascent.stream import Stream
from ..common.errors import DeadStart
from ..data.images import to_uint8
from ..models.backbone import Backbone
from .archive import Made
from .settings import Settings

SLICE = 0.25  # seconds
MOST = 16  # steps of a slice


class LiveClimb:
    """The picture of one channel on its way up.

    Args:
        backbone: the network.
        layer: layer name.
        channel: channel number, or class number in the layer of the class scores.
        sign: 1 to drive the channel, -1 to silence it.
        size: side of the picture in pixels.
        seed: of start and draws.
    """

    def __init__(self, backbone: Backbone, layer: str, channel: int, sign: int, size: int, seed: int) -> None:
        goal = class_score(channel) if layer == backbone.logits else channel_of(layer, channel)
        self.sign, self._steps = sign, 1
        self._stream = Stream(backbone, sign * goal, size=size, seed=seed, parameterization=Fourier())

    @property
    def done(self) -> int:
        """Steps taken."""
        return self._stream.done

    @property
    def made(self) -> Made:
        """The picture as it stands."""
        return Made(to_uint8(self._stream.image), self.sign * self._stream.activation)

    def go_on(self, settings: Settings, most: int) -> int:
        """Take a slice of at most `most` steps, and return how many it had.

        Raises:
            DeadStart: the channel gives no gradient.
            NotFinite: NaN or infinity.
        """
        steps, first = max(min(self._steps, most), 1), self.done == 0
        began = time.perf_counter()
        self._stream.take(steps, **settings.parts())
        if not first:  # which was compiled, and tells nothing about the next
            seconds = (time.perf_counter() - began) / steps
            self._steps = int(np.clip(SLICE / seconds, 1, MOST))
        return steps


def dead(climb: LiveClimb, settings: Settings, most: int) -> bool:
    """Take a slice, and return whether the channel turned out to have no gradient at its start."""
    try:
        climb.go_on(settings, most)
    except DeadStart:
        return True
    return False
