"""Random changes of the image before the network sees it: what survives them is not pixel noise.

The plane repeats the image in both directions: what leaves on one side returns on the other, and a turned image has no
empty corners. `Pad` puts a grey margin between the repeats.
"""

import numpy as np
import tensorflow as tf

from ..common.checks import numbers, shown
from .per_image import Numbers
from .transform_base import Compose, Geometric


class Jitter(Geometric):
    """Shift the image by up to `pixels` each way; what leaves on one side returns on the other (Mordvintsev, 2015).

    Args:
        pixels: >= 0, or one per image; each step draws two whole shifts in -pixels ... pixels.

    Raises:
        ValueError: negative pixels; on use, more pixels than the image has.
    """

    draws = 2

    def __init__(self, pixels: Numbers) -> None:
        super().__init__(pixels=pixels)
        self.at_least("pixels", 0)

    def check(self, height: int, width: int) -> None:
        """Refuse shifts of the whole image or more."""
        if self.values["pixels"].max() >= min(height, width):
            raise ValueError(
                f"Jitter: {self.values['pixels'].max():g} pixels need an image larger than that; "
                f"got {height} x {width}."
            )

    def matrix(self, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Read each pixel where it was before the shift."""
        shifts = self.shifts(draws, values)
        return _rows([1.0, 0.0, -shifts[:, 0]], [0.0, 1.0, -shifts[:, 1]])

    def shifts(self, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Return (N, 2) whole shifts down and right."""
        reach = tf.floor(values["pixels"])[:, None]
        return tf.floor(draws * (2.0 * reach + 1.0)) - reach


class Scale(Geometric):
    """Enlarge or shrink the image around its centre by a random factor (Olah et al., 2017: 0.95 to 1.05).

    The factor is log-uniform, so that doubling is as likely as halving.

    Args:
        high: largest factor, > 0, or one per image; 1 leaves the size alone.
        low: smallest factor, > 0, or one per image; 1 / high by default.

    Raises:
        ValueError: a factor of 0 or less; low above high.
    """

    draws = 1

    def __init__(self, high: Numbers, low: Numbers | None = None) -> None:
        super().__init__(high=high)
        self.above("high", 0)
        smallest = 1.0 / self.values["high"] if low is None else low
        super().__init__(low=smallest, high=high)
        self.above("low", 0)
        self.in_order("Scale(0.9) reads as 1/0.9 ... 0.9: write Scale(1.1), or Scale(1.0, low=0.9).")

    def matrix(self, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Read an enlarged image closer to its centre."""
        low, high = tf.math.log(values["low"]), tf.math.log(values["high"])
        closer = tf.exp(-(low + draws[:, 0] * (high - low)))
        return _rows([closer, 0.0, 0.0], [0.0, closer, 0.0])


class Rotate(Geometric):
    """Turn the image around its centre by a random angle (Olah et al., 2017: -5 to 5 degrees).

    Args:
        high: largest angle in degrees, counter-clockwise, or one per image.
        low: smallest angle in degrees, or one per image; -high by default.

    Raises:
        ValueError: more than a full turn; low above high.
    """

    draws = 1

    def __init__(self, high: Numbers, low: Numbers | None = None) -> None:
        super().__init__(high=high)
        super().__init__(high=high, low=-self.values["high"] if low is None else low)
        for name, values in self.values.items():
            if np.abs(values).max() > 360:
                raise ValueError(
                    f"Rotate takes degrees, from -360 to 360; got {name} {self._shown(name)}. "
                    "Degrees that were converted twice? np.degrees(radians) is needed once, and only for radians."
                )
        self.in_order("Rotate(20) turns by -20 to 20 degrees.")

    def matrix(self, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Read each pixel where it was before the turn."""
        degrees = values["low"] + draws[:, 0] * (values["high"] - values["low"])
        sine, cosine = tf.sin(degrees * np.pi / 180.0), tf.cos(degrees * np.pi / 180.0)
        return _rows([cosine, sine, 0.0], [-sine, cosine, 0.0])


class Flip(Geometric):
    """Mirror the image, left and right exchanged or upside down.

    Args:
        horizontal: probability of exchanging left and right, 0 to 1, or one per image.
        vertical: probability of turning the image upside down, 0 to 1, or one per image.

    Raises:
        ValueError: a probability outside 0 to 1.
    """

    draws = 2

    def __init__(self, horizontal: Numbers = 0.5, vertical: Numbers = 0.0) -> None:
        super().__init__(horizontal=horizontal, vertical=vertical)
        for name, values in self.values.items():
            if values.min() < 0 or values.max() > 1:
                raise ValueError(f"Flip: {name} is a probability from 0 to 1; got {self._shown(name)}.")

    def matrix(self, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Read mirrored images from the other side."""
        across = tf.where(draws[:, 0] < values["horizontal"], -1.0, 1.0)
        down = tf.where(draws[:, 1] < values["vertical"], -1.0, 1.0)
        return _rows([down, 0.0, 0.0], [0.0, across, 0.0])


class Pad(Geometric):
    """A grey margin around the image, which a later Jitter, Scale or Rotate brings into view (Olah et al., 2017).

    The network's input keeps its size: it sees the middle. Without a shift after it, Pad changes nothing.

    Args:
        pixels: width of the margin, >= 0, or one per image.

    Raises:
        ValueError: negative pixels.
    """

    pads = True

    def __init__(self, pixels: Numbers) -> None:
        super().__init__(pixels=pixels)
        self.at_least("pixels", 0)

    def matrix(self, draws: tf.Tensor, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Leave every pixel where it is."""
        one = tf.ones_like(values["pixels"])
        return _rows([one, 0.0, 0.0], [0.0, one, 0.0])

    def margin(self, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Return the margin, in whole pixels."""
        return tf.floor(values["pixels"])


def standard(strength: Numbers = 1.0) -> Compose:
    """Return the usual combination: pad 16, jitter 16, scale 0.95-1.05, rotate up to 5 degrees, jitter 8.

    The ranges are those of Olah et al. (2017); they draw the scale from five values, this one from all between.

    Args:
        strength: >= 0, or one per image; multiplies every range, 0 changes nothing.

    Raises:
        ValueError: a negative strength, or one of 20 and more, which would scale by 0.
    """
    s = np.asarray(numbers("standard: strength", strength), np.float32)
    if s.min() < 0 or s.max() >= 20:
        raise ValueError(f"standard: strength lies between 0 and 20, 1 is usual; got {shown(strength)}.")
    scale = Scale(1 + 0.05 * s, low=1 - 0.05 * s)
    return Compose(Pad(16 * s), Jitter(16 * s), scale, Rotate(5 * s), Jitter(8 * s))


def _rows(*rows: list) -> tf.Tensor:
    """Stack two rows of numbers or (N,) tensors, and the row 0 0 1, into (N, 3, 3)."""
    count = next(number.shape[0] for row in rows for number in row if isinstance(number, tf.Tensor))
    full = [[tf.broadcast_to(tf.cast(number, tf.float32), [count]) for number in row] for row in (*rows, [0, 0, 1])]
    return tf.stack([tf.stack(row, axis=1) for row in full], axis=1)
