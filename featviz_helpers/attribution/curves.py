"""Deletion and insertion: take pixels away, or bring them in, in the order of a map, and watch the class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from scipy.integrate import trapezoid

from ..ascent.objectives import class_score
from ..common.arrays import as_array
from ..common.checks import flag, shown, whole_number
from ..models.backbone import Backbone
from .baselines import Baseline, baseline_images
from .probe import Make, Probe

MOST_POINTS = 1000  # of a curve


@dataclass(frozen=True)
class Curves:
    """What is left of a class, by the share of pixels that is gone or there.

    Attributes:
        shares: (points,) from 0 to 1.
        deletion: (N, points) with the highest pixels of the map taken away first: from f(image) to f(baseline).
        insertion: (N, points) with the highest pixels brought in first: from f(baseline) to f(image).
    """

    shares: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def deletion_area(self) -> np.ndarray:
        """(N,) area under each deletion curve; low when the map found what matters."""
        return trapezoid(self.deletion, self.shares, axis=1)

    @property
    def insertion_area(self) -> np.ndarray:
        """(N,) area under each insertion curve; high when the map found what matters."""
        return trapezoid(self.insertion, self.shares, axis=1)

    @property
    def relevance_gain(self) -> np.ndarray:
        """(N,) symmetric relevance gain (Blücher et al., 2024): the two areas' difference.

        Bringing in the highest first passes the same pictures as taking away the lowest first, backwards. So this is
        the area with the lowest taken away first minus that with the highest. A random order has 0.
        """
        return self.insertion_area - self.deletion_area


def removal_curves(
    backbone: Backbone,
    classes: int | Sequence[int],
    images: np.ndarray,
    maps: np.ndarray,
    baseline: Baseline = "grey",
    points: int = 21,
    probability: bool = True,
    seed: int = 0,
    batch: int | None = None,
) -> Curves:
    """Return deletion and insertion curves (Petsiuk et al., 2018) of one map per image.

    Args:
        backbone: a network with class scores.
        classes: the class that is watched, or one per image.
        images: (N, H, W, 3) in [-1, 1].
        maps: (N, H, W). Pixels of the same value are ordered row by row, from the upper left.
        baseline, seed: what stands where a pixel is missing, as for `baseline_images`.
        points: of a curve, with both ends, 2 to 1000.
        probability: watch the softmax's probability; False watches the score before it.
        batch: pictures at once.

    Returns:
        The curves; their ends are exactly the image and the baseline.

    Raises:
        ValueError: maps that do not fit the images or are not finite, a number out of range; see also `Probe`.
    """
    probe = Probe(backbone, class_score(classes), images, batch=batch)
    count, probability = whole_number("points", points, 2, MOST_POINTS), flag("probability", probability)
    maps = as_array("maps", maps, f"numbers {probe.images.shape[:3]}, one map for each image", 3, finite=True)
    if maps.shape != probe.images.shape[:3]:
        raise ValueError(f"Images of shape {probe.images.shape} need maps {probe.images.shape[:3]}; got {shown(maps)}.")
    maps = maps if maps.dtype.kind == "f" else maps.astype(float)  # minus a mask, or minus uint8, is none
    start, ranks = baseline_images(probe.images, baseline, seed), _ranks(maps)
    pixels = np.linspace(0, ranks[0].size, count).round()

    def deleted(rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        return _mixed(probe, start, rows, ranks[rows] < pixels[numbers, None, None])

    def inserted(rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        return _mixed(probe, start, rows, ranks[rows] >= pixels[numbers, None, None])

    deletion, insertion = (_watched(probe, count, make, probability) for make in (deleted, inserted))
    return Curves(pixels / ranks[0].size, deletion, insertion)


def _ranks(maps: np.ndarray) -> np.ndarray:
    """Return each pixel's place in the order of its map, 0 for the highest."""
    order = np.argsort(-maps.reshape(len(maps), -1), axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(order.shape[1])[None], axis=1)
    return ranks.reshape(maps.shape)


def _mixed(probe: Probe, start: np.ndarray, rows: np.ndarray, gone: np.ndarray) -> np.ndarray:
    return np.where(gone[..., None], start[rows], probe.images[rows])


def _watched(probe: Probe, count: int, make: Make, probability: bool) -> np.ndarray:
    if not probability:
        return probe.values(count, make)
    classes = probe.objective.terms[0].units["channel"]
    parts = []
    for rows, numbers in probe.pairs(len(probe.images), count):
        (scores,) = probe.backbone.forward(make(rows, numbers), "logits")
        parts.append(tf.gather(tf.nn.softmax(scores), classes[rows], batch_dims=1).numpy())
    return np.concatenate(parts).reshape(-1, count)
