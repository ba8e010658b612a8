"""Judge answers about a network: its channels and what they respond to."""

from collections.abc import Sequence
from string import ascii_uppercase

import numpy as np
import pandas as pd

from ..ascent.result import Result
from ..data import shapes
from ..models.backbone import Backbone
from .answers import NAME, RESULT, WHOLE_NUMBER, judge, say
from .exemplars import CHANNELS


@judge(NAME)
def favourite_class(answer: str | None, backbone: Backbone, layer: str, channel: int, data: shapes.Shapes) -> bool:
    """Judge to which class of Shapes a channel responds most strongly on average."""
    if answer not in shapes.CLASSES:
        return say(False, "", f"'{answer}' is not a class of Shapes; they are in fv.shapes.CLASSES.")
    means = backbone.activations(data.images, layer)[..., channel].mean(axis=(1, 2))
    by_class = {name: means[data.key["class"] == name].mean() for name in set(data.key["class"])}
    if answer not in by_class:
        return say(False, "", f"none of these images shows '{answer}'; they show {', '.join(sorted(by_class))}.")
    order = sorted(by_class, key=by_class.get, reverse=True)
    return say(
        answer == order[0],
        f"'{order[0]}' is its favourite.",
        f"'{answer}' is number {order.index(answer) + 1} of {len(order)}. Average the channel over each class.",
    )


@judge(NAME)
def matches(answer: str | None, backbone: Backbone, layer: str, channels: Sequence[int], images: np.ndarray) -> bool:
    """Judge which image is whose favourite: for each channel the letter of the image with the highest mean activation.

    Args:
        answer: one letter per channel, in their order; A is the first image.
        backbone, layer: whose channels.
        channels: numbers.
        images: (N, H, W, 3) in [-1, 1], at most 26.
    """
    letters = ascii_uppercase[: len(images)]
    given = "".join(str(answer).upper().split())
    if len(given) != len(channels) or not set(given) <= set(letters):
        return say(False, "", f"write {len(channels)} letters out of {letters}, one per channel, not '{answer}'.")
    means = _means(backbone, layer, channels, images)
    key = "".join(letters[best] for best in means.argmax(axis=1))
    wrong = [str(c) for c, letter, right in zip(channels, given, key, strict=True) if letter != right]
    return say(
        not wrong,
        f"all of them. Means for {', '.join(letters)}: {_told(channels, means)}.",
        f"{len(channels) - len(wrong)} of {len(channels)} are right; look again at channel {', '.join(wrong)}.",
    )


@judge(CHANNELS)
def favourites(
    answer: Sequence[int] | None, backbone: Backbone, layer: str, images: np.ndarray, but: Sequence[int] = ()
) -> bool:
    """Judge a choice of one channel per image: each has its highest mean activation on its own image.

    Args:
        answer: channel numbers, one per image, in the order of the images.
        backbone, layer: whose channels.
        images: (N, H, W, 3) in [-1, 1], at most 26.
        but: channels that may not be chosen.
    """
    count = backbone.layers[backbone.resolve(layer)]
    allowed = set(range(count)) - set(but)
    if len(answer) != len(images) or not set(answer) <= allowed:
        others = f", but not {', '.join(map(str, but))}" if len(but) else ""
        return say(False, "", f"choose {len(images)} channels from 0 to {count - 1}{others}; yours: {list(answer)}.")
    means = _means(backbone, layer, answer, images)
    right = int((means.argmax(axis=1) == np.arange(len(images))).sum())
    told = f"Means for {', '.join(ascii_uppercase[: len(images)])}: {_told(answer, means)}"
    return say(right == len(images), f"all of them. {told}.", f"{right} of {len(images)}. {told}.")


def _means(backbone: Backbone, layer: str, channels: Sequence[int], images: np.ndarray) -> np.ndarray:
    """Return the mean activation of each channel on each image, (channels, images)."""
    return backbone.activations(images, layer)[..., list(channels)].mean(axis=(1, 2)).T


def _told(channels: Sequence[int], means: np.ndarray) -> str:
    return "; ".join(f"channel {c} {' '.join(f'{m:.1f}' for m in row)}" for c, row in zip(channels, means, strict=True))


@judge(RESULT)
def drives(
    answer: Result | None, backbone: Backbone, layer: str, channels: Sequence[int], reached: np.ndarray, share: float
) -> bool:
    """Judge whether the first picture of an ascent drives several channels, each to a share of what it reached alone.

    Args:
        answer: the ascent.
        backbone, layer: whose channels.
        channels: numbers.
        reached: the activation of each in a picture of its own.
        share: the least share of that, 0 to 1.
    """
    shares = backbone.activations(answer.images[:1], layer)[0][..., list(channels)].mean(axis=(0, 1)) / reached
    figures = ", ".join(f"channel {channel} {part:.0%}" for channel, part in zip(channels, shares, strict=True))
    return say(bool((shares >= share).all()), f"{figures}.", f"{figures}; wanted: at least {share:.0%} of each.")


@judge(WHOLE_NUMBER)
def least_decided(answer: int | None, means: pd.DataFrame) -> bool:
    """Judge which column's largest entry leads its second largest by the smallest ratio."""
    if answer not in means.columns:
        return say(False, "", f"channel {answer} is not among those in the table.")
    ordered = np.sort(means.to_numpy(), axis=0)
    leads = pd.Series(ordered[-1] / ordered[-2], index=means.columns).sort_values()
    place = leads.index.get_loc(answer)
    return say(
        place == 0,
        f"its favourite leads by {leads.iloc[0] - 1:.1%}.",
        f"its favourite leads by {leads[answer] - 1:.1%}, and {place} of {len(leads)} channels lead by less.",
    )
