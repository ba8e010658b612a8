"""Judge answers about the images that drive a channel."""

from collections.abc import Mapping, Sequence
from math import comb

import numpy as np

from ..exemplars.rounds import Round
from ..exemplars.tables import Exemplars
from .answers import NAME, WHOLE_NUMBER, Kind, is_row, judge, say

CHANNELS = Kind("a list of channel numbers", lambda answer: is_row(answer) and all(map(WHOLE_NUMBER.fits, answer)))


@judge(NAME)
def two_alternatives(answer: str | None, rounds: Sequence[Round]) -> bool:
    """Judge rounds of the two-alternative task: one letter per round, A or B; one in six may be wrong.

    The verdict says how many are right, not which, and how often somebody who guesses gets as many.
    """
    letters = "".join(answer.upper().split())
    if len(letters) != len(rounds) or not set(letters) <= {"A", "B"}:
        return say(False, "", f"write {len(rounds)} letters, A or B, one per round, not '{answer}'.")
    count = len(rounds)
    right = sum(letter == one.key for letter, one in zip(letters, rounds, strict=True))
    luck = sum(comb(count, many) for many in range(right, count + 1)) / 2**count
    figures = f"{right} of {count}; somebody who guesses gets as many or more in {luck:.0%} of all games."
    return say(right >= count - count // 6, figures, figures)


@judge(WHOLE_NUMBER)
def drives_both(answer: int | None, activations: np.ndarray, share: float) -> bool:
    """Judge whether an image drives each of several channels more than a share of all images does.

    Args:
        answer: position of the image.
        activations: (N, C), one row per image and one column per channel.
        share: 0 to 1.
    """
    if not 0 <= answer < len(activations):
        return say(False, "", f"the images have the numbers 0 to {len(activations) - 1}, not {answer}.")
    above = (activations < activations[answer]).mean(axis=0)
    figures = f"image {answer} is above " + " and ".join(f"{one:.1%}" for one in above) + " of all images"
    return say(bool((above >= share).all()), f"{figures}.", f"{figures}; wanted: {share:.0%} in each channel.")


@judge(WHOLE_NUMBER)
def lying_picture(answer: int | None, nine: Sequence[str | None], made: Mapping[int, str]) -> bool:
    """Judge whether a channel's made picture is named otherwise than its strongest images.

    Args:
        answer: the channel.
        nine: per channel, the class of all of its strongest images; None where they are of several classes.
        made: the class that a network gives the made picture of each channel that has such a class.
    """
    if not 0 <= answer < len(nine):
        return say(False, "", f"the channels are 0 to {len(nine) - 1}, not {answer}.")
    if nine[answer] is None:
        return say(False, "", f"the strongest images of channel {answer} are not all of one class.")
    names = f"its strongest images are {nine[answer]}, and the network calls its picture {made[answer]}"
    return say(nine[answer] != made[answer], f"{names}.", f"{names}.")


@judge(CHANNELS)
def representative(answer: Sequence[int] | None, exemplars: Exemplars, layer: str, count: int, ratio: float) -> bool:
    """Judge a choice of channels: each alive and selective, and no image among the strongest of two of them.

    Args:
        answer: channel numbers.
        exemplars, layer: where their strongest images are.
        count: how many channels are wanted.
        ratio: a channel is selective if its strongest images have, on average, so many times the activation that 95 %
            of all images stay below.
    """
    if len(set(answer)) != count:
        return say(False, "", f"choose {count} different channels, not {len(set(answer))}.")
    if unknown := set(answer) - set(exemplars.table.loc[exemplars.table["layer"] == layer, "channel"]):
        return say(False, "", f"{layer} has no channel {min(unknown)} among those that were scanned.")
    used: dict[str, int] = {}
    for channel in answer:
        rows = exemplars.rows(layer, channel)
        level = exemplars.quantiles.query("layer == @layer and channel == @channel and pooling == 'mean'")
        common = level.loc[level["quantile"] == 0.95, "activation"].item()
        mean = rows["activation"].mean()
        if mean < ratio * common or mean <= 0:
            return say(
                False,
                "",
                f"the strongest images of channel {channel} have {mean:.2f} on average, and 95 % of all images stay "
                f"below {common:.2f}; wanted: {ratio:g} times that.",
            )
        if (double := next((used[path] for path in rows["path"] if path in used), None)) is not None:
            return say(False, "", f"channels {double} and {channel} share an image.")
        used |= dict.fromkeys(rows["path"], channel)
    return say(True, f"all {count} are selective, and no two share an image.", "")
