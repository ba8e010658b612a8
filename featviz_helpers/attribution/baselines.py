"""What a picture without anything on it looks like: grey, black, a blur, noise, or an image of your own."""

from __future__ import annotations

import zlib

import numpy as np
from scipy.ndimage import gaussian_filter

from ..common.arrays import as_array
from ..common.checks import refusal, whole_number
from ..common.errors import nearest
from ..common.random_streams import start_uniform
from ..data.images import check_range

BLUR = 1 / 16  # standard deviation, as a share of the shorter side: 14 pixels of 224
KINDS = ("grey", "black", "blur", "noise")

Baseline = str | np.ndarray


def baseline_images(images: np.ndarray, kind: Baseline = "grey", seed: int = 0) -> np.ndarray:
    """Return one baseline for each image.

    Args:
        images: (N, H, W, 3) in [-1, 1].
        kind: "grey" (0 everywhere), "black" (-1), "blur" (the image itself under a Gaussian of a sixteenth of its
            shorter side), "noise" (uniform in [-1, 1]), or an array in [-1, 1] that fits all images: a colour (3,), one
            image (H, W, 3), or one per image.
        seed: of the noise; an image's noise does not depend on its neighbours.

    Returns:
        (N, H, W, 3) float32.

    Raises:
        ValueError: another word, or an array that does not fit or is not in [-1, 1].
    """
    seed, images = whole_number("seed", seed, -(2**63), 2**63 - 1), check_range(images)
    if not isinstance(kind, str):
        return _given(images, kind)
    if kind == "grey":
        return np.zeros_like(images)
    if kind == "black":
        return np.full_like(images, -1.0)
    if kind == "blur":
        sigma = BLUR * min(images.shape[1:3])
        return gaussian_filter(images, (0, sigma, sigma, 0), mode="nearest")
    if kind == "noise":
        return np.stack([2 * start_uniform(seed, content_key(image), image.shape) - 1 for image in images])
    raise ValueError(
        f"There is no baseline {kind!r}: {nearest(kind, KINDS)} Allowed are {', '.join(KINDS)}, or an array in [-1, 1]."
    )


def content_key(image: np.ndarray) -> int:
    """Return the key of an image's random numbers: the same wherever in whichever batch the image stands."""
    return zlib.crc32(np.ascontiguousarray(image).tobytes())


def _given(images: np.ndarray, kind: np.ndarray) -> np.ndarray:
    allowed = f"one of {', '.join(KINDS)}, or an array of numbers in [-1, 1]"
    values = as_array("A baseline", kind, allowed, 1, 3, 4)
    if values.dtype.kind not in "fi" or not (values.min() >= -1.001 and values.max() <= 1.001):  # also true for NaN
        raise refusal("A baseline", allowed, kind)
    try:
        full = np.broadcast_to(values, images.shape)
    except ValueError:
        raise ValueError(
            f"A baseline of shape {values.shape} does not fit images of shape {images.shape}: give a colour (3,), one "
            "image (H, W, 3), or one per image."
        ) from None
    return np.clip(full, -1.0, 1.0, dtype=np.float32)
