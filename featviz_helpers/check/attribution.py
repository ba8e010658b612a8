"""Judge answers about maps of attribution."""

from collections.abc import Callable, Sequence

import numpy as np

from ..ascent.term import Objective
from ..attribution.curves import Curves, removal_curves
from ..attribution.integrated import integrated_gradients
from ..models.backbone import Backbone
from .answers import ARRAY, FUNCTION, WHOLE_NUMBER, judge, say


@judge(FUNCTION)
def class_activation(answer: Callable[[np.ndarray, np.ndarray], np.ndarray] | None) -> bool:
    """Judge Grad-CAM as a function of maps and gradients (N, h, w, C)."""
    generator = np.random.default_rng(0)
    maps, gradients = (generator.normal(size=(3, 5, 4, 6)) for _ in range(2))
    weights = gradients.mean(axis=(1, 2), keepdims=True)
    signed = (weights * maps).sum(axis=-1)
    given = np.asarray(answer(maps, gradients))
    if given.shape != signed.shape:
        return say(False, "", f"for maps of shape {maps.shape} it returns {given.shape}; wanted {signed.shape}.")
    known = {
        "the weights are right, and what is below zero still has to go.": signed,
        "cut what is below zero after the sum over the channels, not before.": np.maximum(weights * maps, 0).sum(
            axis=-1
        ),
        "take the mean of a channel's gradient over its places, before multiplying.": (gradients * maps).sum(axis=-1),
    }
    reason = next((words for words, values in known.items() if np.allclose(given, values)), "the values differ.")
    return say(np.allclose(given, np.maximum(signed, 0)), "your maps are Grad-CAM's.", reason)


@judge(WHOLE_NUMBER)
def intervals(
    answer: int | None, backbone: Backbone, objective: Objective, image: np.ndarray, tolerance: float
) -> bool:
    """Judge the intervals that an image (1, H, W, 3) needs from grey: the first of 8, 16, ... within the tolerance."""
    if not 1 <= answer <= 4096:
        return say(False, "", f"{answer} intervals are not between 1 and 4096.")
    left = integrated_gradients(backbone, objective, image, steps=answer, tolerance=1.0, most_steps=answer).error[0]
    if left > tolerance:
        return say(False, "", f"with {answer} intervals {left:.1%} are left over; wanted at most {tolerance:.0%}.")
    steps = 8
    while (
        integrated_gradients(backbone, objective, image, steps=steps, tolerance=1.0, most_steps=steps).error[0]
        > tolerance
    ):
        steps *= 2
    return say(
        answer == steps,
        f"{answer} intervals leave {left:.1%} over.",
        f"{answer} are enough, but not the first of 8, 16, 32, ... that are.",
    )


@judge(ARRAY)
def insertion(
    answer: np.ndarray | None, than: Curves, backbone: Backbone, classes: Sequence[int], images: np.ndarray
) -> bool:
    """Judge maps (N, H, W): their area by insertion must be higher than that of other maps."""
    if np.shape(answer) != images.shape[:3]:
        return say(
            False, "", f"{len(images)} images need maps of shape {images.shape[:3]}; yours have {np.shape(answer)}."
        )
    curves = removal_curves(backbone, classes, images, answer, points=len(than.shares))
    ours, theirs = curves.insertion_area.mean(), than.insertion_area.mean()
    figures = f"your area is {ours:.3f}, against {theirs:.3f}"
    return say(bool(ours > theirs), f"{figures}.", f"{figures}.")
