"""The climb that a student's octave loop calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import tensorflow as tf

from ..common.checks import refusal, whole_number
from .keys import LAYER
from .network import network

STEPS, STEP = 4, 0.04
MOST = 8.0  # of a pixel: what several octaves of detail may add up to, and bytes do not


def climb(image: np.ndarray, channel: int) -> np.ndarray:
    """Climb a few steps towards a channel of ShapesNet.

    Args:
        image: (1, H, W, 3) in [-1, 1], an array or a tensor, or a little beyond, where detail was added.
        channel: of `keys.LAYER`.

    Returns:
        The picture after `STEPS` steps of gradient / standard deviation, clipped to [-1, 1]; float32.

    Raises:
        ValueError: something else than one picture, or than a channel of the layer.
    """
    image = image.numpy() if tf.is_tensor(image) else image
    known = isinstance(image, np.ndarray) and image.ndim == 4 and image.dtype.kind == "f"
    if not (known and image.shape[::3] == (1, 3) and np.abs(image).max(initial=0.0) <= MOST):
        raise refusal("image", "one picture of floats, (1, H, W, 3), in [-1, 1] or near it", image)
    channel = whole_number("channel", channel, 0, network().layers[LAYER] - 1)
    return _compiled()(tf.constant(image, tf.float32), tf.constant(channel)).numpy()


@cache
def _compiled() -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    model = network().truncate(LAYER)

    def run(pixels: tf.Tensor, channel: tf.Tensor) -> tf.Tensor:
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                tape.watch(pixels)
                height = tf.reduce_mean(model(network().preprocess(pixels))[..., channel])
            slope = tape.gradient(height, pixels)
            pixels = tf.clip_by_value(pixels + STEP * slope / (tf.math.reduce_std(slope) + 1e-12), -1.0, 1.0)
        return pixels

    signature = [tf.TensorSpec((1, None, None, 3), tf.float32), tf.TensorSpec((), tf.int32)]
    return tf.function(run, autograph=False, input_signature=signature)
