"""Does a map point at what it explains? Shares of attribution inside a mask, and the grid pointing game."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from ..ascent.objectives import class_score
from ..ascent.term import Objective
from ..common.arrays import as_array
from ..common.checks import is_list, refusal, whole_number
from ..data.images import check_range
from ..models.backbone import Backbone

Method = Callable[[Backbone, Objective, np.ndarray], np.ndarray]
QUARTERS = 4
MOST = 10_000  # mosaics at once


@dataclass(frozen=True)
class Mosaics:
    """Pictures of 2 x 2 images of four different classes.

    Attributes:
        images: (M, 2 H, 2 W, 3) in [-1, 1].
        labels: (M, 4) class of the upper left, upper right, lower left and lower right quarter.
    """

    images: np.ndarray
    labels: np.ndarray


def mosaics(images: np.ndarray, labels: np.ndarray, count: int, seed: int = 0) -> Mosaics:
    """Compose mosaics, each of four images of four different classes.

    Args:
        images: (N, H, W, 3) in [-1, 1]; best those that the network classifies with confidence.
        labels: (N,) class of each.
        count: how many mosaics, 1 to 10,000.
        seed: of the choice.

    Raises:
        ValueError: fewer than four classes, another number of labels than of images, or a seed below 0.
    """
    images = check_range(images)
    given = list(labels) if is_list(labels) else []
    alike = all(isinstance(one, str) for one in given) or all(isinstance(one, Integral) for one in given)
    if len(given) != len(images) or not alike or len(set(given)) < QUARTERS:
        raise refusal("labels", f"{len(images)}, one class for each image, and of four classes at least", labels)
    labels, classes = np.asarray(given), np.unique(given)
    generator = np.random.default_rng(whole_number("seed", seed, 0, 2**63 - 1))
    chosen = np.array(
        [
            [generator.choice(np.flatnonzero(labels == name)) for name in generator.choice(classes, QUARTERS, False)]
            for _ in range(whole_number("count", count, 1, MOST))
        ]
    )
    upper, lower = (np.concatenate([images[chosen[:, i]], images[chosen[:, i + 1]]], axis=2) for i in (0, 2))
    return Mosaics(np.concatenate([upper, lower], axis=1), labels[chosen])


def share_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the share of each map's positive attribution that lies inside its mask.

    Args:
        maps: (N, H, W); what is below zero does not count.
        masks: (N, H, W) or (H, W), true inside. By chance a map has the mask's share of the area.

    Returns:
        (N,) from 0 to 1. A map without anything positive points nowhere: 0.

    Raises:
        ValueError: shapes that do not fit.
    """
    maps = as_array("maps", maps, "an array of numbers (N, H, W)", 3)
    allowed = f"an array of True and False of shape {maps.shape} or {maps.shape[1:]}, like the maps"
    inside = as_array("masks", masks, allowed, 2, 3)
    if inside.shape not in (maps.shape, maps.shape[1:]) or not np.isin(inside, (0, 1)).all():
        raise refusal("masks", allowed, masks)
    positive = np.maximum(maps, 0.0).astype(np.float64)
    share, total = (positive * inside).sum(axis=(1, 2)), positive.sum(axis=(1, 2))
    return np.divide(share, total, out=np.zeros_like(total), where=total > 0)


def grid_pointing(method: Method, backbone: Backbone, pictures: Mosaics) -> np.ndarray:
    """Play the grid pointing game (Böhle et al., 2021; Rao et al., 2022).

    Each mosaic is explained four times, for the class of each quarter; what counts is the share of positive attribution
    in that quarter. Chance, and a map that does not know which class it explains, is 0.25.

    Args:
        method: `method(backbone, objective, images)` returns maps (N, H, W), as `saliency` and `grad_cam` do.
        backbone: a network with class scores that takes images of the mosaics' size.
        pictures: from `mosaics`.

    Returns:
        (M, 4): the share, of each quarter.
    """
    repeated = np.repeat(pictures.images, QUARTERS, axis=0)
    maps = method(backbone, class_score(pictures.labels.ravel().tolist()), repeated)
    height, width = (side // 2 for side in maps.shape[1:])
    masks = np.zeros((QUARTERS, *maps.shape[1:]), bool)
    for quarter, mask in enumerate(masks):
        row, column = quarter // 2 * height, quarter % 2 * width
        mask[row : row + height, column : column + width] = True
    return share_inside(maps, np.tile(masks, (len(pictures.images), 1, 1))).reshape(-1, QUARTERS)
