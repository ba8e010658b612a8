"""Controls: pictures that know nothing of any channel, and what a distance says to them.

A score of a visualisation means something only beside these. A method that scores no better than a grey square has
shown nothing, whatever its number; and no method can be asked to beat the channel's own data set images.
"""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter

from .images import grey

BLURS = (1.0, 2.0, 4.0, 8.0)  # sigma in pixels at 224 px; scaled with the size
RMS = 0.35  # contrast of the noises, about that of photographs


def white_noise(size: int, seeds: list[int]) -> np.ndarray:
    """Return uniform noise over the whole range: (N, size, size, 3) in [-1, 1]."""
    return np.stack([np.random.default_rng([seed, 1]).uniform(-1, 1, (size, size, 3)) for seed in seeds]).astype("f4")


def natural_noise(size: int, seeds: list[int]) -> np.ndarray:
    """Return noise whose amplitude falls as one over the frequency, as in photographs (Field, 1987).

    Returns:
        (N, size, size, 3) in [-1, 1]: mostly grey clouds with a little colour.
    """
    frequency = np.hypot(fft.fftfreq(size)[:, None], fft.rfftfreq(size)[None, :])[..., None]
    frequency[0, 0] = np.inf
    pictures = []
    for seed in seeds:
        draws = np.random.default_rng([seed, 2]).normal(size=(size, size, 3))
        # In photographs the three colours rise and fall together.
        draws = 0.3 * draws + draws.mean(axis=2, keepdims=True)
        clouds = fft.irfft2(fft.rfft2(draws, axes=(0, 1)) / frequency, s=(size, size), axes=(0, 1))
        pictures.append(RMS * clouds / clouds.std())
    return np.clip(pictures, -1, 1).astype(np.float32)


def blurred(pictures: np.ndarray, sigma: float) -> np.ndarray:
    """Return pictures (N, H, W, 3) smoothed by a Gaussian of `sigma` pixels: the cheapest way to look natural."""
    return gaussian_filter(pictures, (0, sigma, sigma, 0), mode="nearest").astype(np.float32)


def pictures(
    size: int, seeds: list[int], photographs: np.ndarray, mean: np.ndarray, base: np.ndarray
) -> dict[str, np.ndarray]:
    """Return every control but the natural ceiling, which needs the channels' own images.

    Args:
        size: side in pixels.
        seeds: of the two noises.
        photographs: (P, size, size, 3), images of the data set that were drawn blindly.
        mean: (size, size, 3), the mean of the data set.
        base: (N, size, size, 3), the images of the ascent without any regulariser.

    Returns:
        name -> (n, size, size, 3) in [-1, 1].
    """
    found = {
        "grey": grey(size),
        "mean of the data": mean[None],
        "white noise": white_noise(size, seeds),
        "1/f noise": natural_noise(size, seeds),
        "photographs": photographs,
    }
    return found | {f"none, blurred by {sigma:g}": blurred(base, sigma * size / 224) for sigma in BLURS}
