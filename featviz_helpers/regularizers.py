"""Penalties, subtracted from the objective, and projections, applied to the image after each step."""

from collections.abc import Sequence

import tensorflow as tf

from .hooks import PerImage

REFERENCE_PIXELS = 224 * 224  # see Penalty


class Penalty(PerImage):
    """Something to pay for: the ascent climbs  objective - weight * value(image).

    Every value is a mean over pixels times 224^2, so that a weight means the same at every image size, and the
    same as the plain sum of the literature at 224 px. The literature's negative weights (objective += lambda *
    penalty, lambda < 0) are our positive ones.

    Args:
        weight: >= 0, or one per image.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(self, weight: float | Sequence[float]) -> None:
        super().__init__(weight=weight)
        if self.values["weight"].min() < 0:
            raise ValueError(
                f"{self.name}: weights are positive here, since a penalty is subtracted; "
                f"got {self.values['weight'].tolist()}. The literature's lambda = -0.001 is weight 0.001."
            )

    def value(self, images: tf.Tensor) -> tf.Tensor:
        """Return what each image pays before weighting: (N, H, W, 3) -> (N,)."""
        raise TypeError(f"{self.name} defines no value: a penalty is a subclass with its own value(images).")


class TotalVariation(Penalty):
    """Total variation, anisotropic: neighbours should agree (Rudin, Osher and Fatemi, 1992).

    value = 224^2 / (H W) * sum over pixels and colours of  |x[i+1, j] - x[i, j]| + |x[i, j+1] - x[i, j]|

    Args:
        weight: >= 0, or one per image; published studies took 1e-4 to 1e-3.
    """

    def value(self, images: tf.Tensor) -> tf.Tensor:
        """Return the total variation of each image: (N, H, W, 3) -> (N,)."""
        pixels = images.shape[1] * images.shape[2]
        return tf.image.total_variation(images) * (REFERENCE_PIXELS / pixels)


class Projection(PerImage):
    """Something done to the image after each step, such as a blur; subclass and define `project`."""

    def project(self, images: tf.Tensor, step: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Return the images after the projection.

        Args:
            images: (N, H, W, 3) in [-1, 1].
            step: number of the step just taken, from 0 (a scalar int32 tensor).
            values: this projection's numbers, each (N,).
        """
        raise TypeError(f"{self.name} defines no projection: subclass Projection with its own project().")
