"""A map of a channel as a picture."""

import matplotlib
import numpy as np

from ..common.arrays import as_array
from ..common.checks import whole_number
from ..data.sizes import LARGEST


def heat(values: np.ndarray, size: int) -> np.ndarray:
    """Return an activation map as a picture: black for zero and below, bright yellow for the map's highest value.

    Places stay squares, so that one sees how coarse the map is.

    Args:
        values: (H, W).
        size: side of the picture in pixels; places that do not divide it differ by a pixel.

    Returns:
        (size, size, 3) float32 in [-1, 1].

    Raises:
        ValueError: no such map or size.
    """
    values, size = as_array("values", values, "an array of numbers (H, W)", 2), whole_number("size", size, 1, LARGEST)
    share = np.clip(values / max(values.max(), 1e-12), 0, 1)
    rows, columns = (np.arange(size) * side // size for side in values.shape)
    colours = matplotlib.colormaps["inferno"](share[rows][:, columns])[..., :3]
    return (2 * colours - 1).astype(np.float32)
