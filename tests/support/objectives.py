"""An objective that the package does not have, as Part II or a reader would write it."""

import featviz_helpers as fv
import tensorflow as tf


class GramDistance(fv.ascent.Term):
    """Minus the distance of the image's Gram matrix to a target's (Gatys et al., 2015): ten lines, outside."""

    def __init__(self, layer, target):
        super().__init__(layer, target=target)

    def value(self, activation, units):
        return -tf.reduce_mean((gram(activation) - units["target"]) ** 2, axis=[1, 2])


def gram(activation):
    """How often two channels are active together: (N, h, w, C) -> (N, C, C)."""
    return tf.einsum("nhwc,nhwd->ncd", activation, activation) / float(activation.shape[1] * activation.shape[2])
