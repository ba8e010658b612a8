"""One picture where a batch would be too much: the source of a texture, one image of a list."""

import numpy as np

from ..common.arrays import as_array
from ..data.images import check_range


def one_picture(name: str, image: object) -> np.ndarray:
    """Return one picture (H, W, 3) as float32.

    Args:
        name: what the message calls it.
        image: (H, W, 3) in [-1, 1].

    Raises:
        ValueError: something else, whole numbers such as uint8, NaN, or values outside [-1, 1].
    """
    return check_range(as_array(name, image, "one picture (H, W, 3) in [-1, 1]", 3)[None], name=name)[0]
