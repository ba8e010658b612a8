"""Distribution alignment: an image whose features are distributed as those of real images (Görgün et al., 2025)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..common.checks import shown, whole_number, whole_numbers
from ..data.images import check_range
from ..models.backbone import Backbone
from .objectives import Units
from .term import Objective, Term

LEVELS = 64  # quantiles that stand for a sorted map: a map of any size has them
RUNGS = 4
SIDE = 16  # of larger maps, rows and columns are left out evenly: sorting thousands of values takes longer than the net


class Alignment(Term):
    """Minus the distance of an image's sorted features to a target's; see `alignment`."""

    kind = "alignment"

    def value(self, activation: tf.Tensor, units: Units) -> tf.Tensor:
        apart = tf.square(quantiles(activation) - units["target"])
        return -tf.reduce_mean(apart, axis=[1, 2]) / units["scale"]

    def label(self, image: int) -> str:
        return f"{self.kind} {self.layer}:{self.units['channel'][image]}"

    def key(self, image: int) -> tuple:
        """Leave the target out, whose last bits differ from machine to machine: a start must not."""
        return (self.kind, int(self.units["channel"][image]))


def quantiles(activation: tf.Tensor) -> tf.Tensor:
    """Return the sorted values of each channel's map, at `LEVELS` even steps from least to greatest.

    Of maps with more than `SIDE` rows or columns, every second, third, ... is taken.

    Args:
        activation: (N, h, w, C).

    Returns:
        (N, C, LEVELS).
    """
    stride = -(-max(activation.shape[1:3]) // SIDE)
    activation = activation[:, ::stride, ::stride]
    places = activation.shape[1] * activation.shape[2]
    rows = tf.transpose(tf.reshape(activation, [-1, places, activation.shape[3]]), [0, 2, 1])
    ordered = tf.sort(rows, axis=2)
    position = np.linspace(0, places - 1, LEVELS, dtype=np.float32)
    below = position.astype(int)
    above = np.minimum(below + 1, places - 1)
    share = position - below
    return tf.gather(ordered, below, axis=2) * (1 - share) + tf.gather(ordered, above, axis=2) * share


def alignment_layers(backbone: Backbone, layer: str = "auto") -> list[str]:
    """Return the layers that `alignment` compares by default: `RUNGS` block ends up to the channel's own layer."""
    layer, order = backbone.resolve(layer), list(backbone.layers)
    ends = [name for name in backbone.ladder(len(order)) if order.index(name) < order.index(layer)] + [layer]
    return [ends[round(i)] for i in np.linspace(0, len(ends) - 1, min(RUNGS, len(ends)))]


def alignment(
    backbone: Backbone,
    layers: Sequence[str],
    channels: Sequence[int],
    images: Sequence[np.ndarray],
    batch: int = 32,
) -> Objective:
    """Distribution alignment (Görgün, Schiele and Fischer: VITAL, 2025), without their relevance weights.

    In each layer, the values that each channel takes over the image are sorted, and compared with the sorted values of
    reference images, averaged over them: value = - sum over layers of mean((sorted - target)^2) / mean(target^2).
    Sorting forgets places, so the image is asked for the same amounts of the same features, not for a copy.

    Args:
        backbone: the network.
        layers: with a map, whose features are compared; see `alignment_layers`.
        channels: one per image of the ascent, whose picture it is; with the seed it names the start.
        images: one array (n, H, W, 3) in [-1, 1] per image of the ascent, its references. An array that occurs several
            times is looked at once. All have one size.
        batch: reference images at once.

    Returns:
        The objective: 0 where all distributions agree, about -1 per layer for an image without any features.

    Raises:
        ValueError: not one array of references per channel, references that are not in [-1, 1] or of several sizes, or
            a layer without a map.
    """
    channels, images = whole_numbers("channels", channels, 0), list(images)  # rows of one array are new at each look
    if len(channels) != len(images):
        raise ValueError(f"alignment needs references for every image; got {len(images)} for {len(channels)}.")
    names = [backbone.resolve(name) for name in layers]
    for name in names:
        backbone.check_map(name)
    distinct = {id(array): array for array in images}
    position = {key: row for row, key in enumerate(distinct)}
    sets = [check_range(array) for array in distinct.values()]
    if len(sizes := {array.shape[1:3] for array in sets}) > 1:
        raise ValueError(f"The references of alignment must have one size; got {shown(sorted(sizes))}. Use fv.resize.")
    means = _mean_quantiles(backbone, names, sets, whole_number("batch", batch, 1))
    rows, terms = [position[id(array)] for array in images], []
    for name in names:
        scale = np.maximum(np.square(means[name]).mean(axis=(1, 2)), 1e-12)
        terms.append(Alignment(name, channel=np.asarray(channels), target=means[name][rows], scale=scale[rows]))
    return Objective(*terms)


def _mean_quantiles(backbone: Backbone, names: list[str], sets: list[np.ndarray], batch: int) -> dict[str, np.ndarray]:
    """Return the mean over the images of each set of the quantiles of every layer: (sets, C, LEVELS) each."""
    images = np.concatenate(sets)
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for first in range(0, len(images), batch):
        for name, maps in zip(names, backbone.forward(images[first : first + batch], *names), strict=True):
            found[name].append(quantiles(maps).numpy())
    ends = np.cumsum([len(members) for members in sets])[:-1]
    whole = {name: np.split(np.concatenate(parts), ends) for name, parts in found.items()}
    return {name: np.stack([rows.mean(axis=0) for rows in parts]) for name, parts in whole.items()}
