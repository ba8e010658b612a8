"""What the network says to images, and which way is up: the part of a step that no transform, penalty or optimizer
changes. It is traced once for all of them, since tracing the network takes as long as a few dozen steps.
"""

import keras
import tensorflow as tf

from ..models.backbone import Backbone
from .structure import Parts, Shape, Values
from .trace import Trace

HALF_SCALE = 1024.0  # a mean over many pixels has gradients too small for float16; scaled up, they survive


class Slope:
    """The objective of a network and its gradient with respect to the images, as compiled functions.

    Args:
        backbone: the network.
        parts: only the objective counts.
        shape: how it is computed.

    Attributes:
        values: (N, H, W, 3) images and the units of each term -> (N, terms), each term unweighted.
    """

    def __init__(self, backbone: Backbone, parts: Parts, shape: Shape) -> None:
        self.objective, self.layers = parts.objective, parts.objective.layers
        self.preprocess = backbone.preprocess
        self.network = backbone.truncate(*self.layers, precision=shape.precision, relu=shape.relu)
        # A sum is no mean: its gradients are large enough, and scaled up they would overflow.
        means = not any(term.is_sum for term in self.objective.terms)
        self.scale = HALF_SCALE if shape.precision == "mixed_float16" and means else 1.0
        self.values = Trace(self._values)
        self._climbs: dict[tuple, Trace] = {}  # for each size that transforms let through: they may cut

    def climb(self, images: tf.Tensor, units: list[Values], weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the objective (N,) of images (N, H, W, 3), and its gradient with respect to them (N, H, W, 3).

        Args:
            images: in [-1, 1], of any size.
            units: of each term.
            weights: (N, terms).
        """
        return self._climbs.setdefault(tuple(images.shape), Trace(self._climb))(images, units, weights)

    def _values(self, images: tf.Tensor, units: list[Values]) -> tf.Tensor:
        answer = keras.tree.flatten(self.network(self.preprocess(images), training=False))
        return self.objective.values(dict(zip(self.layers, answer, strict=True)), units)

    def _climb(self, images: tf.Tensor, units: list[Values], weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        largest = tf.reduce_max(tf.abs(weights), axis=1)
        if self.objective.couples:  # an image's gradient then holds a share of every other image's value
            largest = tf.reduce_max(largest) * tf.ones_like(largest)
        scale = self.scale / tf.maximum(1.0, largest)
        with tf.GradientTape() as tape:
            tape.watch(images)
            value = tf.reduce_sum(self._values(images, units) * weights, axis=1)
            total = tf.reduce_sum(value * scale)
        return value, tape.gradient(total, images) / scale[:, None, None, None]


def slope_of(backbone: Backbone, parts: Parts, shape: Shape) -> Slope:
    """Return the slope of this objective. The backbone keeps it: dropping the network drops its functions."""
    terms = tuple(term.structure for term in parts.objective.terms)
    key = (terms, shape)
    if key not in backbone.slopes:
        backbone.slopes[key] = Slope(backbone, parts, shape)
    return backbone.slopes[key]
