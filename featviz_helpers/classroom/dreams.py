"""The questions of the assignment about DeepDream and activation maximisation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..data.images import resize
from .climbing import climb
from .given import SIZES
from .keys import key_of
from .marks import Mistake, Question, Verdict, compare, flaw, given_to
from .pictures import driven
from .variants import Variant

STEP = 0.1
COUNT, SCALE = 4, 1.4
NEAR = 0.18  # of what the loop changes: rounding errors grow with every step of it


def _ascent_step(answer: Any, variant: Variant) -> Verdict:
    images, gradients = given_to(variant, "images", "gradients")
    spread = gradients.std(axis=(1, 2, 3), keepdims=True)

    def moved(change: np.ndarray) -> np.ndarray:
        return np.clip(images + STEP * change, -1, 1)

    mistakes = (
        Mistake(0.6, "the pixels leave [-1, 1]", images + STEP * gradients / spread),
        Mistake(0.5, "one standard deviation for all images", moved(gradients / gradients.std())),
        Mistake(0.75, "what is added to the standard deviation is not small beside that of the last image",
                moved(gradients / (spread + 1e-6))),
        Mistake(0.25, "downhill: the gradient is added, not subtracted", moved(-gradients / spread)),
        Mistake(0.25, "the gradient is not divided by its standard deviation", moved(gradients)),
    )  # fmt: skip
    return compare(answer, moved(gradients / spread), mistakes)


def _octave_sizes(answer: Any, variant: Variant) -> Verdict:
    (sides,) = given_to(variant, "sides")
    exact = sides[:, None] / SCALE ** np.arange(COUNT - 1, -1, -1)
    mistakes = (
        Mistake(0.5, "largest first: the dream begins small", np.round(exact)[:, ::-1]),
        Mistake(0.5, "cut off where it should be rounded", np.floor(exact)),
        Mistake(0.25, "the picture grows beyond its own size", np.round(sides[:, None] * SCALE ** np.arange(COUNT))),
    )
    return compare(answer, np.round(exact), mistakes)


def _octave_loop(answer: Any, variant: Variant) -> Verdict:
    (photo,) = given_to(variant, "photo")
    if wrong := flaw(answer, photo.shape):
        return Verdict(0.0, wrong)
    change, off = 0.0, []
    for detail, share, reason in (
        (True, 1.0, "right"),
        (False, 0.6, "the detail that a small version loses is missing"),
    ):
        case = dream(photo, variant.channel, SIZES, detail)
        change = change or float(np.abs(case - photo).mean())
        off.append(float(np.abs(answer - case).mean()) / change)
        if off[-1] <= NEAR:
            return Verdict(share, reason)
    if np.abs(answer - climb(photo, variant.channel)).mean() <= NEAR * change:
        return Verdict(0.25, "no octaves: the full size alone")
    return Verdict(0.0, f"{off[0]:.0%} off, as a share of what the loop changes")


def dream(photo: np.ndarray, channel: int, sizes: Sequence[int], detail: bool = True) -> np.ndarray:
    """Climb at several sizes, smallest first (Mordvintsev et al., 2015).

    Args:
        photo: (1, H, W, 3) in [-1, 1]; the last size is its own.
        channel: see `climb`.
        sizes: sides of the square picture.
        detail: give back at each size what the smaller version of the photo had lost.
    """
    image = resize(photo, sizes[0])
    for small, large in pairwise(sizes):
        image = resize(climb(image, channel), large)
        if detail:
            image = image + resize(photo, large) - resize(resize(photo, small), large)
    return climb(image, channel)


def _kind(answer: Any, variant: Variant) -> Verdict:
    if not isinstance(answer, str):
        return Verdict(0.0, "wanted is the name of a kind of drawing")
    kinds = key_of(variant.channel).kinds
    names = list(kinds)
    said = answer.strip().casefold()
    if said not in names:
        return Verdict(0.0, f"not among the {len(names)} kinds that drive the channel most")
    if kinds[said] >= 0.9 * kinds[names[0]]:
        return Verdict(1.0, "right")
    return Verdict(0.5 if said in names[:3] else 0.0, f"number {names.index(said) + 1} of the kinds that drive it")


QUESTIONS = (
    Question("ascent_step", "One step uphill", 20, _ascent_step),
    Question("octave_sizes", "The sizes of the octaves", 10, _octave_sizes),
    Question("octave_loop", "The octave loop", 20, _octave_loop),
    Question("picture", "A picture of your channel", 30, driven),
    Question("kind", "The drawings that drive it", 10, _kind),
    Question("words", "What the picture shows", 10),
)
