"""Several pictures of every channel that were pushed apart: what else drives it (Olah et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..ascent.objectives import channel
from ..ascent.result import Result
from ..ascent.term import Objective
from ..common.progress import bar
from ..data.images import to_uint8
from ..synthesis.diversity import Diversity

# Half of what a channel reaches alone, as the weight: measured on mixed2 of ShapesNet, block5b_add of lite0 and mixed6
# of InceptionV3, it leaves about four fifths of the activation and makes the pictures of a channel clearly different.
SHARE = 0.5
CHANNELS = 16  # climbed at once: the groups of one ascent share a batch


class Variety(NamedTuple):
    """Pictures of every channel that differ.

    Attributes:
        images: (C, N, size, size, 3) uint8.
        activations: (C, N) mean activation; NaN for a channel whose start has no gradient.
        alike: (C,) mean cosine of the Gram matrices of a channel's pictures.
    """

    images: np.ndarray
    activations: np.ndarray
    alike: np.ndarray


def push_apart(climb: Callable[[Objective], Result], layer: str, count: int, reached: np.ndarray) -> Variety:
    """Make several pictures of every channel of a layer with a map, pushed apart.

    Args:
        climb: makes the pictures of an objective.
        layer: layer name.
        count: pictures of a channel, 2 or more.
        reached: (C,) what a picture of each channel alone reaches; the weight of the diversity term follows it.
    """
    alone = np.maximum(np.nan_to_num(reached), 0.0)
    parts = []
    blocks = np.array_split(np.arange(len(alone)), -(-len(alone) // CHANNELS))
    for block in bar(iterable=blocks, unit="block", desc=f"{layer}, pushed apart"):
        units, apart = np.repeat(block, count).tolist(), Diversity(layer, np.repeat(block, count).tolist())
        made = climb(channel(layer, units) + SHARE * np.repeat(alone[block], count) * apart)
        reached, shared = np.where(made.dead[:, None], np.nan, made.terms).T
        parts.append((to_uint8(np.nan_to_num(made.images)), reached, -2 * shared / (count - 1)))
    found = [np.concatenate(part) for part in zip(*parts, strict=True)]
    images, activations, cosines = (part.reshape(-1, count, *part.shape[1:]) for part in found)
    return Variety(images, activations, cosines.mean(axis=1))
