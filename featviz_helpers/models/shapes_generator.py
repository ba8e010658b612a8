"""A generator for Shapes, and the encoder that it was trained with: the bundled learned prior.

The encoder reads ShapesNet's `mixed1`, and the colours at a quarter of the resolution, and says in 4 x 4 x 16 numbers
what is on an image; the generator draws the image from them. It has never seen two of the classes, `HELD_OUT`, so that
what it makes of them can be counted.
"""

from __future__ import annotations

import keras
from keras import layers

HELD_OUT = ("star", "spirals")  # an outline and a pattern: the classes that the training leaves out
CODE = (4, 4, 16)  # 256 numbers for 64 x 64 x 3 pixels; each column of 16 sits above 16 x 16 pixels
READS = "mixed1"  # the layer of ShapesNet that the encoder reads
WIDTHS = ((96, 96), (96, 96), (48,), (24,))  # channels of the convolutions at 8, 16, 32 and 64 pixels
FIRST = 96  # channels at 4 pixels
SLOPE = 0.2


def build_generator() -> keras.Model:
    """Build the generator with fresh weights.

    It enlarges by repeating pixels and then convolves: a transposed convolution with a stride would leave a
    checkerboard (Odena et al., 2016).

    Returns:
        A model from codes (N, 4, 4, 16) to images (N, 64, 64, 3) in [-1, 1].
    """
    code = keras.Input(CODE, name="code")
    x = layers.LeakyReLU(SLOPE)(layers.Conv2D(FIRST, 1)(code))
    x = _conv(_conv(x, FIRST), FIRST)  # each place learns of all others
    for widths in WIDTHS:
        x = layers.UpSampling2D(2)(x)
        for width in widths:
            x = _conv(x, width)
    picture = layers.Conv2D(3, 3, padding="same", activation="tanh", name="picture")(x)
    return keras.Model(code, picture, name="shapes_generator")


def build_encoder(channels: int = 64) -> keras.Model:
    """Build the encoder with fresh weights.

    Args:
        channels: of ShapesNet's `mixed1`.

    Returns:
        A model from that layer's output (N, 16, 16, channels) for images of 64 pixels, and the images, to the mean of
        the code and the logarithm of its variance, each (N, 4, 4, 16).
    """
    features, image = keras.Input((16, 16, channels), name=READS), keras.Input((64, 64, 3), name="image")
    # The features say little of colour: only four of the classes are told apart by it.
    x = layers.Concatenate()([features, layers.AveragePooling2D(4)(image)])
    x = layers.LeakyReLU(SLOPE)(layers.Conv2D(64, 3, strides=2, padding="same")(x))
    x = layers.LeakyReLU(SLOPE)(layers.Conv2D(96, 3, strides=2, padding="same")(x))
    heads = [layers.Conv2D(CODE[-1], 1, name=name)(x) for name in ("mean", "log_variance")]
    return keras.Model([features, image], heads, name="shapes_encoder")


def _conv(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
    return layers.LeakyReLU(SLOPE)(layers.BatchNormalization(momentum=0.9)(x))
