"""ShapesNet: the bundled miniature of InceptionV3, small enough to watch on a laptop.

The layers are InceptionV3's in kind and in name (Conv2D without bias, BatchNormalization without scale,
Activation, concatenations called mixed0, mixed1, ...), so whatever works on the one works on the other.
"""

from __future__ import annotations

import keras
from keras import layers

from ..data.shapes import CLASSES

# Output channels of the four branches of each block: 1x1, 3x3, double 3x3, pool and 1x1.
BRANCHES = {
    "mixed0": (12, 16, 12, 8),
    "mixed1": (16, 24, 16, 8),
    "mixed2": (28, 40, 32, 20),
    "mixed3": (32, 44, 36, 24),
    "mixed4": (36, 48, 40, 28),
}


def build(classes: int = len(CLASSES), input_size: int | None = None) -> keras.Model:
    """Build ShapesNet with fresh weights.

    Args:
        classes: number of logits, at least 1.
        input_size: side of the input in pixels, at least 32; None accepts any size from 32 up.

    Returns:
        A model from images (N, H, W, 3) float32 in [-1, 1] to class scores (N, classes) before any softmax.
        Blocks mixed0 and mixed1 work at a quarter of the image's resolution, mixed2 to mixed4 at an eighth.

    Raises:
        ValueError: classes or input_size out of range.
    """
    if classes < 1:
        raise ValueError(f"classes must be at least 1, not {classes}")
    if input_size is not None and input_size < 32:
        raise ValueError(f"input_size must be at least 32 pixels (or None for any), not {input_size}")

    inputs = keras.Input((input_size, input_size, 3), name="image")
    x = layers.AveragePooling2D(2, strides=1, padding="same", name="stem_blur1")(inputs)
    x = layers.AveragePooling2D(2, strides=1, padding="same", name="stem_blur2")(x)
    x = _conv(x, 16, 5, "stem1", strides=2)
    x = _conv(x, 32, 3, "stem2")
    x = _halve(x, "stem_pool")
    for name, branches in BRANCHES.items():
        if name == "mixed2":
            x = _halve(x, "pool1")
        x = _mixed(x, branches, name)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x), name="shapesnet")


def _halve(x, name: str):
    """Half the resolution by the binomial filter 1-2-1, in two averages.

    Its gradient reaches every position with the same weight. A maximum, or windows of 3 with stride 2, would
    leave a grid in the gradient and so in every ascent image; the two averages at the input take away the
    grid of the strided convolution for the same reason.
    """
    x = layers.AveragePooling2D(2, strides=1, padding="same", name=f"{name}_blur")(x)
    return layers.AveragePooling2D(2, name=name)(x)


def _conv(x, filters: int, size: int, name: str, strides: int = 1):
    x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(scale=False, momentum=0.9, name=f"{name}_bn")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)


def _mixed(x, branches: tuple[int, int, int, int], name: str):
    """An Inception block: four views of the same input, side by side."""
    one, three, double, pooled = branches
    b0 = _conv(x, one, 1, f"{name}_b0")
    b1 = _conv(_conv(x, 3 * three // 4, 1, f"{name}_b1_reduce"), three, 3, f"{name}_b1")
    b2 = _conv(x, 3 * double // 4, 1, f"{name}_b2_reduce")
    b2 = _conv(_conv(b2, double, 3, f"{name}_b2_first"), double, 3, f"{name}_b2")
    b3 = layers.AveragePooling2D(3, strides=1, padding="same", name=f"{name}_b3_pool")(x)
    b3 = _conv(b3, pooled, 1, f"{name}_b3")
    return layers.Concatenate(name=name)([b0, b1, b2, b3])
