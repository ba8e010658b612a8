"""Integrated gradients: the score's way from a baseline to the image, shared out among the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ascent.term import Objective
from ..common.checks import number, whole_number
from ..models.backbone import Backbone
from .baselines import Baseline, baseline_images
from .probe import Make, Probe


@dataclass(frozen=True)
class Integrated:
    """Maps, and how far they are from adding up.

    Attributes:
        maps: (N, H, W) float32, signed: what each pixel adds to the objective on the way from baseline to image.
        difference: (N,) objective at the image minus objective at the baseline: what a map should sum to.
        error: (N,) |sum of the map - difference| / |difference|, the completeness error.
        steps: (N,) intervals of the path that were used.
    """

    maps: np.ndarray
    difference: np.ndarray
    error: np.ndarray
    steps: np.ndarray


def integrated_gradients(
    backbone: Backbone,
    objective: Objective,
    images: np.ndarray,
    baseline: Baseline = "grey",
    steps: int = 32,
    tolerance: float = 0.05,
    most_steps: int | None = None,
    seed: int = 0,
    batch: int | None = None,
) -> Integrated:
    """Return integrated gradients (Sundararajan et al., 2017), with as many steps as an image needs.

    (image - baseline) times the mean gradient along the straight line between them, summed over colours. The mean is
    the trapezoid rule. Where the sum of a map is further from the difference of the scores than the tolerance, the
    steps are halved; no gradient is computed twice.

    Args:
        backbone, objective, images, batch: as for `gradient`.
        baseline, seed: as for `baseline_images`.
        steps: intervals at first, for every image.
        tolerance: completeness error up to which a map is good enough; 0 doubles to the bound.
        most_steps: the bound; an image that reaches it keeps its error, which is returned. None is 1024, or `steps`
            where these are more.

    Returns:
        The maps, and how complete each is.

    Raises:
        ValueError: a number out of range, or an unknown baseline; see also `Probe`.
    """
    steps = whole_number("steps", steps, 1)
    most_steps = max(1024, steps) if most_steps is None else whole_number("most_steps", most_steps, steps)
    tolerance = number("tolerance", tolerance, 0.0, 1e12)
    probe = Probe(backbone, objective, images, batch=batch)
    start = baseline_images(probe.images, baseline, seed)
    way = probe.images - start

    def along(shares: np.ndarray) -> Make:
        return lambda rows, numbers: start[rows] + shares[numbers, None, None, None].astype(np.float32) * way[rows]

    ends, mean = probe.mean_slope(2, along(np.array([0.0, 1.0])))
    if steps > 1:
        inner = probe.mean_slope(steps - 1, along(np.arange(1, steps) / steps))[1]
        mean = (mean + (steps - 1) * inner) / steps
    difference, used = ends[:, 1] - ends[:, 0], np.full(len(mean), steps)
    while True:
        error = _error((way * mean).sum(axis=(1, 2, 3), dtype=np.float64), difference)
        open_ = np.flatnonzero((error > tolerance) & (2 * used <= most_steps))
        if not len(open_):
            return Integrated((way * mean).sum(axis=-1), difference, error, used)
        count = int(used[open_[0]])  # all that are open have the same
        middle = probe.mean_slope(count, along((np.arange(count) + 0.5) / count), open_)[1]
        mean[open_], used[open_] = (mean[open_] + middle) / 2, 2 * count


def _error(total: np.ndarray, difference: np.ndarray) -> np.ndarray:
    apart, size = np.abs(total - difference), np.abs(difference)
    return np.divide(apart, size, out=np.where(apart > 0, np.inf, 0.0), where=size > 0)
