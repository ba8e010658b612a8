"""Judge answers about maps of attribution."""

from collections.abc import Callable, Sequence

import numpy as np

from ..ascent.term import Objective
from ..attribution.curves import Curves, removal_curves
from ..attribution.integrated import integrated_gradients
from ..models.backbone import Backbone
from .answers import ARRAY, FUNCTION, WHOLE_NUMBER, close, judge, say


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
    reason = next((words for words, values in known.items() if close(given, values)), "the values differ.")
    return say(close(given, np.maximum(signed, 0)), "your maps are Grad-CAM's.", reason)


@judge(WHOLE_NUMBER)
def intervals(
    answer: int | None, backbone: Backbone, objective: Objective, image: np.ndarray, tolerance: float
) -> bool:
    """Judge the intervals that an image (1, H, W, 3) needs from grey.

    Wanted is the first of 8, 16, 32, ... with which the completeness error is within the tolerance, and with its double
    too: once may be luck.
    """

    def left(steps: int) -> float:
        return integrated_gradients(backbone, objective, image, steps=steps, most_steps=steps).error[0]

    if not 8 <= answer <= 1024 or answer & (answer - 1):
        return say(False, "", f"{answer} is not among 8, 16, 32, ..., 1024.")
    once, twice = left(answer), left(2 * answer)
    figures = f"{answer} intervals leave {once:.1%} over, {2 * answer} leave {twice:.1%}"
    if max(once, twice) > tolerance:
        return say(False, "", f"{figures}; wanted at most {tolerance:.0%} both times.")
    fewer = [steps for steps in (8 << power for power in range(8)) if steps < answer]
    early = next((steps for steps in fewer if max(left(steps), left(2 * steps)) <= tolerance), None)
    return say(early is None, f"{figures}.", f"{answer} are enough, and fewer are too.")


@judge(ARRAY)
def insertion(
    answer: np.ndarray | None, than: Curves, backbone: Backbone, classes: Sequence[int], images: np.ndarray
) -> bool:
    """Judge maps (N, H, W): their area by insertion must be higher than that of other maps."""
    if np.shape(answer) != images.shape[:3]:
        return say(
            False, "", f"{len(images)} images need maps of shape {images.shape[:3]}; yours have {np.shape(answer)}."
        )
    if not np.isfinite(answer).all():
        return say(False, "", "every value of the maps must be finite: NaN and infinity have no place in the order.")
    curves = removal_curves(backbone, classes, images, answer, points=len(than.shares))
    ours, theirs = curves.insertion_area.mean(), than.insertion_area.mean()
    figures = f"your area is {ours:.3f}, against {theirs:.3f}"
    return say(bool(ours > theirs), f"{figures}.", f"{figures}.")
