"""Judge answers about distances, and about what they prove."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..ascent.objectives import Objective
from ..ascent.score import score
from ..metrics.distance_base import Distance
from ..models.backbone import Backbone
from .answers import ARRAY, IMAGES, Kind, in_range, judge, say

NAMES = Kind("a list of names", lambda answer: isinstance(answer, list | tuple))
NEARER = 0.1  # by so much a picture of `ordinary_sets` must be nearer to its own set


@judge(NAMES)
def order(answer: list[str] | None, controls: pd.DataFrame, names: Sequence[str]) -> bool:
    """Judge an order of controls from the smallest to the largest of their mean distances by the place-free judge."""
    distances = controls.groupby("control")["place_free_exemplar_distance"].mean()[list(names)]
    names = list(distances.sort_values().index)
    if sorted(map(str, answer)) != sorted(names):
        return say(False, "", f"name each of {', '.join(sorted(names))} once, not {', '.join(map(str, answer))}.")
    places = sum(given == name for given, name in zip(answer, names, strict=True))
    told = ", ".join(f"{name} {distances[name]:.2f}" for name in names)
    return say(places == len(names), f"{told}.", f"{places} of {len(names)} are in their places.")


@judge(ARRAY)
def ordinary_sets(answer: np.ndarray | None) -> bool:
    """Judge distances (4, 5) that rows and columns explain wholly, though each picture is nearer to its own set."""
    if answer.shape != (4, 5):
        return say(False, "", f"the matrix has 4 rows and 5 columns; yours has the shape {answer.shape}.")
    answer = np.asarray(answer, np.float64)
    left = answer - answer.mean(axis=0) - answer.mean(axis=1, keepdims=True) + answer.mean()
    own = answer[range(4), range(4)]
    nearer = (answer.sum(axis=1) - own) / 4 - own
    rounding = 1e-6 * max(1.0, float(np.abs(answer).max()))  # float32 knows no number to more than that
    figures = f"others minus own {nearer.round(2)}, and at most {np.abs(left).max():.2f} left by rows and columns"
    return say(
        bool(answer.min() >= 0 and np.abs(left).max() < rounding and nearer.min() >= NEARER - 1e-9),
        f"{figures}.",
        f"{figures}; wanted: at least {NEARER:g} for each picture, 0, and no distance below 0.",
    )


@judge(IMAGES)
def fools(
    answer: np.ndarray | None, distance: Distance, own: np.ndarray, than: np.ndarray, backbone: Backbone,
    objective: Objective, share: float,
) -> bool:  # fmt: skip
    """Judge a picture that comes nearer to a channel's images than a made one, while the channel is all but silent.

    Args:
        answer: (1, H, W, 3) in [-1, 1].
        distance: that is to be fooled.
        own: the channel's images (n, H, W, 3).
        than: the made picture (1, H, W, 3).
        backbone, objective: the channel.
        share: most of the made picture's activation that is allowed.
    """
    if answer.shape != than.shape:
        return say(False, "", f"the picture must have the shape {than.shape}; yours has {answer.shape}.")
    if not in_range(answer):
        return say(False, "", f"a picture lies in [-1, 1]; yours goes from {answer.min():.4g} to {answer.max():.4g}.")
    pictures = np.clip(np.concatenate([answer, than]).astype(np.float32), -1, 1)
    away, made = distance.matrix(pictures, own).mean(axis=1)
    low, high = score(backbone, objective, pictures)
    figures = f"distance {away:.2f} against {made:.2f}, activation {low / high:.0%} of the made picture's"
    return say(
        bool(away < made and low <= share * high), f"{figures}.", f"{figures}; wanted: a smaller one, and {share:.0%}."
    )
