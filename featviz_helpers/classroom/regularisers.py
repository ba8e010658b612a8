"""The questions of the assignment about regularisers: total variation, its gradient and its check, jitter."""

from __future__ import annotations

from typing import Any

import numpy as np

from .given import slopes_of_fourth_powers
from .marks import Mistake, Question, Verdict, compare, flaw, given_to
from .pictures import driven_calmly
from .variants import Variant

STEP = 0.1  # of the difference quotients: large, so that the quotient shows which one it was


def steps(images: np.ndarray, wrap: bool = True) -> list[np.ndarray]:
    """Return the next pixel minus this one, down and to the right; at the last one the first follows, or itself."""
    found = []
    for axis in (1, 2):
        following = np.roll(images, -1, axis)
        if not wrap:
            last = np.take(images, [-1], axis)
            following = np.concatenate([np.take(following, range(images.shape[axis] - 1), axis), last], axis)
        found.append(following - images)
    return found


def total(images: np.ndarray, power: float = 1.0, wrap: bool = True) -> np.ndarray:
    """Return the sum over steps and colours of |step|^power, as a mean over the pixels: (N, H, W, 3) -> (N,)."""
    added = sum((np.abs(step) ** power).sum(axis=(1, 2, 3)) for step in steps(images, wrap))
    return added / (images.shape[1] * images.shape[2])


def _total_variation(answer: Any, variant: Variant) -> Verdict:
    (images,) = given_to(variant, "images")
    pixels = images.shape[1] * images.shape[2]
    truth = total(images)
    mistakes = (
        Mistake(0.6, "the neighbours of the last row and column, which are the first, are missing",
                total(images, wrap=False)),
        Mistake(0.6, "a sum over the pixels, where a mean is wanted", pixels * truth),
        Mistake(0.6, "a mean over the colours, where a sum is wanted", truth / 3),
        Mistake(0.4, "squares, where magnitudes are wanted", total(images, 2.0)),
        Mistake(0.4, "one of the two directions is missing", np.abs(steps(images)[0]).sum(axis=(1, 2, 3)) / pixels),
        Mistake(0.4, "one of the two directions is missing", np.abs(steps(images)[1]).sum(axis=(1, 2, 3)) / pixels),
        Mistake(0.0, "the signs: what goes up comes down, and the sum is 0", 0 * truth),
    )  # fmt: skip
    return compare(answer, truth, mistakes)


def _tv_gradient(answer: Any, variant: Variant) -> Verdict:
    (images,) = given_to(variant, "images")
    pixels = images.shape[1] * images.shape[2]

    def votes(back: int, forth: int) -> np.ndarray:
        return sum(
            back * np.roll(np.sign(step), 1, axis) - forth * np.sign(step)
            for axis, step in zip((1, 2), steps(images), strict=True)
        ) / pixels  # fmt: skip

    truth = votes(1, 1)
    mistakes = (
        Mistake(0.6, "not divided by the number of pixels", pixels * truth),
        Mistake(0.5, "the sign: it points to less total variation", -truth),
        Mistake(0.4, "each pixel has two votes, and is the end of two more steps", votes(0, 1)),
        Mistake(0.4, "each pixel has two votes, and is the beginning of two more steps", votes(1, 0)),
    )
    return compare(answer, truth, mistakes)


def fourth_powers(images: np.ndarray) -> np.ndarray:
    """Return the mean fourth power of the steps of each image: (N, H, W, 3) -> (N,); smooth, unlike |step|."""
    return sum((step**4).sum(axis=(1, 2, 3)) for step in steps(images)) / images[0].size


def _slopes(answer: Any, variant: Variant) -> Verdict:
    point, directions = given_to(variant, "point", "directions")
    here, there, back = (fourth_powers(point + by * directions) for by in (0.0, STEP, -STEP))
    truth = (there - back) / (2 * STEP)
    mistakes = (
        Mistake(0.6, "one-sided: the curve bends away on one side only", (there - here) / STEP),
        Mistake(0.6, "one-sided: the curve bends away on one side only", (here - back) / STEP),
        Mistake(0.5, "divided by the step, and the two points are two steps apart", 2 * truth),
        Mistake(0.3, "not divided by the distance of the two points", there - back),
        Mistake(0.3, "the sign", -truth),
    )
    return compare(answer, truth, mistakes, tolerance=1e-4)


def _suspects(answer: Any, variant: Variant) -> Verdict:
    point, candidates = given_to(variant, "point", "candidates")
    right = np.isclose(candidates, slopes_of_fourth_powers(point), rtol=1e-6, atol=1e-9).all(axis=(1, 2, 3))
    verdict = compare(answer, right.astype(float), whole=True)
    if verdict.share == 0.0 and not flaw(answer, right.shape):
        count = int((answer.astype(bool) == right).sum())
        return Verdict(
            0.25 if count == 3 else 0.0, f"{count} of 4 are judged rightly; half of them is what guessing gives"
        )
    return verdict


def _jitter(answer: Any, variant: Variant) -> Verdict:
    images, shifts = given_to(variant, "images", "shifts")

    def moved(down: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.stack([np.roll(image, by, (0, 1)) for image, *by in zip(images, down, right, strict=True)])

    down, right = shifts.T
    truth = moved(down, right)
    empty = np.stack([_shifted(image, *by) for image, by in zip(images, shifts, strict=True)])
    mistakes = (
        Mistake(0.5, "down and right are exchanged", moved(right, down)),
        Mistake(0.5, "the other way", moved(-down, -right)),
        Mistake(0.5, "what leaves on one side must come in on the other", empty),
        Mistake(0.4, "every image is moved by the first image's shift", np.roll(images, shifts[0], (1, 2))),
        Mistake(0.0, "nothing has moved", images),
    )
    return compare(answer, truth, mistakes)


def _shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    empty = np.zeros_like(image)
    empty[down:, right:] = image[: len(image) - down, : image.shape[1] - right]
    return empty


QUESTIONS = (
    Question("total_variation", "Total variation on a ring", 15, _total_variation),
    Question("tv_gradient", "Its gradient", 15, _tv_gradient),
    Question("slopes", "Slopes without calculus", 10, _slopes),
    Question("suspects", "Which gradients are right?", 10, _suspects),
    Question("jitter", "Jitter", 10, _jitter),
    Question("picture", "A calm picture of your channel", 30, driven_calmly),
    Question("words", "What the regulariser takes away", 10),
)
