"""Images as points: what a layer says about each, and which images are neighbours there.

A layer's channels, averaged over the places of their maps, put an image into a space of as many dimensions as there
are channels. Who is near whom there is what the layer takes for alike (Krizhevsky et al., 2012, figure 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np
import tensorflow as tf
from sklearn.metrics import pairwise_distances
from sklearn.preprocessing import normalize

from ..common.checks import choice, instance, is_list, refusal, whole_number
from ..common.errors import DamagedImage
from ..common.memory import enough_memory
from ..data.image_sets import ImageSet
from ..data.images import as_pictures, check_range
from ..data.sizes import LARGEST, MOST_AT_ONCE
from ..models.backbone import Backbone
from .scan import compiled_pooling

METRICS = ("euclidean", "cosine")
ROWS = 256  # of a table of distances that are in memory at once


def embed(
    backbone: Backbone,
    images: np.ndarray | ImageSet,
    layers: str | Sequence[str] = "auto",
    size: int | None = None,
    batch: int = 32,
) -> dict[str, np.ndarray]:
    """Return images as points: the mean of each channel over the places of its map.

    Args:
        backbone: the network.
        images: (N, H, W, 3) in [-1, 1], or a set of images, of which one batch at a time is in memory.
        layers: one or more layer names, "auto", or "logits". All share one pass.
        size: side in pixels at which a set of images is loaded; by default what the network was trained on.
        batch: images at once, 1 to 4096.

    Returns:
        Layer name -> (N, channels) float32, from the lowest layer up.

    Raises:
        ValueError: an unknown layer, images too small for it, or what is no set of images.
        DamagedImage: an image of the set that cannot be read; without it, rows would belong to other images.
    """
    instance("backbone", backbone, Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns")
    batch = whole_number("batch", batch, 1, MOST_AT_ONCE)
    side = backbone.size if size is None else whole_number("size", size, 1, LARGEST)
    asked = {backbone.resolve(name) for name in (layers if is_list(layers) else [layers])}
    names = tuple(name for name in backbone.layers if name in asked)
    if not names:
        raise refusal("layers", "one or more layer names, or 'auto'", layers)
    if isinstance(images, ImageSet):
        parts = (part for _, part in images.batches(batch, side))
    else:
        images = check_range(images)
        if images.shape[1] != images.shape[2]:
            raise ValueError(f"images must be squares; got {images.shape[1]} x {images.shape[2]} pixels.")
        side = images.shape[1]
        parts = (images[i : i + batch].astype(np.float32) for i in range(0, len(images), batch))
    backbone.check_size((side, side), *names)
    with enough_memory(min(batch, len(images)), (side, side)):
        rows = [compiled_pooling(backbone, names, side, tf.as_dtype(part.dtype))(part)[0][0].numpy() for part in parts]
    if isinstance(images, ImageSet) and images.damaged:
        name, reason = next(iter(images.damaged.items()))
        raise DamagedImage(f"'{name}' {reason}; leave it out of the set, or mend it")
    ends = np.cumsum([backbone.layers[name] for name in names])[:-1]
    return dict(zip(names, np.split(np.concatenate(rows), ends, axis=1), strict=True))


def neighbours(points: np.ndarray, k: int = 5, groups: Sequence | None = None, metric: str = "euclidean") -> np.ndarray:
    """Return the k nearest other points of each point, nearest first.

    Args:
        points: (N, ...); what is behind the first axis is one row of numbers.
        k: neighbours, 1 to the number of points that are left.
        groups: one label per point; a point's neighbours come from other groups, such as from other photographs.
        metric: "euclidean", or "cosine" (lengths do not count).

    Returns:
        (N, k) positions. Equal distances are ordered by position.

    Raises:
        ValueError: fewer than k points are left for one of them, values that are not finite, or a wrong argument.
    """
    points = check_points(points)
    if choice("metric", metric, METRICS) == "cosine":
        points = normalize(points)  # then both metrics give one order
    owner = np.arange(len(points)) if groups is None else _numbered("groups", groups, len(points))
    left = len(points) - int(np.bincount(owner).max())
    k = whole_number("k", k, 1, max(left, 1), "So many points are left in other groups." if groups is not None else "")
    if left < 1:
        raise ValueError(f"neighbours are of other groups, and all {len(points)} points are of one.")
    found = []
    for start in range(0, len(points), ROWS):
        part = slice(start, start + ROWS)
        distances = pairwise_distances(points[part], points)
        distances[owner[part, None] == owner] = np.inf
        found.append(np.argsort(distances, axis=1, kind="stable")[:, :k])
    return np.concatenate(found)


def right_by_neighbours(
    points: np.ndarray, labels: Sequence, k: int = 5, groups: Sequence | None = None, metric: str = "euclidean"
) -> np.ndarray:
    """Return for which points a vote of their k nearest others gives their own label: the leave-one-out k-NN test.

    Args:
        points, k, groups, metric: as for `neighbours`.
        labels: one per point. Of labels with equally many votes, that of the nearest neighbour among them wins.

    Returns:
        (N,) bool; its mean is the accuracy.

    Raises:
        ValueError: as for `neighbours`, or another number of labels than of points.
    """
    points = check_points(points)
    own = _numbered("labels", labels, len(points))
    votes = own[neighbours(points, k, groups, metric)]
    counts = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    return votes[np.arange(len(votes)), counts.argmax(axis=1)] == own


def scramble(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return images whose pixels are in another order, the same for all of them.

    Each pixel keeps its three colours. To a sum over pixels, such as the distance of two images, nothing has happened.

    Args:
        images: (N, H, W, 3).
        seed: of the order.

    Raises:
        ValueError: no such images, or whole numbers such as uint8.
    """
    images = as_pictures(images)
    order = np.random.default_rng(whole_number("seed", seed, 0)).permutation(images.shape[1] * images.shape[2])
    return images.reshape(len(images), -1, images.shape[3])[:, order].reshape(images.shape)


def _numbered(name: str, labels: Sequence, count: int) -> np.ndarray:
    several = list(labels) if is_list(labels) else []
    if len(several) != count or not all(isinstance(label, str | Real | np.generic) for label in several):
        raise refusal(name, f"a list of {count} labels, one per point", labels)
    return np.unique(np.asarray(several), return_inverse=True)[1]


def check_points(points: np.ndarray, name: str = "points") -> np.ndarray:
    """Return points as rows of numbers (N, D).

    Raises:
        ValueError: what is no array of two points or more, or has values that are not finite.
    """
    if (
        not isinstance(points, np.ndarray)
        or points.ndim < 2
        or points.dtype.kind not in "fiu"
        or len(points) < 2
        or not points.size
    ):
        raise refusal(name, "an array (N, D) of two points or more", points)
    if not np.isfinite(points).all():
        raise ValueError(f"{name} must be finite numbers; got NaN or infinity among them.")
    return points.reshape(len(points), -1)
