"""A map of a channel as a picture."""

import matplotlib
import numpy as np

from ..common.arrays import as_array
from ..common.checks import whole_number
from ..data.sizes import LARGEST


def heat(values: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Return an activation map as a picture: black for zero and below, bright yellow for the map's highest value.

    Places stay squares, so that one sees how coarse the map is.

    Args:
        values: (h, w); NaN is as dark as zero.
        size: side of the picture in pixels, or its height and width; places that do not divide it differ by a pixel.

    Returns:
        (H, W, 3) float32 in [-1, 1].

    Raises:
        ValueError: no such map or size.
    """
    values = as_array("values", values, "an array of numbers (H, W)", 2)
    height, width = size if isinstance(size, tuple) and len(size) == 2 else (size, size)
    shape = whole_number("size", height, 1, LARGEST), whole_number("size", width, 1, LARGEST)
    highest = max(np.nanmax(values, initial=0), 1e-12)
    colours = matplotlib.colormaps["inferno"](np.clip(enlarge(values, shape) / highest, 0, 1))[..., :3]
    return (2 * colours - 1).astype(np.float32)


def enlarge(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a map (h, w) as (H, W), each place as a square, cut at zero from below; NaN is zero."""
    rows, columns = (np.arange(size) * side // size for side, size in zip(values.shape, shape, strict=True))
    return np.fmax(values, 0)[rows][:, columns]
