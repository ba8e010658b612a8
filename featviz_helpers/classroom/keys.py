"""The key of every channel that is given to students: how high a picture can drive it, and what its drawings are.

keys.json was computed once, by tools/assignments.py, which can do it again and says what changed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..common.errors import damage_named

MODEL, LAYER, SIZE, STEPS, SEED = "shapesnet", "mixed2", 64, 64, 0
FILE = Path(__file__).with_name("keys.json")
DRAWINGS = 1600
MOST_FLOOR, MOST_DRAWING, LEAST_REFERENCE = 0.5, 0.8, 1.0  # what a channel must keep to be given to anybody


@dataclass(frozen=True)
class Key:
    """What is known of one channel; activations are spatial means of its map for a picture of `SIZE` pixels.

    Attributes:
        floor: what 95 % of the other channels' best pictures, and all flat colours and noise, do not exceed.
        drawing: the highest activation among `DRAWINGS` drawings of Shapes.
        reference: what a plain ascent of `STEPS` steps reaches.
        roughness: the share of high frequencies in the picture of that ascent.
        kinds: the kinds of drawings, those that drive the channel most first, with their mean activations.
    """

    floor: float
    drawing: float
    reference: float
    roughness: float
    kinds: Mapping[str, float]


@cache
def _keys() -> dict[int, Key]:
    with damage_named(FILE):
        return {int(channel): Key(**key) for channel, key in json.loads(FILE.read_text(encoding="utf-8")).items()}


def channels() -> list[int]:
    """Return the channels of `LAYER` that are given to students."""
    return sorted(_keys())


def key_of(channel: int) -> Key:
    """Return the key of a channel.

    Raises:
        KeyError: it is none that is given to students.
    """
    return _keys()[channel]


def _flat() -> np.ndarray:
    """Return pictures of one colour: grey, black, white and the six that are full of one or two colours."""
    corners = np.stack(np.meshgrid(*3 * [[-1.0, 1.0]]), axis=-1).reshape(8, 3)
    return np.concatenate([np.zeros((1, 3)), corners])[:, None, None] * np.ones((1, SIZE, SIZE, 1))


def compute() -> dict[str, dict[str, Any]]:
    """Measure the key of every channel that is fit for an assignment; about a minute on 2 CPU cores.

    A channel is fit whose own ascent goes far above the pictures of the other channels and above every drawing, so
    that neither earns what an ascent earns.
    """
    from ..ascent.maximize import maximize
    from ..ascent.objectives import channel
    from ..data import shapes
    from ..metrics.spectra import high_frequency
    from .network import activations, network

    count = network().layers[LAYER]
    climbed = maximize(
        network(), channel(LAYER, range(count)), steps=STEPS, size=SIZE, seed=SEED, dead="mark", progress=False
    )
    images = np.nan_to_num(climbed.images)
    drawn = shapes.draw(DRAWINGS, seed=1)
    driven, noise = activations(drawn.images), np.random.default_rng(0).uniform(-1, 1, (16, SIZE, SIZE, 3))
    resting = activations(np.concatenate([_flat(), noise])).max(axis=0)
    crossed = activations(images)
    found = {}
    for number in range(count):
        reference = float(crossed[number, number])
        floor = max(np.quantile(np.delete(crossed[:, number], number), 0.95), resting[number])
        drawing = driven[:, number].max()
        if not (reference >= LEAST_REFERENCE and floor < MOST_FLOOR * reference and drawing < MOST_DRAWING * reference):
            continue
        means = {kind: driven[drawn.key["class"] == kind, number].mean() for kind in sorted(set(drawn.key["class"]))}
        best = sorted(means, key=means.get, reverse=True)[:6]
        found[str(number)] = {
            "floor": round(float(floor), 4),
            "drawing": round(float(drawing), 4),
            "reference": round(reference, 4),
            "roughness": round(float(high_frequency(images[number : number + 1])[0]), 4),
            "kinds": {kind: round(float(means[kind]), 4) for kind in best},
        }
    return found
