"""The colours of one image for another: a style without its own."""

from __future__ import annotations

import numpy as np

from ..common.checks import is_list
from ..data.images import check_range
from .single import one_picture


def match_colours(images: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Give images the colours of another, so that a style comes without its own (Gatys et al., 2017).

    Each pixel c becomes  A (c - m) + m_0  with  A = S_0^(1/2) S^(-1/2),  where m and S are mean and covariance of the
    colours. What leaves the range is cut off.

    Args:
        images: (N, H, W, 3) in [-1, 1].
        wanted: (H, W, 3) or (1, H, W, 3) in [-1, 1], any size: whose mean and covariance they are to have.

    Returns:
        (N, H, W, 3) float32 in [-1, 1].

    Raises:
        ValueError: images outside [-1, 1], or several wanted ones.
    """
    images = check_range(images)
    single = is_list(wanted) and getattr(wanted, "ndim", 4) == 3
    goal = one_picture("wanted", wanted)[None] if single else check_range(wanted, name="wanted")
    if len(goal) != 1:
        raise ValueError(f"wanted must be one image, whose colours all others get; got {len(goal)}.")
    goal = goal.reshape(-1, 3)
    recoloured = np.empty_like(images)
    for image, new in zip(images, recoloured, strict=True):
        pixels = image.reshape(-1, 3)
        # With bias, because one pixel has no spread by the other definition.
        mixed = _root(np.cov(goal.T, bias=True), 0.5) @ _root(np.cov(pixels.T, bias=True), -0.5)
        ours, theirs = (one.mean(axis=0, dtype=float) for one in (pixels, goal))  # float32 adds a million rows badly
        new[...] = ((pixels - ours) @ mixed.T + theirs).reshape(image.shape)
    return np.clip(recoloured, -1, 1)


def _root(covariance: np.ndarray, power: float) -> np.ndarray:
    """Return a power of a symmetric matrix; what has no spread at all, such as the hue of a grey image, stays so."""
    values, axes = np.linalg.eigh(covariance)
    spread = values > 1e-6 * max(values.max(), 1e-6)
    return (axes * np.where(spread, np.maximum(values, 1e-12) ** power, 0.0)) @ axes.T
