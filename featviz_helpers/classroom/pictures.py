"""Pictures that are handed in as pixels: what they do to the student's channel, by the grader's own network."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..common.checks import shown
from ..data.images import from_uint8
from ..metrics.spectra import high_frequency
from .keys import SIZE, Key, key_of
from .marks import Verdict
from .network import activations
from .variants import Variant

ENOUGH = 0.9  # of the reference: other starts and machines end a little lower
SOFTENED = 0.6  # of the reference is enough for a picture with a regulariser
CALM = 0.6  # of the plain picture's share of high frequencies
SHAPE = (SIZE, SIZE, 3)


def driven(answer: Any, variant: Variant) -> Verdict:
    """Judge how high a picture drives the student's channel."""
    image, wrong = pixels(answer)
    if image is None:
        return Verdict(0.0, wrong)
    return height(float(activations(image)[0, variant.channel]), key_of(variant.channel), ENOUGH)


def driven_calmly(answer: Any, variant: Variant) -> Verdict:
    """Judge a picture that drives the student's channel with fewer high frequencies than a plain ascent's.

    The two shares are multiplied: a grey picture has no high frequencies, and drives nothing.
    """
    image, wrong = pixels(answer)
    if image is None:
        return Verdict(0.0, wrong)
    key = key_of(variant.channel)
    high = height(float(activations(image)[0, variant.channel]), key, SOFTENED)
    ratio = float(high_frequency(image)[0]) / key.roughness if image.std() > 1e-3 else 0.0
    calm = float(np.interp(ratio, [CALM, 1.0], [1.0, 0.0]))
    reason = f"{high.reason}; {ratio:.0%} of the plain picture's share of high frequencies (at most {CALM:.0%} wanted)"
    return Verdict(high.share * calm, reason)


def height(activation: float, key: Key, enough: float) -> Verdict:
    """Judge an activation of a channel: nothing for what other pictures reach too, all from `enough` of the reference.

    A drawing that drives the channel more than any other does earns 40 %, where it is lower than what is enough.
    """
    goal = enough * key.reference
    middle = key.drawing if key.drawing < 0.95 * goal else (key.floor + goal) / 2
    share = float(np.interp(activation, [key.floor, middle, goal], [0.0, 0.4, 1.0]))
    reached = f"activation {activation:.2f}, {activation / key.reference:.0%} of the reference"
    if share == 0.0:
        return Verdict(0.0, f"{reached}: other pictures of the network reach that as well")
    return Verdict(share, reached if share == 1.0 else f"{reached} ({enough:.0%} wanted)")


def pixels(answer: Any) -> tuple[np.ndarray | None, str]:
    """Return a picture (1, H, W, 3) in [-1, 1], or None and why it is none.

    Whole numbers from 0 to 255 are read in any kind of number, and a batch of one picture is that picture.
    """
    if isinstance(answer, np.ndarray) and answer.shape == (1, *SHAPE):
        answer = answer[0]
    if not isinstance(answer, np.ndarray) or answer.dtype.kind not in "fiu" or answer.shape != SHAPE:
        return None, f"wanted is a picture of shape {SHAPE} in uint8, not {shown(answer)}"
    whole = np.isfinite(answer).all() and answer.min() >= 0 and answer.max() <= 255 and (answer % 1 == 0).all()
    if not whole:
        return None, "wanted are whole numbers from 0 to 255; fv.to_uint8 makes them of a picture in [-1, 1]"
    return from_uint8(answer.astype(np.uint8))[None], ""
