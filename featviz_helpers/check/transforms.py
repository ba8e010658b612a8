"""Judge answers about transforms of images and the grid of a network's strides."""

from collections.abc import Callable

import numpy as np

from ..ascent.objectives import Objective
from ..ascent.result import Result
from ..ascent.score import robustness
from ..ascent.transforms import Jitter
from ..metrics.spectra import high_frequency
from ..models.backbone import Backbone
from ..models.receptive_field import receptive_field
from .answers import NUMBER, RESULT, WHOLE_NUMBER, judge, number, same_function, say


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
    return same_function(
        answer, lambda images: images[:, ::-1, ::-1], "Follow the pixel in the top left corner: where does it end up?"
    )


@judge(RESULT)
def bargain(
    answer: Result | None, than: Result, backbone: Backbone, objective: Objective, keep: float, robust: float
) -> bool:
    """Judge whether an ascent is smooth, robust, and not too dear.

    Args:
        answer: the ascent.
        than: the ascent without a remedy; at most half of its share of high frequencies may be left.
        backbone, objective: what both climbed.
        keep: least activation, as a share of the other ascent's.
        robust: least share of the activation that a shift of at most 8 pixels may leave.
    """
    if answer.labels != than.labels:
        return say(False, "", f"climb the same units as before ({', '.join(than.labels)}), not {answer.labels}.")
    roughness = high_frequency(answer.images).mean() / high_frequency(than.images).mean()
    activation = answer.activations.mean() / than.activations.mean()
    steady = np.nanmean(robustness(backbone, objective, answer.images, Jitter(8)))
    figures = f"{roughness:.0%} of the share, {activation:.0%} of the activation, robustness {steady:.2f}"
    return say(
        bool(roughness <= 0.5 and activation >= keep and steady >= robust),
        f"{figures}.",
        f"{figures}; wanted: at most 50%, at least {keep:.0%}, at least {robust:.2f}.",
    )


@judge(RESULT)
def higher_and_steady(
    answer: Result | None, than: Result, backbone: Backbone, objective: Objective, robust: float
) -> bool:
    """Judge whether every channel climbs higher than in another ascent and bears a shift.

    Args:
        answer: the ascent.
        than: the other one.
        backbone, objective: what both climbed.
        robust: least mean share of the activation that a shift of at most 8 pixels may leave.
    """
    if answer.labels != than.labels:
        return say(False, "", f"climb the same units as before ({', '.join(than.labels)}), not {answer.labels}.")
    higher = int((answer.activations > than.activations).sum())
    steady = np.nanmean(robustness(backbone, objective, answer.images, Jitter(8)))
    figures = f"{higher} of {len(than)} channels are higher, robustness {steady:.2f}"
    return say(
        bool(higher == len(than) and steady >= robust), f"{figures}.", f"{figures}; wanted: all, at least {robust:.2f}."
    )
