"""The facets of a channel, found in the data: which kinds of images drive it, and a blurred start for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from ..common.checks import whole_number
from ..data.images import check_range
from ..models.backbone import Backbone
from .embeddings import embed

MOST_FACETS = 100


@dataclass(frozen=True)
class Facets:
    """Groups of images that drive one channel.

    Attributes:
        groups: per facet, the positions of all its images, nearest to its centre first; the largest facet comes first.
        starts: (facets, H, W, 3), per facet the mean of its nearest images: a start for `maximize`.
    """

    groups: list[np.ndarray]
    starts: np.ndarray


def facets(
    backbone: Backbone,
    images: np.ndarray,
    count: int = 4,
    layer: str = "auto",
    nearest: int = 15,
    components: int = 50,
    seed: int = 0,
    batch: int = 32,
) -> Facets:
    """Part the images that drive a channel into kinds (Nguyen, Yosinski and Clune, 2016).

    The layer's mean activations of each image, reduced to their first principal components, are parted by k-means; the
    mean of the images nearest to a centre is the start of the facet's picture. (The paper puts t-SNE between the two.)

    Args:
        backbone: the network.
        images: (N, H, W, 3) in [-1, 1], such as the strongest of the channel.
        count: facets, 2 to the number of images.
        layer: whose features say which images are of a kind.
        nearest: images of a facet that are averaged, or all that it has.
        components: principal components that are kept, if there are so many.
        seed: of the first centres.
        batch: images at once.

    Raises:
        ValueError: one facet, or more than there are images; see also `embed`.
    """
    images = check_range(images)
    whole_number("count", count, 1, MOST_FACETS)
    if count == 1:
        raise ValueError(
            "One facet is all images together: count must be 2 or more; got 1. Their mean is images.mean(axis=0)."
        )
    if count > len(images):
        raise ValueError(
            f"{count} facets need as many images or more; got {len(images)}. Give more images of the channel, or ask "
            f"for {len(images)} facets or fewer."
        )
    nearest = whole_number("nearest", nearest, 1)
    kept = min(whole_number("components", components, 1), *_most_components(backbone, images, layer))
    points = next(iter(embed(backbone, images, layer, batch=batch).values()))
    if (kinds := len(np.unique(points, axis=0))) < count:
        raise ValueError(f"'{layer}' sees {kinds} kinds of images among these, too few for count {count}.")
    points = PCA(kept, random_state=0).fit_transform(points)
    means = KMeans(count, n_init=4, random_state=whole_number("seed", seed, 0, 2**32 - 1)).fit(points)
    if (parted := len(np.unique(means.labels_))) < count:
        raise ValueError(f"On {kept} components '{layer}' sees {parted} kinds of images, too few for count {count}.")
    away = means.transform(points)
    groups = [np.flatnonzero(means.labels_ == number) for number in range(count)]
    groups = [group[np.argsort(away[group, number], kind="stable")] for number, group in enumerate(groups)]
    groups = sorted(groups, key=lambda group: (-len(group), group.min(initial=len(images))))
    return Facets(groups, np.stack([images[group[:nearest]].mean(axis=0) for group in groups]))


def _most_components(backbone: Backbone, images: np.ndarray, layer: str) -> tuple[int, int]:
    return len(images), backbone.layers[backbone.resolve(layer)]
