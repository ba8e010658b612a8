"""Penalties, subtracted from the objective: extreme pixels and restless neighbours cost something.

Each hands TensorFlow its own gradient. Automatic differentiation of the same formulas needs about nine times as
long, most of it for the slices of the total variation, and gives NaN where a root or a power meets zero.
"""

import tensorflow as tf

from ..common.checks import flag, number
from .per_image import Numbers, PerImage

REFERENCE_PIXELS = 224 * 224  # see Penalty
EPSILON = 1e-5  # rounds the tip of the isotropic total variation; one grey level of 255 is 800 times as much
ONE_FOR_ALL = "It changes the computation itself: to compare several, make one run for each."
LARGEST_PRODUCT = 16  # powers up to here are multiplied out; tf.pow is several times slower


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

    def __init__(self, weight: Numbers) -> None:
        super().__init__(weight=weight)
        if self.values["weight"].min() < 0:
            raise ValueError(
                f"{self.name}: a weight must be 0 or more, since a penalty is subtracted; "
                f"got {self._shown('weight')}. The literature's lambda = -0.001 is weight 0.001."
            )

    def value(self, images: tf.Tensor) -> tf.Tensor:
        """Return what each image pays before weighting: (N, H, W, 3) -> (N,)."""
        raise TypeError(f"{self.name} defines no value: a penalty is a subclass with its own value(images).")


class Norm(Penalty):
    """Extreme values should be rare: the p-norm to the power p (Mahendran and Vedaldi, 2015, who took p = 6).

    value = 224^2 / (H W) * sum over pixels and colours of  |x|^p

    There is no root. A large p leaves all but the most saturated pixels alone.

    Args:
        weight: >= 0, or one per image.
        p: one number >= 1 for all images; whole numbers are the fastest.

    Raises:
        ValueError: a negative weight, or p below 1.
    """

    def __init__(self, weight: Numbers, p: float = 6.0) -> None:
        super().__init__(weight)
        self.p = number(f"{self.name}: p", p, 1, 1000, ONE_FOR_ALL)
        self.static = (self.p,)

    def value(self, images: tf.Tensor) -> tf.Tensor:
        """Return the p-norm to the power p of each image: (N, H, W, 3) -> (N,)."""
        return _per_reference_image(_sum_of_powers(images, self.p), images)

    def describe(self) -> dict:
        return {**super().describe(), "p": self.p}


