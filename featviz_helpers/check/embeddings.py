"""Judge answers about filters, neighbours and maps of images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from ..exemplars.embeddings import embed
from ..exemplars.flat_maps import kept_neighbours
from ..models.backbone import Backbone
from ..models.filters import colour_shares
from .answers import ARRAY, FUNCTION, IMAGES, close, in_range, judge, say


@judge(FUNCTION)
def colour_share(answer: Callable[[np.ndarray], np.ndarray] | None) -> bool:
    """Judge a function of filters (n, h, w, 3): which share of each one's squares is not grey."""
    kernels = np.random.default_rng(0).normal(size=(4, 5, 3, 3))
    kernels[0] = kernels[0, ..., :1]  # weighs the colours alike
    wanted, given = colour_shares(kernels), np.asarray(answer(kernels))
    if given.shape != wanted.shape:
        return say(False, "", f"for {len(kernels)} filters it returns {given.shape}; wanted {wanted.shape}.")
    centred = kernels - kernels.mean(axis=(1, 2, 3), keepdims=True)
    known = {
        "that is the grey share; wanted is what is left of 1.": 1 - wanted,
        "square first, then add up: a share of squares is not its root.": np.sqrt(wanted),
        "the grey of a pixel is the mean of its own three weights, not of the whole filter.": (centred**2).sum(
            axis=(1, 2, 3)
        )
        / (kernels**2).sum(axis=(1, 2, 3)),
    }
    reason = next((words for words, values in known.items() if close(given, values)), "the values differ.")
    return say(close(given, wanted), "a grey filter has 0, and the others are right.", reason)


@judge(IMAGES)
def two_kinds_of_near(
    answer: np.ndarray | None, backbone: Backbone, layer: str, images: np.ndarray, k: int, lost: float, kept: float
) -> bool:
    """Judge changed images (N, H, W, 3): their neighbours by pixels must be others, those by a layer much the same.

    Args:
        answer: the changed images, in the order of the original ones.
        backbone, layer: whose features count.
        images: the original ones.
        k: neighbours that are compared.
        lost: the share of neighbours by pixels that may be left, at most.
        kept: the share of neighbours by features that must be left, at least.
    """
    if np.shape(answer) != images.shape:
        return say(False, "", f"the images have the shape {images.shape}; yours have {np.shape(answer)}.")
    if not in_range(answer):
        return say(False, "", f"values must stay in [-1, 1]; yours reach {np.abs(answer).max():.2f}.")
    changed = np.clip(answer, -1, 1).astype(np.float32)
    by_pixels = kept_neighbours(images, changed, k).mean()
    first, second = (next(iter(embed(backbone, one, layer).values())) for one in (images, changed))
    by_features = kept_neighbours(first, second, k).mean()
    figures = f"{by_pixels:.0%} of the neighbours by pixels are kept, and {by_features:.0%} of those by features"
    right = bool(by_pixels <= lost and by_features >= kept)
    return say(right, f"{figures}.", f"{figures}; wanted: at most {lost:.0%}, and at least {kept:.0%}.")


@judge(ARRAY)
def faithful_map(answer: np.ndarray | None, points: np.ndarray, than: np.ndarray) -> bool:
    """Judge a flat map (N, 2): its distances must be ordered more like those of the points than another map's."""
    if np.shape(answer) != (len(points), 2) or not np.isfinite(answer).all():
        return say(False, "", f"a map of {len(points)} images has the shape ({len(points)}, 2), all of it finite.")
    true = pdist(points)
    ours, theirs = (float(spearmanr(pdist(flat), true)[0]) for flat in (answer, than))
    figures = f"the rank correlation with the true distances is {ours:.3f}, and the other map's {theirs:.3f}"
    return say(bool(ours > theirs), f"{figures}.", f"{figures}.")
