"""What an ascent climbs: linear combinations of activations, one set of units per image.

Every objective is a sum of weighted terms, and `+`, `-` and scalar `*` act on that list. Because the algebra is linear
all the way, the gradient of `2 * A + 3 * B` is two times that of A plus three times that of B, exactly.
Any number may be a list with one entry per image: `channel("mixed6", [48, 62])` is two images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from ..common.random_streams import image_key

if TYPE_CHECKING:
    from ..models.backbone import Backbone


@dataclass(frozen=True)
class Term:
    """One weighted number read off one layer. `kind` and `layer` are structure; the arrays vary freely."""

    kind: str
    layer: str
    weight: np.ndarray  # (n,) float32
    units: dict[str, np.ndarray] = field(default_factory=dict)  # each with first axis n

    @property
    def arrays(self) -> list[np.ndarray]:
        """Everything that may differ from image to image."""
        return [self.weight, *self.units.values()]

    @property
    def count(self) -> int:
        """Number of images the term speaks about; 1 fits any number."""
        return max(map(len, self.arrays))

    def broadcast(self, count: int) -> Term:
        """Repeat single entries so that every array has one row per image."""

        def spread(values: np.ndarray) -> np.ndarray:
            return np.broadcast_to(values, (count, *values.shape[1:])).copy()

        return replace(self, weight=spread(self.weight), units={k: spread(v) for k, v in self.units.items()})

    def name(self, image: int) -> str:
        """Return a short name of what one image climbs, such as `mixed6:62`."""
        words = [f"{self.units[k][image]}" for k in ("channel",) if k in self.units]
        text = ":".join([self.layer, *words]) if self.kind in ("channel", "neuron", "class") else self.layer
        return text if self.kind == "channel" else f"{self.kind} {text}"


@dataclass(frozen=True)
class Objective:
    """A sum of terms; made by the functions below and combined with `+`, `-`, `*`."""

    terms: tuple[Term, ...]

    def __add__(self, other: Objective) -> Objective:
        if not isinstance(other, Objective):
            return NotImplemented
        return Objective(self.terms + other.terms)

    def __mul__(self, factor: float | Sequence[float]) -> Objective:
        if isinstance(factor, Objective):
            raise TypeError("Two objectives cannot be multiplied: objectives add, subtract and scale by numbers.")
        factor = np.atleast_1d(np.asarray(factor, np.float32))
        if factor.ndim != 1 or not np.isfinite(factor).all():
            raise ValueError(f"An objective is scaled by a finite number, or one a image; got {factor.tolist()}.")
        for term in self.terms:
            if len({len(factor), len(term.weight)} - {1}) > 1:
                raise ValueError(
                    f"An objective with {len(term.weight)} weights cannot be scaled by {len(factor)} numbers."
                )
        return Objective(tuple(replace(term, weight=term.weight * factor) for term in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return self * -1.0

    def __sub__(self, other: Objective) -> Objective:
        if not isinstance(other, Objective):
            return NotImplemented
        return self + -other

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that are read, each once, in order of appearance."""
        return tuple(dict.fromkeys(term.layer for term in self.terms))

    @property
    def structure(self) -> tuple:
        """What the compiled ascent depends on; everything else may change without a new trace."""
        return tuple((term.kind, term.layer, tuple(sorted(term.units))) for term in self.terms)

    @property
    def count(self) -> int:
        """Number of images; 1 fits any number."""
        return max(term.count for term in self.terms)

    def resolve(self, backbone: Backbone) -> Objective:
        """Replace layer names such as "auto" by real ones and check every unit against the network."""
        terms = tuple(replace(term, layer=backbone.resolve(term.layer)) for term in self.terms)
        for term in terms:
            if "channel" in term.units:
                backbone.check_channels(term.layer, term.units["channel"])
            if "vector" in term.units and term.units["vector"].shape[1] != backbone.layers[term.layer]:
                raise ValueError(
                    f"A direction in '{term.layer}' needs {backbone.layers[term.layer]} numbers; "
                    f"got {term.units['vector'].shape[1]}."
                )
        return Objective(terms)

    def broadcast(self, count: int) -> Objective:
        """Return the same objective with one row per image in every array."""
        return Objective(tuple(term.broadcast(count) for term in self.terms))

    def names(self) -> list[str]:
        """Return one readable name per image (of a broadcast objective)."""

        def sign(weight: float, first: bool) -> str:
            number = "" if abs(weight) == 1 else f"{abs(weight):g} "
            return ("-" if weight < 0 else "" if first else "+") + ("" if first else " ") + number

        def one(i: int) -> str:
            parts = [sign(term.weight[i], first=not k) + term.name(i) for k, term in enumerate(self.terms)]
            return " ".join(parts)

        return [one(i) for i in range(self.count)]

    def keys(self) -> list[int]:
        """Return one image key per image: the same units give the same start and draws in any batch."""

        def units(i: int) -> list:
            return [
                (term.kind, [(k, np.asarray(v[i]).tolist()) for k, v in sorted(term.units.items())])
                for term in self.terms
            ]

        return [image_key(*units(i)) for i in range(self.count)]


