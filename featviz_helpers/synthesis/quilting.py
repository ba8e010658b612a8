"""Image quilting: a texture sewn from squares of its source, along the seams that show least (Efros and Freeman)."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..common.arrays import as_array
from ..common.checks import number, refusal, whole_number
from ..data.sizes import fit_at_once, pair
from .single import one_picture
from .texture import LARGEST, NOTHING, Texture


def quilt(
    source: np.ndarray,
    size: int | tuple[int, int] = 128,
    block: int = 24,
    overlap: int | None = None,
    tolerance: float = 0.1,
    seed: int = 0,
) -> Texture:
    """Sew a texture from squares of its source (Efros and Freeman, 2001).

    Row by row, each square is one of those whose border is almost as close as the closest to what lies there, and it is
    cut where the two differ least.

    Args:
        source: (h, w, 3) in [-1, 1].
        size: pixels of the result: one number, or height and width; up to 1024.
        block: side of a square in pixels, 4 up to the smaller side of the source.
        overlap: pixels that neighbours share, 1 up to half a block; a sixth of a block by default.
        tolerance: a border may be that much further away than the closest, as a share; 0 to 10.
        seed: of every choice.

    Returns:
        The texture, and where each pixel was taken from.

    Raises:
        ValueError: an argument outside its range, or a source with more squares than fit into memory.
    """
    pixels, seed = one_picture("source", source), whole_number("seed", seed, 0, 2**63 - 1)
    block = whole_number("block", block, 4)
    if block > min(pixels.shape[:2]):
        allowed = f"at most the smaller side of the source, {min(pixels.shape[:2])} pixels"
        raise refusal("block", allowed, block, "Take a larger piece of the source, or a smaller block.")
    overlap = whole_number("overlap", max(block // 6, 1) if overlap is None else overlap, 1, block // 2)
    tolerance = number("tolerance", tolerance, 0, 10)
    height, width = (whole_number("size", side, 4, LARGEST) for side in pair(size))
    squares = sliding_window_view(pixels, (block, block), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    fit_at_once("The number of squares in the source", squares.shape[0] * squares.shape[1], block, block)
    down, right = (max(-(-(side - overlap) // (block - overlap)), 1) for side in (height, width))
    step, chance = block - overlap, np.random.default_rng(seed)
    origins = np.full((down * step + overlap, right * step + overlap, 2), -1)
    places = np.moveaxis(np.indices((block, block)), 0, -1)
    for i, j in np.ndindex(down, right):
        there = np.s_[i * step : i * step + block, j * step : j * step + block]
        old = origins[there]
        known = old[..., 0] >= 0
        lying = pixels[old[..., 0], old[..., 1]]  # garbage where nothing lies yet, and masked below
        costs = _distances(squares, lying, known)
        close = np.argwhere(costs <= costs.min() * (1 + tolerance) + NOTHING * known.sum())
        corner = close[chance.integers(len(close))]
        difference = ((squares[tuple(corner)] - lying) ** 2).sum(axis=-1)
        ours = _ours(difference, overlap, above=i > 0, beside=j > 0)
        old[ours] = (places + corner)[ours]
    origins = origins[:height, :width]
    return Texture(pixels[origins[..., 0], origins[..., 1]], origins)


def _distances(squares: np.ndarray, lying: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the summed squared difference of every square of the source, where known: (rows, columns)."""
    rows, columns = squares.shape[:2]
    if not known.any():
        return np.zeros((rows, columns))
    border = squares[:, :, known].reshape(rows * columns, -1)
    goal = lying[known].ravel()
    return np.maximum((border**2).sum(axis=1) - 2 * border @ goal + goal @ goal, 0).reshape(rows, columns)


def _ours(difference: np.ndarray, overlap: int, above: bool, beside: bool) -> np.ndarray:
    """Return which pixels of a square are taken from it: all but those on the other side of its seams."""
    ours = np.ones(difference.shape, bool)
    depth = np.arange(overlap)
    if beside:
        ours[:, :overlap] &= depth > seam(difference[:, :overlap])[:, None]
    if above:
        ours[:overlap] &= (depth > seam(difference[:overlap].T)[:, None]).T
    return ours


def seam(costs: np.ndarray) -> np.ndarray:
    """Return the cheapest way from the first row to the last that moves at most one column a row.

    Args:
        costs: (rows, columns), 0 or more.

    Returns:
        (rows,) the column in each row: the minimum error boundary cut, by dynamic programming.

    Raises:
        ValueError: no such array.
    """
    total = as_array("costs", costs, "an array of numbers (rows, columns)", 2, finite=True).astype(float)
    for row in range(1, len(total)):
        before = np.pad(total[row - 1], 1, constant_values=np.inf)
        total[row] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    way = np.empty(len(total), int)
    way[-1] = total[-1].argmin()
    for row in range(len(total) - 2, -1, -1):
        first = max(way[row + 1] - 1, 0)
        way[row] = first + total[row, first : way[row + 1] + 2].argmin()
    return way
