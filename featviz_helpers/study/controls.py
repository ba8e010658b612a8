"""Controls: pictures that know nothing of any channel, and how they score.

The score of a visualisation means something only next to these. A method that scores no better than a grey square has
shown nothing, whatever its number; and no method can be expected to beat the channel's own data set images, which are
judged like a method, and have to pass the same tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import fft
from scipy.ndimage import gaussian_filter

from ..data.frequencies import frequency_grid
from ..data.images import from_uint8, grey
from .scores import ExemplarScores

BLURS = (1.0, 2.0, 4.0, 8.0)  # sigma in pixels at 224 px; scaled with the size
BLURRED, OWN, PHOTOGRAPHS = "blurred base", "own images", "photographs"
JUDGED_CONTROLS = (OWN, PHOTOGRAPHS, "grey")  # beside the blurred pictures: they have to answer what methods answer
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
    photographs = [scores.load(name) for name in _unused(scores)[: scores.k]]
    return {
        "grey": grey(scores.size),
        "mean of the data": _mean(scores)[None],
        "white noise": white_noise(scores.size, seeds),
        "1/f noise": natural_noise(scores.size, seeds),
        PHOTOGRAPHS: np.stack(photographs),
    }


def _unused(scores: ExemplarScores) -> list[str]:
    """Return the names of the images that are no exemplars, in one random order."""
    data = scores.data
    used = {name for channel in scores.all_channels for name in scores.names(channel)}
    shuffled = [data.names[i] for i in np.random.default_rng(0).permutation(len(data))]
    readable = [name for name in shuffled if name not in scores.exemplars.meta["damaged"]]
    # Of a small data set every image may be among the strongest of some channel.
    return [name for name in readable if name not in used] or readable


def score(scores: ExemplarScores, base: Sequence[BasePictures] = (), seeds: Sequence[int] = (0, 1, 2)) -> pd.DataFrame:
    """Score every control against every channel.

    Args:
        scores: of the channels and their background.
        base: pictures to blur afterwards.
        seeds: of the noises.

    Returns:
        Columns control, method, value, channel, seed (or number of the picture) and those of `ExemplarScores.rows`.
        "blurred base, s" are the pictures without a regulariser after a Gaussian blur: their method is `BLURRED`, their
        value s. Of "photographs" each channel gets its own, drawn blindly. "own images" compares each of a channel's
        images with the half of its set that it is not in: the score of a picture that is as close as one of them.
    """
    rows, count = [], len(scores.all_channels)
    for name, images in pictures(scores, seeds).items():
        if name != PHOTOGRAPHS:
            score_as = _measured(scores, name, images)
            rows += [score_as(channel, range(len(images))) for channel in scores.all_channels]
    names = _unused(scores)
    for seed in range(scores.k):
        drawn = [names[i % len(names)] for i in range(seed * count, (seed + 1) * count)]
        blind = np.stack([scores.load(name) for name in drawn])
        rows.append(_measured(scores, PHOTOGRAPHS, blind)(scores.all_channels, [seed] * count))
    for made in base:
        for sigma in BLURS:
            images = blur(made.images, sigma * scores.size / 224)
            score_as = _measured(scores, f"{BLURRED}, {sigma:g}", images)
            rows.append(score_as(made.channels, made.seeds).assign(method=BLURRED, value=sigma))
    rows += [_own_rows(scores, channel) for channel in scores.all_channels]
    return pd.concat(rows, ignore_index=True)


def _measured(scores: ExemplarScores, name: str, images: np.ndarray) -> Callable[..., pd.DataFrame]:
    """Measure pictures once, and return what scores them as those of given channels."""
    matrices = {judge: scores.distances(images, judge=judge) for judge in scores.judges}
    activations = _activations(scores, images)

    def as_of(channels: Sequence[int] | int, seeds: Sequence[int]) -> pd.DataFrame:
        channels = np.broadcast_to(channels, len(images)).tolist()
        rows = {"control": name, "method": name, "value": 0.0, "channel": channels, "seed": list(seeds)}
        own = activations[np.arange(len(images)), channels]
        return pd.concat([pd.DataFrame(rows), scores.rows_of(matrices, channels, own)], axis=1)

    return as_of


def _own_rows(scores: ExemplarScores, channel: int) -> pd.DataFrame:
    """Score a channel's own images, each against the halves of all sets that its rank does not belong to."""
    images, ranks = scores.sets[channel], np.arange(scores.k)
    judging = 1 - ranks % 2
    matrices = {judge: scores.distances(images, judging, judge) for judge in scores.judges}
    # The distance of an image to itself would flatter every half that it is in: leave it out of the mean.
    sizes = np.where(judging == 0, scores.k - scores.k // 2, scores.k // 2)
    names = scores.names(channel)
    for column, other in enumerate(scores.all_channels):
        in_half = [name in scores.names(other)[half::2] for name, half in zip(names, judging, strict=True)]
        for matrix in matrices.values():
            matrix[in_half, column] *= np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), np.nan)[in_half]
    activations = _activations(scores, images)[:, channel]
    rows = pd.DataFrame({"control": OWN, "method": OWN, "value": 0.0, "channel": channel, "seed": ranks})
    return pd.concat([rows, scores.rows_of(matrices, [channel] * scores.k, activations)], axis=1)


def _activations(scores: ExemplarScores, images: np.ndarray) -> np.ndarray:
    """Mean activation of every channel of the layer: (N, C), NaN for a dead start."""
    alive = np.isfinite(images).all(axis=(1, 2, 3))
    activations = np.full((len(images), scores.backbone.layers[scores.layer]), np.nan)
    if alive.any():
        activations[alive] = scores.backbone.activations(images[alive], scores.layer).mean(axis=(1, 2))
    return activations


def _mean(scores: ExemplarScores) -> np.ndarray:
    total, count = np.zeros((scores.size, scores.size, 3)), 0
    for _, images in scores.data.batches(32, scores.size):
        images = from_uint8(images) if images.dtype == np.uint8 else images
        total, count = total + images.sum(axis=0), count + len(images)
    return (total / count).astype(np.float32)
