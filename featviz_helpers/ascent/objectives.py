"""The objectives of the course: a channel, a neuron, a layer, a class score, a direction.

Any number may be a list with one entry per image: `channel("mixed6", [48, 62])` is two images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from ..common.checks import choice, is_list, numbers, refusal, shown, whole_numbers
from .term import Objective, Term

if TYPE_CHECKING:
    from ..models.backbone import Backbone

Units = dict[str, tf.Tensor]


class Channel(Term):
    """Mean activation of one channel; see `channel`."""

    kind = "channel"

    def value(self, activation: tf.Tensor, units: Units) -> tf.Tensor:
        return tf.gather(_mean_over_map(activation), units["channel"], batch_dims=1)

    def check(self, backbone: Backbone) -> None:
        backbone.check_channels(self.layer, self.units["channel"])

    def label(self, image: int) -> str:
        return f"{self.layer}:{self.units['channel'][image]}"


class Neuron(Channel):
    """One channel at one place of its map; see `neuron`."""

    kind = "neuron"
    has_place = True

    def value(self, activation: tf.Tensor, units: Units) -> tf.Tensor:
        size = tf.cast(tf.shape(activation)[1:3], tf.float32)
        place = tf.cast(tf.minimum(units["place"] * size, size - 1.0), tf.int32)
        return tf.gather_nd(activation, tf.concat([place, units["channel"][:, None]], axis=1), batch_dims=1)

    def check(self, backbone: Backbone) -> None:
        backbone.check_map(self.layer)
        super().check(backbone)

    def label(self, image: int) -> str:
        return f"{self.kind} {super().label(image)}"


class ClassScore(Channel):
    """A class score before the softmax; see `class_score`."""

    kind = "class"

    def check(self, backbone: Backbone) -> None:
        backbone.check_channels(self.layer, self.units["channel"], "classes")

    def label(self, image: int) -> str:
        return f"{self.kind} {super().label(image)}"


class LayerMean(Term):
    """Mean of a whole layer; see `layer`."""

    kind = "mean of layer"

    def value(self, activation: tf.Tensor, units: Units) -> tf.Tensor:
        return tf.reduce_mean(activation, axis=list(range(1, activation.shape.rank)))


class LayerSquares(Term):
    """Half the sum of squares of a whole layer; see `layer`."""

    kind = "sum of squares"
    is_sum = True

    def value(self, activation: tf.Tensor, units: Units) -> tf.Tensor:
        return 0.5 * tf.reduce_sum(activation**2, axis=list(range(1, activation.shape.rank)))


class Direction(Term):
    """Mean activation along a direction; see `direction`."""

    kind = "direction"

    def value(self, activation: tf.Tensor, units: Units) -> tf.Tensor:
        return tf.reduce_sum(_mean_over_map(activation) * units["vector"], axis=1)

    def check(self, backbone: Backbone) -> None:
        count, length = backbone.layers[self.layer], self.units["vector"].shape[1]
        if length != count:
            given = shown([float(f"{one:.6g}") for one in self.units["vector"][0]])
            raise ValueError(f"A direction in '{self.layer}' needs {count} numbers; got {length}: {given}.")


def channel(layer: str, channels: int | Sequence[int]) -> Objective:
    """Mean activation of one channel over its whole map (Erhan et al., 2009; Olah et al., 2017).

    Args:
        layer: layer name, or "auto".
        channels: channel number, or one per image.

    Returns:
        The objective: value of an image = (1 / hw) sum of a[y, x, channel].

    Raises:
        ValueError: not whole numbers.
    """
    return Channel(layer, channel=_numbers("A channel", channels))


def neuron(layer: str, channels: int | Sequence[int], place: tuple[float, float] = (0.5, 0.5)) -> Objective:
    """Activation of one channel at one place of its map.

    Args:
        layer: layer name with a spatial map.
        channels: channel number, or one per image.
        place: (down, right) as fractions of the map, 0 to 1; the middle by default.

    Returns:
        The objective: value of an image = a[y, x, channel] at that place.

    Raises:
        ValueError: the place is outside the map.
    """
    fractions = numbers("place", place)
    if len(fractions) != 2 or not (min(fractions) >= 0 and max(fractions) <= 1):
        raise ValueError(f"A place must be two fractions between 0 and 1, (down, right); got {shown(place)}.")
    return Neuron(layer, channel=_numbers("A channel", channels), place=np.asarray([fractions], np.float32))


def layer(layer: str, reduce: str = "squares") -> Objective:
    """A whole layer: half the sum of squares (DeepDream), or the mean.

    The gradient of half the sum of squares with respect to the layer is the activation itself, which is what
    DeepDream sets it to (Mordvintsev et al., 2015).

    Args:
        layer: layer name, or "auto".
        reduce: "squares" or "mean".

    Returns:
        The objective.

    Raises:
        ValueError: another way to reduce.
    """
    kinds = {"squares": LayerSquares, "mean": LayerMean}
    return kinds[choice("reduce", reduce, kinds)](layer)


def class_score(classes: int | Sequence[int]) -> Objective:
    """Score of a class before the softmax (Simonyan et al., 2014).

    The softmax would let the ascent push the other classes down instead of this one up.

    Args:
        classes: class number, or one per image.

    Returns:
        The objective.

    Raises:
        ValueError: not whole numbers.
    """
    named = any(isinstance(one, str) for one in (classes if is_list(classes) else [classes]))
    remedy = "backbone.class_number(name) finds the number of a name." if named else ""
    return ClassScore("logits", channel=_numbers("A class", classes, remedy))


def direction(layer: str, vectors: np.ndarray) -> Objective:
    """Mean activation along a direction in channel space.

    Args:
        layer: layer name, or "auto".
        vectors: (C,) or (N, C) weights of the layer's C channels.

    Returns:
        The objective.

    Raises:
        ValueError: not finite numbers, or not C of them.
    """
    try:
        given = np.atleast_2d(np.asarray(vectors))
    except ValueError:  # rows of different lengths
        given = np.empty(0, object)
    if given.ndim != 2 or given.dtype.kind not in "fiu" or not (np.abs(given) < 3e38).all():  # also true for NaN
        raise refusal("A direction", "a vector of finite numbers, or one per image", vectors)
    return Direction(layer, vector=given.astype(np.float32))


def _numbers(name: str, values: int | Sequence[int], remedy: str = "") -> np.ndarray:
    return np.asarray(whole_numbers(name, values, 0, 2**31 - 1, remedy), np.int32)


def _mean_over_map(activation: tf.Tensor) -> tf.Tensor:
    """(N, h, w, C) -> (N, C); a layer without a map is its own mean."""
    spatial = list(range(1, activation.shape.rank - 1))
    return tf.reduce_mean(activation, axis=spatial) if spatial else activation
