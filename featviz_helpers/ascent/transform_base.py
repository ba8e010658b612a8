"""What a transform is, and how a run of geometric ones becomes a single gather.

Everything geometric is an affine map of the plane. A run of such transforms is multiplied into one matrix per image
and read off with one bilinear gather, so five of them cost as much as one and blur the picture once, not five times.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..common.checks import instance, whole_number
from ..common.random_streams import step_uniform
from ..data.images import check_range
from .per_image import PerImage
from .warp import roll, warp


class Transform(PerImage):
    """A differentiable random change with static shapes; subclass and define `apply`.

    Called like a function, `transform(images, seed=0)` shows what a network would see.

    Attributes:
        draws: how many random numbers one image needs in one step.
    """

    draws = 0

    @property
    def parts(self) -> "tuple[Transform, ...]":
        """The transforms this one is made of, in order."""
        return (self,)

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

    def uniform(self, seed: int, keys: Sequence[int], step: int) -> np.ndarray:
        """Return the random numbers that the transform draws at one step of an ascent.

        Args:
            seed: of the ascent.
            keys: one image key per image, such as `objective.keys()`.
            step: number of the step, from 0.

        Returns:
            (N, draws) float32, uniform in [0, 1).
        """
        draws = sum(part.draws for part in self.parts)
        return np.stack([step_uniform(seed, key, step, 1, draws)[0] for key in keys])

    def __call__(self, images: np.ndarray, seed: int = 0, step: int = 0) -> np.ndarray:
        """Return a batch (N, H, W, 3) as a network would see it at one step of an ascent, each image drawn anew."""
        images = check_range(images, dead=True)
        seed, step = whole_number("seed", seed, -(2**63), 2**63 - 1), whole_number("step", step, 0, 2**48)
        count, *size = images.shape[:3]
        for part in self.parts:
            part.check(*size)
            if part.count not in (1, count):
                raise ValueError(
                    f"{part.name} has numbers for {part.count} images; got {count} images. Give one number per image, "
                    "or a single one for all."
                )
        draws = self.uniform(seed, range(count), step)
        numbers = [{k: tf.constant(np.broadcast_to(v, count)) for k, v in p.values.items()} for p in self.parts]
        return apply_all(self.parts, tf.constant(images), tf.constant(draws), numbers).numpy()


class Compose(Transform):
    """Several transforms in a row, as one.

    Args:
        transforms: in the order in which they change the image.

    Raises:
        ValueError: nothing to compose.
    """

    def __init__(self, *transforms: Transform) -> None:
        super().__init__()
        given = [instance("Compose: each argument", one, Transform, "such as fv.Jitter(16)") for one in transforms]
        self._parts = tuple(part for transform in given for part in transform.parts)
        if not self._parts:
            raise ValueError("Compose: give at least one transform, such as Compose(Jitter(16), Rotate(5)).")

    @property
    def parts(self) -> tuple[Transform, ...]:
        """The transforms inside, in order."""
        return self._parts


class Geometric(Transform):
    """An affine map of the plane; subclass and define `matrix`."""

    pads = False  # True: puts a margin around the image

    def matrix(self, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Return (N, 3, 3): where in its input each pixel of the output is read, from (row, column, 1).

        Rows and columns are counted from the centre of the image.
        """
        raise TypeError(f"{self.name} defines no map: subclass Geometric with its own matrix().")

    def shifts(self, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor | None:
        """Return (N, 2) whole shifts down and right where the map is nothing else, else None."""
        return None

    def margin(self, values: dict[str, tf.Tensor]) -> tf.Tensor | float:
        """Return how many pixels of grey this puts around the image before it repeats."""
        return 0.0

    def apply(self, images: tf.Tensor, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Read the images through the map."""
        return apply_all([self], images, draws, [values])


def apply_all(
    transforms: Sequence[Transform], images: tf.Tensor, draws: tf.Tensor, numbers: Sequence[dict[str, tf.Tensor]]
) -> tf.Tensor:
    """Apply transforms in order, each run of geometric ones as a single gather.

    Args:
        transforms: without compositions (see `Transform.parts`).
        images: (N, H, W, 3).
        draws: (N, K) uniform in [0, 1); each transform takes its own columns, in order.
        numbers: per transform, its values, each (N,).

    Returns:
        (N, H, W, 3).
    """
    used, run = 0, list[tuple[Geometric, tf.Tensor, dict[str, tf.Tensor]]]()
    for transform, values in zip(transforms, numbers, strict=True):
        own = draws[:, used : used + transform.draws]
        used += transform.draws
        if isinstance(transform, Geometric):
            if transform.pads and any(not earlier.pads for earlier, *_ in run):
                images, run = _through(images, run), []  # the margin belongs around what came out of those
            run.append((transform, own, values))
        else:
            images = transform.apply(_through(images, run), own, values)
            run = []
    return _through(images, run)


def _through(images: tf.Tensor, run: list[tuple[Geometric, tf.Tensor, dict]]) -> tf.Tensor:
    """Read the images through a run of geometric transforms at once."""
    if not run:
        return images
    shifts = [transform.shifts(own, values) for transform, own, values in run]
    if all(shift is not None for shift in shifts):
        # Whole shifts need no interpolation: a tenth of the time.
        return roll(images, tf.cast(tf.add_n(shifts), tf.int32))
    matrix, margin = tf.eye(3, batch_shape=[images.shape[0]]), tf.zeros(images.shape[0])
    for transform, own, values in run:
        matrix = matrix @ transform.matrix(own, values)
        margin += transform.margin(values)
    return warp(images, matrix, margin)
