"""Several pictures of every channel that were pushed apart: what else drives it (Olah et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..ascent.objectives import channel
from ..ascent.result import Result
from ..ascent.term import Objective
from ..data.images import to_uint8
from ..synthesis.diversity import Diversity

# Half of what a channel reaches alone, as the weight: measured on mixed2 of ShapesNet, block5b_add of lite0 and mixed6
# of InceptionV3, it leaves about four fifths of the activation and makes the pictures of a channel clearly different.
SHARE = 0.5
CHANNELS = 16  # climbed at once, and kept at once: an atlas that is stopped loses no more


class Variety(NamedTuple):
    """Pictures of some channels that differ.

    Attributes:
        images: (C, N, size, size, 3) uint8.
        activations: (C, N) mean activation; NaN for a channel whose start has no gradient.
        alike: (C,) mean cosine of the Gram matrices of a channel's pictures.
    """

    images: np.ndarray
    activations: np.ndarray
    alike: np.ndarray


def push_apart(
    climb: Callable[[Objective], Result], layer: str, count: int, reached: np.ndarray, channels: Sequence[int]
) -> Variety:
    """Make several pictures of some channels of a layer with a map, pushed apart.

    Args:
        climb: makes the pictures of an objective.
        layer: layer name.
        count: pictures of a channel, 2 or more.
        reached: (C,) what a picture of each of the channels alone reaches; the weight of the diversity term follows it.
        channels: their numbers.
    """
    alone = np.maximum(np.nan_to_num(reached), 0.0)
    units = np.repeat(channels, count).tolist()
    made = climb(channel(layer, units) + SHARE * np.repeat(alone, count) * Diversity(layer, units))
    activations, shared = np.where(made.dead[:, None], np.nan, made.terms).T
    found = to_uint8(np.nan_to_num(made.images)), activations, -2 * shared / (count - 1)
    images, activations, cosines = (part.reshape(-1, count, *part.shape[1:]) for part in found)
    return Variety(images, activations, cosines.mean(axis=1))
