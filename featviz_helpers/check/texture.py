"""Judge answers about texture and style."""

from collections.abc import Callable

import numpy as np

from ..models.backbone import Backbone
from ..synthesis.quilting import seam
from ..synthesis.style import gram_matrices
from .answers import FUNCTION, IMAGES, in_range, judge, say

ShiftedGram = Callable[[np.ndarray, tuple[int, int]], np.ndarray]


@judge(FUNCTION)
def shifted_gram(answer: ShiftedGram | None) -> bool:
    """Judge a function of features (N, h, w, C) and a shift (down, across): mean products with the shifted map.

    The result is (N, C, C), over the places whose partner lies inside the map; stripes show that it knows directions.
    """
    features = np.random.default_rng(0).normal(size=(2, 6, 7, 3))
    for down, across in ((0, 0), (0, 1), (2, 0), (1, 3)):
        near, far = features[:, : 6 - down, : 7 - across], features[:, down:, across:]
        wanted = np.einsum("nhwc,nhwd->ncd", near, far) / near[0, ..., 0].size
        given, where = np.asarray(answer(features, (down, across))), f"at the shift ({down}, {across})"
        if given.shape != wanted.shape:
            return say(False, "", f"for features of shape {features.shape} it returns {given.shape}, not (2, 3, 3).")
        if np.allclose(given, wanted.swapaxes(1, 2), rtol=1e-3, atol=1e-4) and (down or across):
            return say(False, "", f"{where} rows and columns are exchanged: the second channel is the shifted one.")
        if not np.allclose(given, wanted, rtol=1e-3, atol=1e-4):
            return say(False, "", f"the numbers differ {where}. Do all places that count have a partner?")
    lines = np.where(np.arange(12) % 4 < 2, 1.0, -1.0)
    maps = np.stack([np.repeat(lines[:, None], 12, axis=1), np.repeat(lines[None], 12, axis=0)])[..., None]
    horizontal, vertical = (float(value) for value in np.asarray(answer(maps, (0, 2)))[:, 0, 0])
    return say(True, f"at (0, 2) horizontal stripes have {horizontal:.1f}, and vertical ones {vertical:.1f}.", "")


@judge(FUNCTION)
def cheapest_seam(answer: Callable[[np.ndarray], np.ndarray] | None) -> bool:
    """Judge a function of costs (rows, columns) that returns the column of the cheapest way down in each row."""
    for seed, shape in enumerate([(2, 3), (12, 5), (40, 7)]):
        costs = np.random.default_rng(seed).random(shape)
        way, rows = np.asarray(answer(costs)), np.arange(shape[0])
        if way.shape != (shape[0],) or way.dtype.kind not in "iu" or way.min() < 0 or way.max() >= shape[1]:
            return say(False, "", f"for {shape[0]} rows it must return as many whole numbers, 0 to {shape[1] - 1}.")
        if np.abs(np.diff(way.astype(int))).max() > 1:
            return say(False, "", "it jumps: from one row to the next it may move one column at most.")
        cost, least = costs[rows, way].sum(), costs[rows, seam(costs)].sum()
        if cost > least + 1e-6:
            return say(False, "", f"through {shape[0]} rows its way costs {cost:.2f}; there is one for {least:.2f}.")
    return say(True, "no way is cheaper.", "")


@judge(IMAGES)
def same_texture(
    answer: np.ndarray | None, backbone: Backbone, image: np.ndarray, layer: str, near: float, far: float
) -> bool:
    """Judge a picture (1, H, W, 3) with the Gram matrix of an image and other pixels.

    Args:
        answer: the picture.
        backbone: the network.
        image: (1, H, W, 3).
        layer: whose Gram matrices are compared.
        near: largest Gram distance.
        far: smallest root of the mean squared difference of the pixels, as a share of the pixel range [0, 1].
    """
    if np.shape(answer) != image.shape or not in_range(answer):
        return say(False, "", f"a picture of shape {image.shape} in [-1, 1] is wanted.")
    ours, theirs = (gram_matrices(backbone, np.asarray(one, np.float32), layer) for one in (answer, image))
    distance = float(np.abs(ours - theirs).sum() / np.abs(theirs).sum())
    apart = float(np.sqrt(((answer - image) ** 2).mean())) / 2
    figures = f"Gram distance {distance:.3f}, pixels {apart:.2f} apart"
    return say(
        distance <= near and apart >= far, f"{figures}.", f"{figures}; wanted at most {near:g}, at least {far:g}."
    )


@judge(IMAGES)
def divided(answer: np.ndarray | None, shape_sees: Backbone, texture_sees: Backbone, shape: int, texture: int) -> bool:
    """Judge a picture (1, H, W, 3) that one network takes for a shape and another for a texture.

    Args:
        answer: the picture.
        shape_sees, texture_sees: the networks.
        shape, texture: the class numbers that they must give.
    """
    if np.ndim(answer) != 4 or np.shape(answer)[0] != 1 or np.shape(answer)[3] != 3 or not in_range(answer):
        return say(False, "", f"a picture (1, H, W, 3) in [-1, 1] is wanted; yours has the shape {np.shape(answer)}.")
    picture = np.asarray(answer, np.float32)
    one, other = (int(net.activations(picture, "logits").argmax()) for net in (shape_sees, texture_sees))
    named = [net.classes[label] for net, label in ((shape_sees, one), (texture_sees, other))]
    figures = f"{shape_sees.name} says {named[0]}, {texture_sees.name} says {named[1]}"
    return say(one == shape and other == texture, f"{figures}.", f"{figures}.")