class L2(Norm):
    """The squared length of the image: every pixel is drawn towards grey (Simonyan et al., 2014).

    value = 224^2 / (H W) * sum over pixels and colours of  x^2

    Its gradient is 2 x, so as a penalty it is what Yosinski et al. (2015) apply after the step as a decay; for that
    form see projections.WeightDecay.

    Args:
        weight: >= 0, or one per image; published studies took 1e-3 to 1e-2.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(self, weight: Numbers) -> None:
        super().__init__(weight, p=2.0)


class TotalVariation(Penalty):
    """Total variation: neighbours should agree.

    With d = x[i+1, j] - x[i, j] down and e = x[i, j+1] - x[i, j] to the right (0 at the last row or column),

    anisotropic: value = 224^2 / (H W) * sum over pixels and colours of  |d|^beta + |e|^beta
    isotropic:   value = 224^2 / (H W) * sum over pixels and colours of  (d^2 + e^2 + epsilon^2)^(beta/2) - epsilon^beta

    The anisotropic sum prefers edges along the pixel grid; the isotropic one charges an edge the same in every
    direction, but for a few per cent. epsilon = 1e-5 keeps the gradient finite in flat areas; a flat image costs
    exactly 0. beta = 1 (Rudin, Osher and Fatemi, 1992: isotropic) allows sharp edges; beta = 2 (Mahendran and
    Vedaldi, 2015: TV-beta, the same either way) makes one large step dearer than many small ones.

    The same texture costs the same at every image size. The same picture, enlarged, does not: k times as large with
    hard pixels it costs 1/k, smoothly enlarged 1/k^beta, because an edge takes a smaller share of the pixels.

    Args:
        weight: >= 0, or one per image; published studies took 1e-4 to 1e-3 with beta = 1.
        beta: one number for all images, 1 to 3.
        isotropic: whether down and right are joined before the power is taken.

    Raises:
        ValueError: a negative weight, or beta outside 1 ... 3.
    """

    def __init__(self, weight: Numbers, beta: float = 1.0, isotropic: bool = False) -> None:
        super().__init__(weight)
        self.beta, self.isotropic = number(f"{self.name}: beta", beta, 1, 3, ONE_FOR_ALL), flag("isotropic", isotropic)
        self.static = (self.beta, self.isotropic)

    def value(self, images: tf.Tensor) -> tf.Tensor:
        """Return the total variation of each image: (N, H, W, 3) -> (N,)."""
        down, right = _differences(images, axis=1), _differences(images, axis=2)
        if self.isotropic and self.beta != 2.0:
            total = _sum_of_lengths(down, right, self.beta)
        else:
            total = _sum_of_powers(down, self.beta) + _sum_of_powers(right, self.beta)
        return _per_reference_image(total, images)

    def describe(self) -> dict:
        return {**super().describe(), "beta": self.beta, "isotropic": self.isotropic}


def _per_reference_image(total: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    return total * (REFERENCE_PIXELS / (images.shape[1] * images.shape[2]))


def _differences(images: tf.Tensor, axis: int) -> tf.Tensor:
    """Return the next pixel minus this one along an axis, in the image's own shape: 0 at the last."""

    @tf.custom_gradient
    def differences(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        following, last = (x[:, 1:], x[:, -1:]) if axis == 1 else (x[:, :, 1:], x[:, :, -1:])
        # What comes back at the last pixel is 0, as the difference is, so a roll carries nothing around the border.
        return tf.concat([following, last], axis) - x, lambda upstream: tf.roll(upstream, 1, axis) - upstream

    return differences(images)


def _sum_of_powers(values: tf.Tensor, power: float) -> tf.Tensor:
    """Return the sum of |v|^power of each image: (N, ...) -> (N,)."""

    @tf.custom_gradient
    def total(v: tf.Tensor) -> tuple[tf.Tensor, object]:
        slope = _signed_power(v, power - 1.0)
        return _sum_per_image(v * slope), lambda upstream: _per_image(power * upstream, v) * slope

    return total(values)


def _sum_of_lengths(down: tf.Tensor, right: tf.Tensor, beta: float) -> tf.Tensor:
    """Return the sum of (down^2 + right^2 + epsilon^2)^(beta/2) - epsilon^beta of each image: (N, ...) -> (N,)."""

    @tf.custom_gradient
    def total(d: tf.Tensor, e: tf.Tensor) -> tuple[tf.Tensor, object]:
        square = d * d + e * e
        # Both forms are the formula without its subtraction, which would leave rounding errors in flat areas.
        if beta == 1.0:
            length = tf.sqrt(square + EPSILON**2)
            lengths, slope = square / (length + EPSILON), 1.0 / length
        else:
            lengths = EPSILON**beta * tf.math.expm1(beta / 2.0 * tf.math.log1p(square / EPSILON**2))
            slope = beta * tf.pow(square + EPSILON**2, beta / 2.0 - 1.0)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            slopes = _per_image(upstream, slope) * slope
            return slopes * d, slopes * e

        return _sum_per_image(lengths), gradient

    return total(down, right)


def _signed_power(values: tf.Tensor, power: float) -> tf.Tensor:
    """Return sign(v) |v|^power, finite everywhere for power >= 0."""
    if power == 0.0:
        return tf.sign(values)
    if power % 1.0 or power > LARGEST_PRODUCT:
        return tf.sign(values) * tf.pow(tf.abs(values), power)
    product, square = (values if power % 2.0 else values * tf.abs(values)), values * values
    for _ in range(int(power - 1.0) // 2):
        product *= square
    return product


def _sum_per_image(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))


def _per_image(numbers: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """(N,) -> (N, 1, 1, ...), to multiply images with."""
    return tf.reshape(numbers, [-1] + [1] * (like.shape.rank - 1))
