"""Projections: what is done to the image itself after a step, such as a blur, whatever the objective says."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ..common.checks import MOST_STEPS, whole_number
from .per_image import Numbers, PerImage

# A blur this many image sides wide is the mean (to 3e-9), and its kernel is gone (6 sigma) after REFLECTIONS sides.
WIDEST_BLUR, REFLECTIONS = 2.0, 12
WIDEST_RADIUS = 256  # of a bilateral filter, whose time grows with its square
TINY, TINY_TONE = 0.01, 1e-6  # stand in for 0: Gaussians this narrow are 0 one pixel, or one float32 colour, away


class Projection(PerImage):
    """Something done to the image after a step; subclass and define `project`.

    The engine decides when: step k (from 1) is due for an image when k is a multiple of its `every`. `project` runs
    when at least one image is due, with the whole batch; the others keep what they had.

    Args:
        every: number of steps from one application to the next, or one per image; whole, 1 to 1,000,000.
        values: the numbers of the projection, each one, or one per image.

    Raises:
        ValueError: `every` below 1 or not whole.
    """

    def __init__(self, every: Numbers = 1, **values: Numbers) -> None:
        super().__init__(every=every, **values)
        allowed = f"a whole number from 1 to {MOST_STEPS:,}"
        self._require("every", lambda n: 1 <= n <= MOST_STEPS and n == int(n), allowed, "1 is after every step.")

    def project(self, images: tf.Tensor, values: dict[str, tf.Tensor], gradient: tf.Tensor) -> tf.Tensor:
        """Return the images after the projection.

        Args:
            images: (N, H, W, 3) in [-1, 1], after the step.
            values: this projection's numbers, each (N,).
            gradient: d objective / d images before the step (N, H, W, 3), without the penalties.
        """
        raise TypeError(f"{self.name} defines no projection: subclass Projection with its own project().")

    def _require(self, name: str, fine: Callable, allowed: str, remedy: str) -> None:
        """Raise ValueError unless all values of one name are fine."""
        wrong = ", ".join(f"{value:g}" for value in self.values[name] if not fine(value))
        if wrong:
            raise ValueError(f"{self.name}: {name} must be {allowed}; got {wrong}. {remedy}")


class GaussianBlur(Projection):
    """Blur every few steps: high frequencies have to be earned again and again (Yosinski et al., 2015).

    x <- B(H) x B(W), with B the sampled Gaussian of standard deviation sigma, normalised, reflected at the borders
    (the pixel at the border is repeated). B is symmetric with rows and columns of sum 1, so the mean stays.

    Args:
        sigma: in pixels, >= 0, or one per image; 0 changes nothing. Any size of blur costs the same.
        every: number of steps between two blurs, or one per image.

    Raises:
        ValueError: a negative sigma, or `every` below 1 or not whole.
    """

    def __init__(self, sigma: Numbers, every: Numbers = 4) -> None:
        super().__init__(every, sigma=sigma)
        self._require("sigma", lambda value: value >= 0, "0 or more pixels", "0 leaves the image as it is.")

    def project(self, images: tf.Tensor, values: dict[str, tf.Tensor], gradient: tf.Tensor) -> tf.Tensor:
        height, width = images.shape[1:3]
        over_rows = _blur_matrix(values["sigma"], height)
        over_columns = over_rows if width == height else _blur_matrix(values["sigma"], width)
        blurred = images
        for matrix, shape in ((over_rows, (height, width, 3)), (over_columns, (width, height, 3))):
            # Mix the rows and transpose: done twice, the image has its orientation back.
            mixed = tf.matmul(matrix, tf.reshape(blurred, [-1, shape[0], shape[1] * 3]))
            blurred = tf.transpose(tf.reshape(mixed, [-1, *shape]), [0, 2, 1, 3])
        # The matrix of sigma 0 is the identity, yet a GPU that multiplies in TF32 would still round the image.
        return tf.where(_per_image(values["sigma"]) > 0, blurred, images)


class Bilateral(Projection):
    """Blur within areas of one tone and keep the edges between them (Tomasi and Manduchi, 1998).

    x[p] <- sum over q of w x[q] / sum over q of w,  w = exp(-|p - q|^2 / (2 sigma^2) - |x[p] - x[q]|^2 / (2 tone^2)),

    q at most radius rows and columns from p. The image is reflected at its borders. Time grows with radius^2.

    Args:
        sigma: in pixels, >= 0, or one per image; 0 changes nothing.
        tone: Euclidean distance of colours in [-1, 1]^3 that still mix; >= 0, or one per image; 0 changes nothing,
            and far above 3.5, the largest distance, this is a Gaussian blur.
        every: number of steps between two applications, or one per image.
        radius: in pixels, one whole number from 1 to 256 for all images; by default 2 sigma of the largest sigma. It
            belongs to the compiled step: give it to sweep over sigma in several calls without another trace.

    Raises:
        ValueError: negative sigma or tone, radius or `every` below 1 or not whole.
    """

    def __init__(self, sigma: Numbers, tone: Numbers, every: Numbers = 4, radius: int | None = None) -> None:
        super().__init__(every, sigma=sigma, tone=tone)
        self._require("sigma", lambda value: value >= 0, "0 or more pixels", "0 leaves the image as it is.")
        self._require("tone", lambda value: value >= 0, "0 or more", "0 leaves the image as it is.")
        if radius is None:
            self._require("sigma", lambda value: value <= WIDEST_RADIUS / 2, f"at most {WIDEST_RADIUS // 2} pixels", "")
            radius = max(1, math.ceil(2.0 * self.values["sigma"].max()))
        self.radius = whole_number("Bilateral: radius", radius, 1, WIDEST_RADIUS, "Left out, it is 2 sigma.")
        self.static = (self.radius,)

    def project(self, images: tf.Tensor, values: dict[str, tf.Tensor], gradient: tf.Tensor) -> tf.Tensor:
        height, width = images.shape[1:3]
        side = 2 * self.radius + 1
        scale = math.sqrt(2.0) * tf.maximum(values["tone"], TINY_TONE)
        # Colours first: sums over them are then three long additions instead of very many short ones.
        colours = tf.transpose(images / _per_image(scale), [3, 0, 1, 2])
        padded = tf.gather(colours, np.pad(np.arange(height), self.radius, mode="symmetric"), axis=2)
        padded = tf.gather(padded, np.pad(np.arange(width), self.radius, mode="symmetric"), axis=3)
        spread = 2.0 * tf.maximum(values["sigma"], TINY) ** 2

        def add_neighbour(k: tf.Tensor, change: tf.Tensor, weights: tf.Tensor) -> tuple:
            row, column = k // side, k % side
            difference = tf.slice(padded, [0, 0, row, column], colours.shape) - colours
            distance = tf.cast((row - self.radius) ** 2 + (column - self.radius) ** 2, images.dtype)
            weight = tf.exp(-distance / spread)[:, None, None] * tf.exp(-tf.reduce_sum(difference**2, axis=0))
            return k + 1, change + weight * difference, weights + weight

        # A loop in the graph: unrolled, radius 4 would be 81 copies. Differences are summed instead of colours, so
        # that neighbours of weight 0 leave a pixel exactly as it is. The pixel's own weight is 1: no division by 0.
        start = (tf.constant(0), tf.zeros_like(colours), tf.zeros_like(colours[0]))
        _, change, weights = tf.while_loop(lambda k, *_: k < side**2, add_neighbour, start, parallel_iterations=1)
        return images + tf.transpose(change / weights, [1, 2, 3, 0]) * _per_image(scale)

    def describe(self) -> dict:
        return {**super().describe(), "radius": self.radius}


class _Clip(Projection, ABC):
    """Set to grey the pixels whose `measure` is below a percentile of it."""

    def __init__(self, percentile: Numbers, every: Numbers = 1) -> None:
        super().__init__(every, percentile=percentile)
        self._require("percentile", lambda p: 0 <= p <= 100, "from 0 to 100", "Half of the pixels is 50, not 0.5.")

    @abstractmethod
    def measure(self, images: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
        """Return what each pixel is worth, (N, H, W)."""

    def project(self, images: tf.Tensor, values: dict[str, tf.Tensor], gradient: tf.Tensor) -> tf.Tensor:
        measure = self.measure(images, gradient)
        threshold = _percentile(tf.reshape(measure, [-1, measure.shape[1] * measure.shape[2]]), values["percentile"])
        return tf.where((measure < threshold[:, None, None])[..., None], 0.0, images)


class ClipNorm(_Clip):
    """Set the faintest pixels to grey, so that what does not matter stays empty (Yosinski et al., 2015).

    x[p] <- 0 where |x[p]| < the image's percentile of |x|, |x[p]| the length of the colour in [-1, 1]^3. Pixels as
    faint as the threshold stay: percentile 100 leaves the strongest alone, and an image of one colour is not changed.

    Args:
        percentile: share of the pixels to clear, in per cent, 0 to 100, or one per image; 0 changes nothing.
        every: number of steps between two applications, or one per image.

    Raises:
        ValueError: a percentile outside 0 ... 100, or `every` below 1 or not whole.
    """

    def measure(self, images: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
        """Return |x|^2 of each pixel: the same pixels are below a percentile of the squares as of the roots."""
        return tf.add_n(tf.unstack(images * images, axis=-1))


class ClipContribution(_Clip):
    """Set to grey the pixels that the objective would hardly miss (Yosinski et al., 2015).

    x[p] <- 0 where c[p] < the image's percentile of c,  c[p] = |sum over colours of x[p] * d objective / d x[p]|,

    the first-order estimate of how much the objective would change if the pixel were grey. The gradient is that of
    the step just taken, x the image after it. An image without any gradient is not changed.

    Args:
        percentile: share of the pixels to clear, in per cent, 0 to 100, or one per image; 0 changes nothing.
        every: number of steps between two applications, or one per image.

    Raises:
        ValueError: a percentile outside 0 ... 100, or `every` below 1 or not whole.
    """

    def measure(self, images: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
        """Return the contribution of each pixel, (N, H, W)."""
        return tf.abs(tf.add_n(tf.unstack(images * gradient, axis=-1)))


class WeightDecay(Projection):
    """Pull every pixel a little towards grey after the step: L2 decay (Yosinski et al., 2015).

    x <- (1 - amount) x. Unlike the penalty L2 it acts beside the optimizer, which would rescale a penalty's gradient.

    Args:
        amount: share taken away, 0 to below 1, or one per image; 0 changes nothing.
        every: number of steps between two applications, or one per image.

    Raises:
        ValueError: an amount outside [0, 1), or `every` below 1 or not whole.
    """

    def __init__(self, amount: Numbers, every: Numbers = 1) -> None:
        super().__init__(every, amount=amount)
        self._require("amount", lambda a: 0 <= a < 1, "from 0 to below 1", "One per cent is 0.01; 1 erases the image.")

    def project(self, images: tf.Tensor, values: dict[str, tf.Tensor], gradient: tf.Tensor) -> tf.Tensor:
        return images * _per_image(1.0 - values["amount"])


def _blur_matrix(sigma: tf.Tensor, side: int) -> tf.Tensor:
    """Return one (side, side) matrix per image that blurs a line of pixels reflected at both ends."""
    # Reflected at both ends, the line repeats after two sides. So does the kernel once its copies are added up.
    shifts = 2 * side * np.arange(-REFLECTIONS // 2, REFLECTIONS // 2 + 1)
    steps = tf.constant(np.arange(2 * side) + shifts[:, None], sigma.dtype)
    sigma = tf.clip_by_value(sigma, TINY, WIDEST_BLUR * side)
    kernel = tf.reduce_sum(tf.exp(-0.5 * (steps / sigma[:, None, None]) ** 2), axis=1)
    kernel /= tf.reduce_sum(kernel, axis=1, keepdims=True)
    i, j = np.arange(side)[:, None], np.arange(side)[None, :]
    # Pixel j is seen twice in each period: at j and, in the mirror, at -1 - j.
    return tf.gather(kernel, (i - j) % (2 * side), axis=1) + tf.gather(kernel, (i + j + 1) % (2 * side), axis=1)


def _percentile(values: tf.Tensor, percentile: tf.Tensor) -> tf.Tensor:
    """Return the percentile of each row, interpolated linearly as numpy.percentile does: (N, K), (N,) -> (N,)."""
    last = values.shape[1] - 1
    rank = tf.cast(percentile, tf.float64) * last / 100.0  # in float32, a whole rank can become a little more
    below = tf.cast(tf.floor(rank), tf.int32)
    ordered = tf.sort(values, axis=1)
    low = tf.gather(ordered, below, axis=1, batch_dims=1)
    high = tf.gather(ordered, tf.minimum(below + 1, last), axis=1, batch_dims=1)
    return low + (high - low) * tf.cast(rank - tf.floor(rank), values.dtype)


def _per_image(numbers: tf.Tensor) -> tf.Tensor:
    return tf.reshape(numbers, [-1, 1, 1, 1])
