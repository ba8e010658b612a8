"""Controls: pictures that know nothing of any channel, and what a distance says to them.

A score of a visualisation means something only beside these. A method that scores no better than a grey square has
shown nothing, whatever its number; and no method can be asked to beat the channel's own data set images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import fft
from scipy.ndimage import gaussian_filter

from ..data.frequencies import frequency_grid
from ..data.images import from_uint8, grey
from .methods import METHODS

if TYPE_CHECKING:
    from .study import Study

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
    frequency = np.hypot(*frequency_grid(size, size))[..., None]
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


def pictures(work: Study) -> dict[str, np.ndarray]:
    """Return the controls that are the same for every channel: name -> (n, size, size, 3) in [-1, 1]."""
    size, seeds, data = work.plan.size, work.plan.seeds, work.data
    used = {name for number in work.everyone for name in work.exemplars.top(work.layer, number, k=work.plan.k)}
    blind = [data.names[i] for i in np.random.default_rng(0).permutation(len(data))]
    whole = [name for name in blind if name not in work.exemplars.meta["damaged"]]
    # Of a small data set every image may be in somebody's top list.
    unused = [name for name in whole if name not in used] or whole
    photographs = [work.load(name) for name in unused[: work.plan.k]]
    return {
        "grey": grey(size),
        "mean of the data": _mean(work)[None],
        "white noise": white_noise(size, seeds),
        "1/f noise": natural_noise(size, seeds),
        "photographs": np.stack(photographs),
    }


def graded(work: Study) -> pd.DataFrame:
    """Grade every control against every channel of a study whose parts are finished.

    Returns:
        Columns control, channel, seed (or number of the picture) and those of `Study.grade`. "none, blurred by s" are
        the study's own pictures without regulariser after a Gaussian blur, at the step size nearest to the default.
        "own images" compares each of a channel's images with the others of its set: what a picture would score that
        is one of them.
    """
    rows = []
    for name, images in pictures(work).items():
        distances = work.distances(images)
        responses = work.backbone.activations(images, work.layer).mean(axis=(1, 2))
        for number in work.everyone:
            rows.append(_rows(work, name, distances, [number] * len(images), range(len(images)), responses))
    values = np.array(work.plan.methods["none"])
    nearest = np.argmin(np.abs(np.log(values / METHODS["none"].default)))
    for part, channels, seeds in (
        ("study", work.plan.channels, work.plan.seeds),
        ("trial", work.crowd, work.plan.trial_seeds),
    ):
        made = work.made("none", part)
        base = made.reshape(len(seeds), len(channels), len(values), *made.shape[1:])[:, :, nearest]
        base, owners, again = base.reshape(-1, *made.shape[1:]), channels * len(seeds), np.repeat(seeds, len(channels))
        for sigma in BLURS:
            images = blurred(base, sigma * work.plan.size / 224)
            responses = work.backbone.activations(images, work.layer).mean(axis=(1, 2))
            rows.append(_rows(work, f"none, blurred by {sigma:g}", work.distances(images), owners, again, responses))
    ceilings = work.distance.within(work.summary, work.sets)
    for number, own in zip(work.summary.names, ceilings, strict=True):
        images = work.sets[number]
        responses = work.backbone.activations(images, work.layer).mean(axis=(1, 2))
        distances = work.distances(images)
        # The distance of an image to itself would flatter every set that it is in: leave it out of the mean.
        names, k = work.exemplars.top(work.layer, number, k=work.plan.k), work.plan.k
        for column, other in enumerate(work.everyone):
            shared = np.isin(names, work.exemplars.top(work.layer, other, k=k))
            distances[shared, column] *= k / (k - 1)
        distances[:, work.everyone.index(number)] = own
        rows.append(_rows(work, "own images", distances, [number] * len(own), range(len(own)), responses))
    return pd.concat(rows, ignore_index=True)


def _rows(
    work: Study, name: str, distances: np.ndarray, channels: Sequence[int], seeds: Sequence[int], responses: np.ndarray
) -> pd.DataFrame:
    rows = pd.DataFrame({"control": name, "channel": list(channels), "seed": list(seeds)})
    return rows.assign(**work.grade(distances, channels, responses[np.arange(len(rows)), list(channels)]))


def _mean(work: Study) -> np.ndarray:
    total, count = np.zeros((work.plan.size, work.plan.size, 3)), 0
    for _, images in work.data.batches(32, work.plan.size):
        images = from_uint8(images) if images.dtype == np.uint8 else images
        total, count = total + images.sum(axis=0), count + len(images)
    return (total / count).astype(np.float32)
