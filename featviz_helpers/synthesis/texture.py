"""Texture without a network: grow it pixel by pixel, each taken from where the source looks alike (Efros and Leung).

No layer, no gradient, no model of what a texture is. What it makes is the yardstick of every method that has one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..common.checks import flag, number, refusal, whole_number
from ..common.progress import bar
from ..data.sizes import fit_at_once, pair
from .single import one_picture

TOGETHER = 32  # pixels filled at once, which do not see each other; one product of matrices serves them all
SEED_SIDE = 3
NOTHING = 1e-5  # a mean squared difference, of less than half a grey level of 255; equal windows must count as equal
LARGEST = 1024


class Texture(NamedTuple):
    """A texture, and where each of its pixels was taken from.

    Attributes:
        image: (H, W, 3).
        origins: (H, W, 2), row and column of each pixel in the source.
    """

    image: np.ndarray
    origins: np.ndarray

    @property
    def copied(self) -> float:
        """The share of pixels whose right neighbour is also their right neighbour in the source: 1 is a plain copy."""
        step = self.origins[:, 1:] - self.origins[:, :-1]
        return float((step == (0, 1)).all(axis=-1).mean())


def efros_leung(
    source: np.ndarray,
    size: int | tuple[int, int] = 128,
    window: int = 11,
    tolerance: float = 0.1,
    seed: int = 0,
    progress: bool = True,
) -> Texture:
    """Grow a texture from a 3 x 3 piece of its source (Efros and Leung, 1999).

    The pixel with the most neighbours comes next. Its neighbours are compared with every window of the source, near
    ones counting more (a Gaussian of a sixth of the window); the middle of one of the windows that are almost as close
    as the closest is the new pixel. A small window gives garbage, a large one copies whole pieces.

    Args:
        source: (h, w, 3) in [-1, 1].
        size: pixels of the result: one number, or height and width; up to 1024.
        window: pixels on a side, odd, 3 up to the smaller side of the source.
        tolerance: a window may be that much further away than the closest, as a share; 0 to 10.
        seed: of the piece and of every choice.
        progress: show a bar.

    Raises:
        ValueError: an argument outside its range, or a source with more windows than fit into memory.
    """
    pixels, seed = one_picture("source", source), whole_number("seed", seed, 0, 2**63 - 1)
    window = whole_number("window", window, SEED_SIDE)
    if window % 2 == 0 or window > min(pixels.shape[:2]):
        allowed = f"odd and at most the smaller side of the source, {min(pixels.shape[:2])} pixels"
        raise refusal("window", allowed, window, "11 suits textures whose parts are about 10 pixels large.")
    rows, columns = (side - window + 1 for side in pixels.shape[:2])
    fit_at_once("The number of windows in the source", rows * columns, window, window)
    height, width = (whole_number("size", side, SEED_SIDE, LARGEST) for side in pair(size))
    growth = _Growth(pixels, height, width, window, number("tolerance", tolerance, 0, 10), seed)
    with bar(flag("progress", progress), total=height * width, unit="pixel") as shown:
        while len(places := growth.next()):
            growth.fill(places)
            shown.update(len(places))
    half = window // 2
    inside = growth.origins[half:-half, half:-half]
    return Texture(pixels[inside[..., 0], inside[..., 1]], inside)


def nearest_patches(image: np.ndarray, source: np.ndarray, side: int = 15, every: int = 4) -> np.ndarray:
    """Return how far each patch of a picture is from the closest patch of a source: 0 where it was copied.

    Args:
        image: (H, W, 3) in [-1, 1].
        source: (h, w, 3) in [-1, 1].
        side: of a patch in pixels, odd or even, up to the smaller side of both.
        every: take a patch of the picture at every so many pixels.

    Returns:
        (n,) mean squared differences, as a share of the variance of the source.

    Raises:
        ValueError: pictures outside [-1, 1], or a patch that does not fit into one of them.
    """
    pictures = [one_picture(name, one) for name, one in (("image", image), ("source", source))]
    smallest = min(min(one.shape[:2]) for one in pictures)
    side, every = whole_number("side", side, 1, smallest), whole_number("every", every, 1)
    ours, theirs = (
        sliding_window_view(one, (side, side), axis=(0, 1))[::step, ::step].reshape(-1, 3 * side**2)
        for one, step in zip(pictures, (every, 1), strict=True)
    )
    fit_at_once("The number of patches in the source", len(theirs), side, side)
    nearest = [
        ((theirs**2).sum(axis=1)[:, None] - 2 * theirs @ some.T).min(axis=0) + (some**2).sum(axis=1)
        for some in np.array_split(ours, len(ours) // 256 + 1)
    ]
    return np.maximum(np.concatenate(nearest), 0) / (3 * side**2 * max(pictures[1].var(), 1e-12))


class _Growth:
    """A texture half grown, in a frame of unfilled pixels as wide as half a window."""

    def __init__(self, source: np.ndarray, height: int, width: int, window: int, tolerance: float, seed: int) -> None:
        self.chance, self.half, self.tolerance = np.random.default_rng(seed), window // 2, tolerance
        patches = sliding_window_view(source, (window, window), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
        self.across, self.source = patches.shape[1], source
        self.patches = patches.reshape(-1, window * window * 3)
        self.squares = (patches**2).sum(axis=-1).reshape(-1, window * window)
        ramp = np.arange(window) - self.half
        near = np.exp(-0.5 * (ramp / (window / 6.4)) ** 2)
        self.near = np.outer(near, near).astype(np.float32)
        shape = (height + 2 * self.half, width + 2 * self.half)
        self.image, self.origins = np.zeros((*shape, 3), np.float32), np.zeros((*shape, 2), int)
        self.known, self.edge, self.neighbours = (
            np.zeros(shape, np.float32),
            np.zeros(shape, bool),
            np.zeros(shape, int),
        )
        self.open = np.zeros(shape, bool)
        self.open[self.half : self.half + height, self.half : self.half + width] = True
        row, column = (self.chance.integers(side - SEED_SIDE + 1) for side in source.shape[:2])
        top, left = (self.half + (side - SEED_SIDE) // 2 for side in (height, width))
        for i, j in np.ndindex(SEED_SIDE, SEED_SIDE):
            self._put(top + i, left + j, row + i, column + j)

    def _put(self, row: int, column: int, from_row: int, from_column: int) -> None:
        self.image[row, column], self.origins[row, column] = self.source[from_row, from_column], (from_row, from_column)
        self.known[row, column], self.open[row, column] = 1.0, False
        h = self.half
        self.neighbours[row - h : row + h + 1, column - h : column + h + 1] += 1
        self.edge[row - 1 : row + 2, column - 1 : column + 2] = True

    def next(self) -> np.ndarray:
        """Return the places (n, 2) to fill: of those beside filled ones, the ones with the most known pixels around."""
        places = np.argwhere(self.edge & self.open)
        counts = self.neighbours[places[:, 0], places[:, 1]] + self.chance.random(len(places))  # ties at random
        return places[np.argsort(-counts)[:TOGETHER]]

    def fill(self, places: np.ndarray) -> None:
        """Fill the places, each from the source alone; they do not see each other."""
        windows = np.stack([self._around(self.image, *place) for place in places])
        weights = np.stack([self._around(self.known, *place) for place in places]) * self.near
        weights /= weights.sum(axis=(1, 2), keepdims=True)
        products = self.patches @ (windows * weights[..., None]).reshape(len(places), -1).T
        constants = (weights * (windows**2).sum(axis=-1)).sum(axis=(1, 2))
        distances = self.squares @ weights.reshape(len(places), -1).T - 2 * products + constants
        limits = np.maximum(distances.min(axis=0), 0) * (1 + self.tolerance) + NOTHING
        for (row, column), close in zip(places, (distances <= limits).T, strict=True):
            down, right = divmod(self.chance.choice(np.flatnonzero(close)), self.across)
            self._put(row, column, down + self.half, right + self.half)

    def _around(self, array: np.ndarray, row: int, column: int) -> np.ndarray:
        h = self.half
        return array[row - h : row + h + 1, column - h : column + h + 1]
