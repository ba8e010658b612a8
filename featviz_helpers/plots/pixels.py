"""How many screen pixels a picture gets: a whole multiple of its own, or the means of areas where it must shrink.

Any other ratio drawn with the nearest pixel drops rows and columns, and that puts grain into a picture that has none.
"""

import numpy as np
from skimage.transform import resize_local_mean


def width_on_screen(width: int, limit: int) -> int:
    """Return the largest whole multiple of a picture's width that fits, or the limit where not even one does."""
    return limit // width * width or limit


def on_screen(pixels: np.ndarray, width: int) -> np.ndarray:
    """Shrink a picture that is wider than its place, to the means of the areas that its pixels cover.

    Args:
        pixels: (H, W, 3) uint8.
        width: of the place, in pixels.

    Returns:
        (h, w, 3) uint8; the picture itself where it fits, to be drawn with a square of pixels for each of its own.
    """
    if width >= pixels.shape[1]:
        return pixels
    height = max(round(pixels.shape[0] * width / pixels.shape[1]), 1)
    means = resize_local_mean(pixels, (height, width), channel_axis=-1, preserve_range=True)
    return np.round(means).astype(np.uint8)
