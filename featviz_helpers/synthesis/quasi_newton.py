"""L-BFGS, the optimizer of the first style pictures: it takes few steps, and each looks back at the last ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from ..ascent.term import Objective
from ..attribution.probe import Probe
from ..common.checks import MOST_STEPS, whole_number
from ..data.images import check_range
from ..models.backbone import Backbone


class Descent(NamedTuple):
    """Pictures, and what they cost to find.

    Attributes:
        images: (N, H, W, 3) float32 in [-1, 1].
        values: (N,) of the objective.
        calls: (N,) how often each needed value and gradient.
    """

    images: np.ndarray
    values: np.ndarray
    calls: np.ndarray


def lbfgs(backbone: Backbone, objective: Objective, start: np.ndarray, steps: int = 100) -> Descent:
    """Climb an objective pixel by pixel with L-BFGS (Byrd et al., 1995), as Gatys et al. (2015) did.

    It models the curvature from its last ten steps and searches along each direction, so it needs the same objective at
    each call: no transform can take part. SciPy keeps every pixel in [-1, 1].

    Args:
        backbone: the network.
        objective: what to climb, such as `-1.0 * style_distance(...)`.
        start: (N, H, W, 3) in [-1, 1], each climbed by itself.
        steps: most iterations, 1 to 1,000,000; it stops earlier where nothing is gained.

    Raises:
        ValueError: see `Probe`.
    """
    steps, start = whole_number("steps", steps, 1, MOST_STEPS), check_range(start, name="start")
    probe = Probe(backbone, objective, start)
    found, values, calls = probe.images.copy(), np.empty(len(probe.images)), np.empty(len(probe.images), int)
    for row, image in enumerate(probe.images):

        def cost(flat: np.ndarray, row: int = row, shape: tuple = image.shape) -> tuple[float, np.ndarray]:
            value, slope = probe.slope(flat.reshape(1, *shape), np.array([row]))
            return -float(value[0]), -slope.ravel().astype(float)

        first, options = image.ravel().astype(float), {"maxiter": steps}
        best = minimize(cost, first, jac=True, method="L-BFGS-B", bounds=[(-1.0, 1.0)] * image.size, options=options)
        found[row], values[row], calls[row] = best.x.reshape(image.shape), -best.fun, best.nfev
    return Descent(found, values, calls)
