"""Controls: pictures that know nothing of any channel, and how they score.

The score of a visualisation means something only next to these. A method that scores no better than a grey square has
shown nothing, whatever its number; and no method can be expected to beat the channel's own data set images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import fft
from scipy.ndimage import gaussian_filter

from ..data.frequencies import frequency_grid
from ..data.images import from_uint8, grey
from .scores import ExemplarScores

BLURS = (1.0, 2.0, 4.0, 8.0)  # sigma in pixels at 224 px; scaled with the size
RMS = 0.35  # contrast of the noises, about that of photographs


def white_noise(size: int, seeds: Sequence[int]) -> np.ndarray:
    """Return uniform noise over the whole range: (N, size, size, 3) in [-1, 1]."""
    return np.stack([np.random.default_rng([seed, 1]).uniform(-1, 1, (size, size, 3)) for seed in seeds]).astype("f4")


def natural_noise(size: int, seeds: Sequence[int]) -> np.ndarray:
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


def blur(pictures: np.ndarray, sigma: float) -> np.ndarray:
    """Return pictures (N, H, W, 3) smoothed by a Gaussian of `sigma` pixels: the cheapest way to look natural."""
    return gaussian_filter(pictures, (0, sigma, sigma, 0), mode="nearest").astype(np.float32)


@dataclass(frozen=True)
class BasePictures:
    """Pictures that were made without a regulariser.

    Attributes:
        images: (N, size, size, 3) in [-1, 1].
        channels: N channel numbers, whose pictures they are.
        seeds: (N,) of their starts.
    """

    images: np.ndarray
    channels: Sequence[int]
    seeds: Sequence[int]


def pictures(scores: ExemplarScores, seeds: Sequence[int] = (0, 1, 2)) -> dict[str, np.ndarray]:
    """Return the controls that are the same for every channel: name -> (n, size, size, 3) in [-1, 1].

    Args:
        scores: whose size, data set and exemplars are taken.
        seeds: of the noises, one picture each.
    """
    data = scores.data
    used = {name for channel in scores.all_channels for name in scores.names(channel)}
    shuffled = [data.names[i] for i in np.random.default_rng(0).permutation(len(data))]
    readable = [name for name in shuffled if name not in scores.exemplars.meta["damaged"]]
    # Of a small data set every image may be among the strongest of some channel.
    unused = [name for name in readable if name not in used] or readable
    photographs = [scores.load(name) for name in unused[: scores.k]]
    return {
        "grey": grey(scores.size),
        "mean of the data": _mean(scores)[None],
        "white noise": white_noise(scores.size, seeds),
        "1/f noise": natural_noise(scores.size, seeds),
        "photographs": np.stack(photographs),
    }


def score(scores: ExemplarScores, base: Sequence[BasePictures] = (), seeds: Sequence[int] = (0, 1, 2)) -> pd.DataFrame:
    """Score every control against every channel.

    Args:
        scores: of the channels and their background.
        base: pictures to blur afterwards.
        seeds: of the noises.

    Returns:
        Columns control, channel, seed (or number of the picture) and those of `ExemplarScores.score`. "none, blurred by
        s" are the base pictures after a Gaussian blur. "own images" compares each of a channel's images with the others
        of its set: the score of a picture that is as close as one of them.
    """
    rows = []
    for name, images in pictures(scores, seeds).items():
        distances, activations = scores.distances(images), _activations(scores, images)
        for channel in scores.all_channels:
            rows.append(_rows(scores, name, distances, [channel] * len(images), range(len(images)), activations))
    rows += [_blurred_rows(scores, made, sigma) for made in base for sigma in BLURS]
    leave_one_out = scores.distance.within(scores.summary, scores.sets)
    rows += [_own_rows(scores, channel, own) for channel, own in zip(scores.summary.names, leave_one_out, strict=True)]
    return pd.concat(rows, ignore_index=True)


def _blurred_rows(scores: ExemplarScores, base: BasePictures, sigma: float) -> pd.DataFrame:
    images = blur(base.images, sigma * scores.size / 224)
    name, activations = f"none, blurred by {sigma:g}", _activations(scores, images)
    return _rows(scores, name, scores.distances(images), base.channels, base.seeds, activations)


def _own_rows(scores: ExemplarScores, channel: int, leave_one_out: np.ndarray) -> pd.DataFrame:
    """Score a channel's own images, given the distance of each to the others of its set."""
    images, names, k = scores.sets[channel], scores.names(channel), scores.k
    distances = scores.distances(images)
    # The distance of an image to itself would flatter every set that it is in: leave it out of the mean.
    for column, other in enumerate(scores.all_channels):
        shared = np.isin(names, scores.names(other))
        distances[shared, column] *= k / (k - 1)
    distances[:, scores.all_channels.index(channel)] = leave_one_out
    return _rows(scores, "own images", distances, [channel] * k, range(k), _activations(scores, images))


def _rows(
    scores: ExemplarScores, name: str, distances: np.ndarray, channels: Sequence[int], seeds: Sequence[int],
    activations: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    rows = pd.DataFrame({"control": name, "channel": list(channels), "seed": list(seeds)})
    own = activations[np.arange(len(rows)), list(channels)]
    return rows.assign(**scores.score(distances, channels, own))


def _activations(scores: ExemplarScores, images: np.ndarray) -> np.ndarray:
    """Mean activation of every channel of the layer: (N, C)."""
    return scores.backbone.activations(images, scores.layer).mean(axis=(1, 2))


def _mean(scores: ExemplarScores) -> np.ndarray:
    total, count = np.zeros((scores.size, scores.size, 3)), 0
    for _, images in scores.data.batches(32, scores.size):
        images = from_uint8(images) if images.dtype == np.uint8 else images
        total, count = total + images.sum(axis=0), count + len(images)
    return (total / count).astype(np.float32)