def evaluate(term: tuple, activation: tf.Tensor, units: dict[str, tf.Tensor]) -> tf.Tensor:
    """Compute one term's value for every image: activation (N, h, w, C) or (N, C) -> (N,) float32, unweighted."""
    kind = term[0]
    activation = tf.cast(activation, tf.float32)
    spatial = list(range(1, activation.shape.rank - 1))
    if kind == "sum of squares":
        return 0.5 * tf.reduce_sum(activation**2, axis=[*spatial, activation.shape.rank - 1])
    if kind == "mean of layer":
        return tf.reduce_mean(activation, axis=[*spatial, activation.shape.rank - 1])
    if kind == "neuron":
        size = tf.cast(tf.shape(activation)[1:3], tf.float32)
        place = tf.cast(tf.minimum(units["place"] * size, size - 1.0), tf.int32)
        return tf.gather_nd(activation, tf.concat([place, units["channel"][:, None]], axis=1), batch_dims=1)
    pooled = tf.reduce_mean(activation, axis=spatial) if spatial else activation
    if kind == "direction":
        return tf.reduce_sum(pooled * units["vector"], axis=1)
    return tf.gather(pooled, units["channel"], batch_dims=1)


def _numbers(values: int | Sequence[int], what: str) -> np.ndarray:
    array = np.atleast_1d(np.asarray(values))
    if array.ndim != 1 or not len(array) or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{what} must be a whole number or a list of them; got {values!r}.")
    return array.astype(np.int32)


_ONE = np.ones(1, np.float32)


def channel(layer: str, channels: int | Sequence[int]) -> Objective:
    """Mean activation of one channel over its whole map (Erhan et al., 2009; Olah et al., 2017).

    Args:
        layer: layer name, or "auto".
        channels: channel number, or one per image.

    Returns:
        The objective: value of an image = (1 / hw) sum of a[y, x, channel].
    """
    return Objective((Term("channel", layer, _ONE, {"channel": _numbers(channels, "A channel")}),))


def neuron(layer: str, channels: int | Sequence[int], place: tuple[float, float] = (0.5, 0.5)) -> Objective:
    """Activation of one channel at one place of its map.

    Args:
        layer: layer name with a spatial map.
        channels: channel number, or one per image.
        place: (down, right) as fractions of the map, 0 to 1; the middle by default.

    Raises:
        ValueError: the place is outside the map.
    """
    spot = np.asarray([place], np.float32)
    if spot.shape != (1, 2) or spot.min() < 0 or spot.max() > 1:
        raise ValueError(f"A place is two fractions between 0 and 1, (down, right); got {place}.")
    return Objective((Term("neuron", layer, _ONE, {"channel": _numbers(channels, "A channel"), "place": spot}),))


def layer(layer: str, reduce: str = "squares") -> Objective:
    """A whole layer: half the sum of squares (DeepDream), or the mean.

    The gradient of half the sum of squares with respect to the layer is the activation itself, which is what
    DeepDream sets it to (Mordvintsev et al., 2015).

    Args:
        layer: layer name, or "auto".
        reduce: "squares" or "mean".
    """
    kinds = {"squares": "sum of squares", "mean": "mean of layer"}
    if reduce not in kinds:
        raise ValueError(f"A layer is reduced by 'squares' or 'mean'; got {reduce!r}.")
    return Objective((Term(kinds[reduce], layer, _ONE),))


def class_score(classes: int | Sequence[int]) -> Objective:
    """Score of a class before the softmax (Simonyan et al., 2014).

    The softmax would let the ascent push the other classes down instead of this one up.

    Args:
        classes: class number, or one per image.
    """
    return Objective((Term("class", "logits", _ONE, {"channel": _numbers(classes, "A class")}),))


def direction(layer: str, vectors: np.ndarray) -> Objective:
    """Mean activation along a direction in channel space.

    Args:
        layer: layer name, or "auto".
        vectors: (C,) or (N, C) weights of the layer's C channels.
    """
    vectors = np.atleast_2d(np.asarray(vectors, np.float32))
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ValueError(f"A direction is a finite vector, or one per image; got shape {vectors.shape}.")
    return Objective((Term("direction", layer, _ONE, {"vector": vectors}),))


def negative(objective: Objective) -> Objective:
    """The opposite objective: what drives the units down."""
    return -objective
