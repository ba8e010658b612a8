"""Use a tensor in several places, and get the same gradient every time.

TensorFlow adds up three or more gradients of one tensor in the order in which their memory happens to come free, which
two runs of the same call need not share. Rounding then differs by one bit, and after a few steps of an ascent so does
the picture. Two numbers have the same sum in either order, so gradients are added in pairs here.
"""

from __future__ import annotations

import tensorflow as tf


def fork(tensor: tf.Tensor, count: int) -> list[tf.Tensor]:
    """Return a tensor `count` times; the gradients that come back are added in pairs, in one order."""
    copies, rest = [], tensor
    for _ in range(count - 1):
        copy, rest = _pair(rest)
        copies.append(copy)
    return [*copies, rest][:count]


@tf.custom_gradient
def _pair(tensor: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], object]:
    return (tf.identity(tensor), tf.identity(tensor)), lambda one, other: one + other
