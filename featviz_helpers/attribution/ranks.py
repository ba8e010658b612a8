"""Whether two maps rank the pixels alike."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from ..common.arrays import as_array
from ..common.checks import flag, shown


def rank_correlation(first: np.ndarray, second: np.ndarray, absolute: bool = False) -> np.ndarray:
    """Return Spearman's rank correlation of two maps of each image; equal values share their mean rank.

    Args:
        first, second: (N, H, W), or (N, H, W, 3).
        absolute: compare |values|. On signed maps the two answers differ.

    Returns:
        (N,) from -1 to 1; NaN where a map has one value everywhere.

    Raises:
        ValueError: no maps, or maps of different shapes.
    """
    absolute, allowed = flag("absolute", absolute), "maps (N, H, W), or (N, H, W, 3)"
    first, second = as_array("first", first, allowed, 3, 4), as_array("second", second, allowed, 3, 4)
    if first.shape != second.shape:
        raise ValueError(f"first and second must have one shape; got {shown(first)} and {shown(second)}.")
    return np.array(
        [_correlation(_ranks(a, absolute), _ranks(b, absolute)) for a, b in zip(first, second, strict=True)]
    )


def _ranks(values: np.ndarray, absolute: bool) -> np.ndarray:
    ranks = rankdata(np.abs(values) if absolute else values, axis=None)
    return ranks - ranks.mean()


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 0 else float("nan")
