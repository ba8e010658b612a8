"""Judge answers about several pictures of one channel, and about films from one channel to another."""

from collections.abc import Sequence

import numpy as np

from ..ascent.objectives import channel as of_channel
from ..ascent.score import score
from ..models.backbone import Backbone
from ..synthesis.diversity import pairwise_similarity
from ..synthesis.interpolation import frame_change
from .answers import IMAGES, in_range, judge, say


@judge(IMAGES)
def apart(
    answer: np.ndarray | None, backbone: Backbone, layer: str, channel: int, count: int, least: float, alike: float
) -> bool:
    """Judge pictures (count, H, W, 3) of a channel: on average strong, and not too much alike.

    Args:
        answer: the pictures.
        backbone, layer, channel: what they are of.
        count: how many.
        least: activation that they must have on average.
        alike: mean cosine of their Gram matrices, at most.
    """
    if (wrong := _unfit(answer, count)) is not None:
        return say(False, "", wrong)
    pictures = np.asarray(answer, np.float32)
    strong = float(score(backbone, of_channel(layer, channel), pictures).mean())
    cosine = pairwise_similarity(backbone, pictures, layer)
    figures = f"mean activation {strong:.3f}, mean cosine {cosine:.2f}"
    wanted = f"wanted: {least:.3f} or more, and {alike:g} or less"
    return say(bool(strong >= least and cosine <= alike), f"{figures}.", f"{figures}; {wanted}.")


@judge(IMAGES)
def shows(
    answer: np.ndarray | None,
    backbone: Backbone,
    layer: str,
    channel: int,
    count: int,
    least: float,
    witness: Backbone,
    kinds: Sequence[int],
) -> bool:
    """Judge pictures (count, H, W, 3) of a channel: each strong, and together they show all kinds of its images.

    Args:
        answer: the pictures.
        backbone, layer, channel: what they are of.
        count: how many.
        least: activation that each must have.
        witness: another network with classes, which says what they show.
        kinds: class numbers.
    """
    if (wrong := _unfit(answer, count)) is not None:
        return say(False, "", wrong)
    pictures = np.asarray(answer, np.float32)
    weakest = float(score(backbone, of_channel(layer, channel), pictures).min())
    said = witness.activations(pictures, "logits").argmax(axis=1)
    missing = len(set(kinds) - set(said.tolist()))
    figures = f"the weakest has activation {weakest:.3f}, and {len(kinds) - missing} of {len(kinds)} kinds are shown"
    return say(weakest >= least and not missing, f"{figures}.", f"{figures}; wanted: {least:.3f} or more, and all.")


@judge(IMAGES)
def steady_film(
    answer: np.ndarray | None,
    backbone: Backbone,
    layer: str,
    channels: Sequence[int],
    count: int,
    least: Sequence[float],
    change: float,
    middle: float,
) -> bool:
    """Judge frames (count, H, W, 3) from one channel to another: both ends strong, no large jumps, and no cross-fade.

    Args:
        answer: the frames.
        backbone, layer, channels: what the first and the last frame are of.
        count: how many.
        least: activations that the first and the last frame must have.
        change: mean change from frame to frame, at most, as a share of the pixel range.
        middle: how many times what a cross-fade of the two ends gives both channels, at least, the middle must give.
    """
    if (wrong := _unfit(answer, count)) is not None:
        return say(False, "", wrong)
    frames = np.asarray(answer, np.float32)
    ends = score(backbone, of_channel(layer, list(channels)), frames[[0, -1]])
    moved = frame_change(frames)
    t = np.linspace(0, 1, count, dtype=np.float32)[:, None, None, None]
    own, faded = (
        _lower_share(backbone, layer, channels, film, ends) for film in (frames, (1 - t) * frames[0] + t * frames[-1])
    )
    figures = (
        f"the ends have {ends[0]:.3f} and {ends[1]:.3f}, a frame changes by {moved:.3f}, and the middle gives "
        f"the channels {own:.2f} of that or more (a cross-fade: {faded:.2f})"
    )
    wanted = (
        f"wanted: {least[0]:.3f} and {least[1]:.3f} or more, {change:.3f} or less, and {middle:g} times the cross-fade"
    )
    right = (ends >= least).all() and moved <= change and own >= middle * faded
    return say(bool(right), f"{figures}.", f"{figures}; {wanted}.")


def _lower_share(
    backbone: Backbone, layer: str, channels: Sequence[int], frames: np.ndarray, ends: np.ndarray
) -> float:
    """Return what the frames in the middle give the channel that gets less, as a share of what its end gives it."""
    two = frames[[(len(frames) - 1) // 2, len(frames) // 2]]
    means = [float(score(backbone, of_channel(layer, [number] * 2), two).mean()) for number in channels]
    shares = [mean / float(end) if end > 0 else 0.0 for mean, end in zip(means, ends, strict=True)]
    return min(shares)


def _unfit(pictures: np.ndarray, count: int) -> str | None:
    shape = np.shape(pictures)
    if len(shape) != 4 or shape[0] != count or shape[3] != 3:
        return f"wanted are {count} pictures of shape ({count}, H, W, 3); yours have {shape}."
    if not in_range(pictures):
        return "pictures lie in [-1, 1]."
    return None
