"""Three colour axes, independent in photographs, and how they become red, green and blue in [-1, 1]."""

import numpy as np
import tensorflow as tf

# Square root of the covariance of the colours (R, G, B in [-1, 1]) of 800 ImageNet photographs, one a class, each
# at 64 x 64 pixels. Its columns are, nearly, brightness, warm-cold and green-magenta.
COLOUR_ROOT = np.asarray(
    [[0.497, -0.186, -0.050], [0.510, 0.003, 0.105], [0.516, 0.176, -0.055]], np.float32
)  # fmt: skip
CONTRAST = 0.25  # keeps the first hundred steps inside the steep part of tanh
EDGE = 0.999  # images are pulled inside this before tanh is undone, which is infinite at 1


def colour_mix(decorrelate: bool) -> np.ndarray:
    """Return (3, 3): rows R, G, B, columns brightness, warm-cold, green-magenta; or a multiple of the identity."""
    root = COLOUR_ROOT / np.linalg.norm(COLOUR_ROOT, axis=1).max() if decorrelate else np.eye(3)
    return np.asarray(CONTRAST * root, np.float32)


def squash(colours: tf.Tensor, mix: np.ndarray) -> tf.Tensor:
    """Return images (N, H, W, 3) in [-1, 1] of colour axes (N, H, W, 3), which have no limits."""
    return tf.tanh(tf.einsum("nhwc,rc->nhwr", colours, mix))


def unsquash(images: tf.Tensor, mix: np.ndarray) -> tf.Tensor:
    """Return the colour axes of images."""
    return tf.einsum("nhwr,cr->nhwc", tf.atanh(tf.clip_by_value(images, -EDGE, EDGE)), np.linalg.inv(mix))
