"""What a student is given: arrays that their functions are applied to, drawn by their variant, never with an answer.

The distances are measured ones: LPIPS of the pictures of a finished study on InceptionV3. All else is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from ..data import shapes
from ..study.finished import BUNDLED
from .keys import key_of
from .variants import Variant

Given = dict[str, np.ndarray]
SIZES = (32, 45, 64)  # of the octave loop
METHODS = ("none", "L2", "standard", "MACO + standard", "own images")
MATRICES = ("none", "standard", "MACO + standard", "own images")
SETS = 7  # pictures and sets of a matrix: its 5,040 deals can all be counted
TOP, IMAGES, UNITS = 5, 300, 6


def given(variant: Variant) -> Given:
    """Return everything that a student is given in an assignment, by name."""
    return GIVEN[variant.assignment](variant)


def _signed(variant: Variant, what: str, *shape: int) -> np.ndarray:
    return 2.0 * variant.uniform(what, *shape).astype(np.float64) - 1.0


def _dreams(variant: Variant) -> Given:
    # Gradients of very different sizes, so that one normalisation for all of them shows.
    scales = 10.0 ** -np.arange(1, 5).reshape(4, 1, 1, 1)
    sides = 160 + np.round(160 * variant.uniform("sides", 4)).astype(int)
    # A drawing to which the channel answers: from one that it does not see, nothing can be climbed.
    drawn = shapes.draw(64, seed=variant.seed % 2**31)
    kind = list(key_of(variant.channel).kinds)[1]
    place = int(np.flatnonzero(drawn.key["class"] == kind)[0])
    return {
        "channel": np.array(variant.channel),
        "images": _signed(variant, "images", 4, 16, 16, 3),
        "gradients": scales * _signed(variant, "gradients", 4, 16, 16, 3),
        "sides": sides,
        "photo": drawn.images[place : place + 1],
        "sizes": np.array(SIZES),
    }


def _regularisers(variant: Variant) -> Given:
    images = _signed(variant, "images", 4, 12, 16, 3)
    gradient = slopes_of_fourth_powers(images[:1])[0]
    return {
        "channel": np.array(variant.channel),
        "images": images,
        "shifts": 1 + np.floor(variant.uniform("shifts", 4, 2) * np.array([5, 7])).astype(int),
        "point": images[:1],
        "directions": _signed(variant, "directions", 6, 12, 16, 3),
        "candidates": _candidates(variant, gradient),
    }


def slopes_of_fourth_powers(images: np.ndarray) -> np.ndarray:
    """Return the gradient of each image's mean fourth power of the steps to its two neighbours, without borders."""
    total = np.zeros_like(images)
    for axis in (1, 2):
        cubes = 4 * (np.roll(images, -1, axis) - images) ** 3
        total += np.roll(cubes, 1, axis) - cubes
    return total / images[0].size


def _candidates(variant: Variant, gradient: np.ndarray) -> np.ndarray:
    # What goes wrong in practice: one edge, one colour, a factor; each by so little that a picture does not show it.
    edge, colour = gradient.copy(), gradient.copy()
    edge[-1] *= 0.5
    colour[..., 2] = gradient[..., 1]
    wrong = (edge, colour, 0.8 * gradient, -gradient)
    count = 1 + int(3 * variant.uniform("how many", 1)[0])
    right = variant.order("which", 4) < count
    kinds = variant.order("kinds", 4)
    return np.stack([gradient if right[place] else wrong[kinds[place]] for place in range(4)])


@cache
def _measured() -> pd.DataFrame:
    table = pd.read_parquet(BUNDLED / "inception_v3" / "distances.parquet")
    return table[(table["table"] == "trial") | table["method"].isin(("grey", "own images"))]


@cache
def _channels() -> list[int]:
    """The channels that every method has a picture of: some starts were dead."""
    rows = _measured()[_measured()["method"].isin(MATRICES + METHODS)]
    alive = rows.groupby(["method", "channel"])[f"to {rows['channel'].iloc[0]}"].mean().unstack("method")
    return sorted(alive.dropna().index)


def _matrix(method: str, channels: list[int]) -> np.ndarray:
    rows = _measured()[_measured()["method"] == method].groupby("channel")
    return rows[[f"to {channel}" for channel in channels]].mean().loc[channels].to_numpy(float)


def _evaluation(variant: Variant) -> Given:
    known = _channels()
    chosen = [known[place] for place in sorted(variant.order("channels", len(known))[:SETS])]
    own = [_matrix(method, chosen).diagonal() for method in METHODS]
    halves = 0.55 + 0.3 * variant.uniform("pairs", UNITS, 9, 9).astype(float)
    pairs = np.triu(halves, 1)
    return {
        # In steps as wide as the images lie apart: some of the strongest are equal, so that the earlier one has to be
        # told from the later, and never all of them, which any order and a guess would get right.
        "activations": np.round(IMAGES * variant.uniform("activations", IMAGES, UNITS).astype(float)) / IMAGES,
        "batches": np.array([0, 64, 128, 190, 256, IMAGES]),
        "pairs": pairs + pairs.swapaxes(1, 2),
        "channels": np.array(chosen),
        "own": np.stack(own),
        "grey": _matrix("grey", chosen).diagonal().copy(),
        "matrices": np.stack([_matrix(method, chosen) for method in MATRICES]),
        "p": _p_values(variant),
    }


def _p_values(variant: Variant) -> np.ndarray:
    """Five families of six: the first few stand after Holm's correction, one fails, and later ones would stand."""
    steps = 0.05 / np.arange(6, 0, -1)
    rows = []
    for row in range(5):
        draws = variant.uniform(f"p {row}", 6).astype(float)
        stop = 2 + row % 3
        values = np.where(np.arange(6) == stop, steps * (1.05 + 0.1 * draws), steps * (0.75 + 0.2 * draws))
        values[0] *= 0.5
        rows.append(np.sort(values)[variant.order(f"order {row}", 6)])
    return np.round(np.stack(rows), 5)


GIVEN: dict[str, Callable[[Variant], Given]] = {
    "dreams": _dreams,
    "regularisers": _regularisers,
    "evaluation": _evaluation,
}
