"""Maps that know nothing of the network. Whatever is said for a method has to be more than they reach."""

from __future__ import annotations

import numpy as np
from skimage.filters import sobel

from ..common.checks import whole_number
from ..common.random_streams import start_uniform
from ..data.images import check_range
from .baselines import content_key

WIDTH = 0.25  # standard deviation of the blob, as a share of the image's sides


def random_map(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return uniform random maps (N, H, W) in [0, 1); an image's map does not depend on its neighbours.

    Raises:
        ValueError: a seed that is no whole number; images that are not in [-1, 1].
    """
    seed, images = whole_number("seed", seed, -(2**63), 2**63 - 1), check_range(images)
    return np.stack([start_uniform(seed, content_key(image), image.shape[:2]) for image in images])


def centre_blob(images: np.ndarray) -> np.ndarray:
    """Return the same blob for every image: a Gaussian in the middle, (N, H, W)."""
    down, across = (np.linspace(-0.5, 0.5, side) / WIDTH for side in images.shape[1:3])
    blob = np.exp(-0.5 * (down[:, None] ** 2 + across[None, :] ** 2)).astype(np.float32)
    return np.repeat(blob[None], len(images), axis=0)


def edges(images: np.ndarray) -> np.ndarray:
    """Return Sobel's edge strength of each image in grey, (N, H, W)."""
    return np.stack([sobel(image.mean(axis=-1)) for image in images]).astype(np.float32)
