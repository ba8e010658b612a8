"""Judge what somebody found with the explorer: a channel, and a picture that was climbed by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ascent.objectives import channel as channel_of
from ..ascent.score import score
from ..metrics.spectra import halves
from ..models.backbone import Backbone
from .answers import IMAGES, WHOLE_NUMBER, in_range, judge, say


@judge(WHOLE_NUMBER)
def many_kinds(answer: int | None, nine: Sequence[Sequence[str]], kinds: int) -> bool:
    """Judge whether the strongest images of a channel are of so many classes, or more.

    Args:
        answer: the channel.
        nine: per channel, the classes of its strongest images.
        kinds: how many are wanted.
    """
    if not 0 <= answer < len(nine):
        return say(False, "", f"the channels are 0 to {len(nine) - 1}, not {answer}.")
    seen = sorted(set(nine[answer]))
    figures = f"the strongest images of channel {answer} are of {len(seen)} kinds: {', '.join(seen)}"
    return say(len(seen) >= kinds, f"{figures}.", f"{figures}; wanted: {kinds} or more.")


@judge(IMAGES)
def calm(
    answer: np.ndarray | None, backbone: Backbone, layer: str, channel: int, than: np.ndarray, keep: float
) -> bool:
    """Judge a picture (H, W, 3) in [-1, 1]: half of another one's fine energy, and much of its activation.

    Args:
        answer: the picture.
        backbone, layer, channel: what it was made for.
        than: the other picture (H, W, 3).
        keep: the share of its activation that must be left.
    """
    if np.ndim(answer) != 3 or np.shape(answer)[2] != 3 or not in_range(answer):
        return say(False, "", f"one picture (H, W, 3) in [-1, 1] is wanted, not an array of shape {np.shape(answer)}.")
    both = [np.asarray(picture, np.float32)[None] for picture in (answer, than)]
    rough = [float(halves(picture)[1].var()) for picture in both]  # a share would also fall where the coarse half grows
    reached = [float(score(backbone, channel_of(layer, channel), picture)[0]) for picture in both]
    grain, height = rough[0] / rough[1], reached[0] / reached[1]
    figures = f"{grain:.0%} of the fine energy and {height:.0%} of the activation are left"
    right = grain <= 0.5 and height >= keep
    return say(bool(right), f"{figures}.", f"{figures}; wanted: at most 50% and at least {keep:.0%}.")


@judge(WHOLE_NUMBER)
def looks_elsewhere(
    answer: int | None,
    backbone: Backbone,
    layer: str,
    image: np.ndarray,
    discs: Sequence[tuple[float, float, float]],
    times: float,
) -> bool:
    """Judge whether a channel's map is highest outside the things in an image; places at the border do not count.

    Args:
        answer: the channel.
        backbone, layer: whose map it is.
        image: (H, W, 3) in [-1, 1].
        discs: the things, as row, column and radius, in shares of the image's side.
        times: how many times the highest place inside the discs the highest one outside must be.
    """
    maps = backbone.activations(np.asarray(image, np.float32)[None], layer)[0]
    if not 0 <= answer < maps.shape[-1]:
        return say(False, "", f"the channels are 0 to {maps.shape[-1] - 1}, not {answer}.")
    rows, columns = ((np.arange(side) + 0.5) / side for side in maps.shape[:2])
    inside = np.any([np.hypot(rows[:, None] - r, columns - c) <= radius for r, c, radius in discs], axis=0)[1:-1, 1:-1]
    own = maps[1:-1, 1:-1, answer]
    within, out = float(own[inside].max()), float(own[~inside].max())
    figures = f"highest place of channel {answer}: {out:.3g} outside and {within:.3g} inside"
    return say(out > 0 and out >= times * within, f"{figures}.", f"{figures}; wanted: {times:g} times as much outside.")
