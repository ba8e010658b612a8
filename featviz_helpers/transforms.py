"""Random changes of the image before the network sees it: what survives them is not pixel noise."""

from collections.abc import Sequence

import tensorflow as tf

from .hooks import PerImage


class Transform(PerImage):
    """A differentiable random change with static shapes; subclass and define `apply`.

    Attributes:
        draws: how many random numbers one image needs in one step.
    """

    draws = 0

    def check(self, height: int, width: int) -> None:
        """Raise ValueError when the transform makes no sense for images of this size."""

    def apply(self, images: tf.Tensor, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Return the changed images.

        Args:
            images: (N, H, W, 3).
            draws: (N, self.draws) uniform in [0, 1).
            values: this transform's numbers, each (N,).
        """
        raise TypeError(f"{self.name} defines no change: subclass Transform with its own apply().")


class Jitter(Transform):
    """Shift the image by up to `pixels` each way; what leaves on one side returns on the other (Mordvintsev, 2015).

    Args:
        pixels: >= 0, or one per image; each step draws two whole shifts in -pixels ... pixels.

    Raises:
        ValueError: negative pixels; on use, more pixels than the image has.
    """

    draws = 2

    def __init__(self, pixels: float | Sequence[float]) -> None:
        super().__init__(pixels=pixels)
        if self.values["pixels"].min() < 0:
            raise ValueError(f"Jitter: pixels must be 0 or more; got {self.values['pixels'].tolist()}.")

    def check(self, height: int, width: int) -> None:
        """Refuse shifts of the whole image or more."""
        if self.values["pixels"].max() >= min(height, width):
            raise ValueError(
                f"Jitter: {self.values['pixels'].max():g} pixels need an image larger than that; "
                f"got {height} x {width}."
            )

    def apply(self, images: tf.Tensor, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Shift each image by its own two draws."""
        span = 2.0 * tf.floor(values["pixels"]) + 1.0
        shifts = tf.cast(tf.floor(draws * span[:, None]), tf.int32) - tf.cast(values["pixels"], tf.int32)[:, None]
        return roll(images, shifts)


@tf.custom_gradient
def roll(images: tf.Tensor, shifts: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Roll each image (N, H, W, C) by its own whole shifts (N, 2), down and right, around the edges.

    The gradient is the roll back: a gather, where automatic differentiation would scatter, which is slower.
    """

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        return _gather_rolled(upstream, -shifts), None

    return _gather_rolled(images, shifts), gradient


def _gather_rolled(images: tf.Tensor, shifts: tf.Tensor) -> tf.Tensor:
    for axis in (1, 2):
        side = images.shape[axis]
        source = tf.math.floormod(tf.range(side)[None, :] - shifts[:, axis - 1, None], side)
        if axis == 1:
            images = tf.gather(images, source, axis=1, batch_dims=1)
        else:
            images = tf.gather(tf.transpose(images, [0, 2, 1, 3]), source, axis=1, batch_dims=1)
            images = tf.transpose(images, [0, 2, 1, 3])
    return images
