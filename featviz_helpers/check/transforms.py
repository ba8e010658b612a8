"""Judge answers about transforms of images and the grid of a network's strides."""

from collections.abc import Callable

import numpy as np

from ..models.backbone import Backbone
from ..models.receptive_field import receptive_field
from .answers import NUMBER, WHOLE_NUMBER, judge, number, same_function, say


@judge(NUMBER)
def moved_by_turn(answer: float | None, degrees: float, radius: float) -> bool:
    """Judge how far a turn moves a pixel at a distance `radius` from the centre, in a straight line."""
    way = 2 * radius * np.sin(np.radians(degrees) / 2)
    return number(answer, way, 0.1, "Half of the way is the side opposite half of the angle.")


@judge(WHOLE_NUMBER)
def stride(answer: int | None, backbone: Backbone, layer: str) -> bool:
    """Judge how many pixels lie between two neighbouring units of a layer."""
    pixels = receptive_field(backbone, layer).stride[0]
    return say(
        answer == pixels,
        f"the strides below {layer} multiply to {pixels} pixels.",
        f"{answer} is not it. How many strides of 2 lie below {layer}?",
    )


def half_turn(answer: Callable[[np.ndarray], np.ndarray] | None) -> bool | None:
    """Judge a function that turns images (N, H, W, 3) by 180 degrees."""
    return same_function(answer, lambda images: images[:, ::-1, ::-1], "Rows and columns are both reversed.")
