"""Flat maps of points: t-SNE, what such a map keeps, and its images moved to the cells of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import pairwise_distances
from threadpoolctl import threadpool_limits

from ..common.checks import MOST_STEPS, choice, number_above, refusal, whole_number
from .embeddings import check_points, neighbours

LARGEST = 1e15  # distance of two points
DIMENSIONS = 50  # that t-SNE is given, as its authors advise


def tsne(points: np.ndarray, perplexity: float = 30, seed: int = 0, steps: int = 1000, init: str = "pca") -> np.ndarray:
    """Return a flat map by t-SNE (van der Maaten & Hinton, 2008), scikit-learn's.

    More than 50 dimensions of more than 50 points are brought down to 50 by PCA before; 50 points or fewer lie in fewer
    dimensions anyway, and are taken as they are.

    Args:
        points: (N, ...).
        perplexity: about how many neighbours count for each point: above 0, and below N.
        seed: of the start, or of PCA's signs.
        steps: of the descent, 250 to 1,000,000.
        init: "pca" begins with the two widest directions, "random" with a tiny cloud.

    Returns:
        (N, 2) float32, without a unit.

    Raises:
        ValueError: fewer than 3 points or all alike, a perplexity not below their number, or a wrong argument.
    """
    points = check_points(points)
    # On equal points, scikit-learn's divides by zero and ends the process.
    spread = float(np.ptp(points.astype(float), axis=0).max())
    if min(len(points) - 1, points.shape[1]) < 2 or not 0 < spread < LARGEST:
        raise refusal(
            "points", f"3 or more in 2 or more dimensions, not all equal, less than {LARGEST:g} apart", points
        )
    perplexity = number_above("perplexity, about the number of neighbours,", perplexity, 0, len(points) - 1)
    steps, seed = whole_number("steps", steps, 250, MOST_STEPS), whole_number("seed", seed, 0, 2**32 - 1)
    if min(points.shape) > DIMENSIONS:
        points = PCA(DIMENSIONS, random_state=seed).fit_transform(points)
    init = choice("init", init, ("pca", "random"))
    # One thread: more add up in another order, so that every machine had a map of its own, and where another program
    # is at work they wait for each other in each step (measured: 14 s in place of 2).
    with threadpool_limits(1):
        return TSNE(perplexity=perplexity, random_state=seed, max_iter=steps, init=init).fit_transform(points)


def kept_neighbours(points: np.ndarray, others: np.ndarray, k: int = 10, groups: Sequence | None = None) -> np.ndarray:
    """Return which share of each point's k nearest is also among its k nearest in the other space.

    Args:
        points, others: the same N things in two spaces, such as (N, channels) and a flat map (N, 2).
        k: neighbours. By chance the share is k / (N - 1).
        groups: as for `neighbours`.

    Returns:
        (N,) in [0, 1].

    Raises:
        ValueError: different numbers of points, or as for `neighbours`.
    """
    points, others = check_points(points), check_points(others, "others")
    if len(points) != len(others):
        raise ValueError(f"Both must be the same things; got {len(points)} and {len(others)} points.")
    first, second = neighbours(points, k, groups), neighbours(others, k, groups)
    return (first[:, :, None] == second[:, None, :]).any(axis=2).mean(axis=1)


def snap_to_grid(places: np.ndarray, columns: int) -> np.ndarray:
    """Return a cell of a grid for each place of a map, so that all together are moved as little as possible.

    "As little" is the sum of squared distances, on a map and a grid that both reach from 0 to 1 (Karpathy, 2014, made
    such pictures; the exact solution is that of the assignment problem).

    Args:
        places: (N, 2), across and up.
        columns: of the grid; it gets as many rows as the places need.

    Returns:
        (N, 2) int, row from the top and column from the left; no two are equal.

    Raises:
        ValueError: another shape, or fewer columns than 1.
    """
    places = check_points(places, "places").astype(float)
    if places.shape[1] != 2:
        raise refusal("places", "an array (N, 2), across and up", places)
    columns = whole_number("columns", columns, 1, len(places))
    rows = -(-len(places) // columns)
    spread = np.maximum(np.ptp(places, axis=0), 1e-12)
    across, up = ((places - places.min(axis=0)) / spread).T
    cells = np.stack(np.divmod(np.arange(rows * columns), columns), axis=1)
    wanted = np.stack([1 - up, across], axis=1)
    cost = pairwise_distances(wanted, cells / np.maximum([rows - 1, columns - 1], 1), metric="sqeuclidean")
    return cells[linear_sum_assignment(cost)[1]]
