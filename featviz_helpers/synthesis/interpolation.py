"""From one channel to another in many frames: pictures that share what is coarse, so that they stay one scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..ascent.colours import squash
from ..ascent.parameterizations import Fourier, Parameterization
from ..common.checks import number_above, whole_numbers
from ..data.images import check_range

SHARES = (2, 4, 8, 16)


class SharedFrames(Fourier):
    """Frames with parameters of their own and coarse ones that all share (Lucid's aligned interpolation, 2018).

    frame i = tanh(M (own * own_i + sum over s of shared_s enlarged s times) / 4): own_i are the waves of `Fourier`, and
    each shared_s is a picture of 1/s of the side. What the frames have in common is cheapest to reach in what they
    share, so it appears at the same place in all. Equal starts do not do that: an ascent is chaotic, and they part.

    Each frame carries a copy of the shared values, and what is seen is the mean of the copies. Every image of a call
    shares with every other, so the frames are climbed as one batch.

    Args:
        shares: s of each shared picture, 1 to 64.
        own: how far a step moves what is a frame's own, against what is shared; above 0, at most 1. Lucid's 1 did
            little here: 1/f waves move what is coarse as fast as the shared pictures do.
        noise: standard deviation of the own waves at the start, as for `Fourier`.
    """

    couples = True
    encode = Parameterization.encode  # how an image is to be divided into own and shared is not said

    def __init__(self, shares: Sequence[int] = SHARES, own: float = 0.3, noise: float = 0.01) -> None:
        super().__init__(noise)
        self.own = number_above("SharedFrames: own", own, 0, 1)
        self.shares = tuple(whole_numbers("SharedFrames: shares", shares, 1, 64))

    @property
    def structure(self) -> tuple:
        return ("shared frames", self.shares, self.own) if type(self) is SharedFrames else (self,)

    def describe(self) -> dict:
        return {**super().describe(), "shares": list(self.shares), "own": self.own}

    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        """Return start parameters (N, P): the own waves, then the shared pictures, all grey."""
        own = super().start(seeds, keys, height, width).reshape(len(seeds), -1)
        shared = sum(3 * rows * columns for rows, columns in self._sizes(height, width))
        return np.concatenate([own, np.zeros((len(seeds), shared), np.float32)], axis=1)

    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        waves = (3, height, width // 2 + 1, 2)
        own, shared = tf.split(parameters, [int(np.prod(waves)), -1], axis=1)
        colours = self.own * self.colours(tf.reshape(own, [-1, *waves]), height, width)
        sizes = self._sizes(height, width)
        parts = tf.split(tf.reduce_mean(shared, axis=0), [3 * rows * columns for rows, columns in sizes])
        for (rows, columns), part in zip(sizes, parts, strict=True):
            small = tf.reshape(part, [1, rows, columns, 3])
            colours += tf.image.resize(small, [height, width])
        return squash(colours, self.mix)

    def _sizes(self, height: int, width: int) -> list[tuple[int, int]]:
        return [(-(-height // share), -(-width // share)) for share in self.shares]


def frame_change(frames: np.ndarray) -> float:
    """Return how much a film jumps: the mean |difference| of neighbouring frames, as a share of the pixel range.

    Args:
        frames: (N, H, W, 3) in [-1, 1], two or more.

    Raises:
        ValueError: one frame.
    """
    frames = check_range(frames, name="frames")
    if len(frames) < 2:
        raise ValueError(f"The change from frame to frame needs two or more frames; got {len(frames)}.")
    return float(np.abs(np.diff(frames, axis=0)).mean()) / 2
