"""The images within epsilon of an image: which they are, the nearest of them, and which way is up there.

Epsilon is a share of the pixel range [0, 1], as the literature writes it: 8/255 is eight grey levels of 255. Our images
live in [-1, 1], twice as wide, so that 8/255 allows a change of 16/255 here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..ascent.per_image import Numbers
from ..common.checks import choice, numbers, refusal

WIDTH = 2.0  # of our pixel range, in units of epsilon
TINY = 1e-30
ROUNDING = 6e-8  # of a value in [-1, 1] in float32; that of many values must not carry a picture out of the ball


class Ball(ABC):
    """All images in [-1, 1] within a radius of each of some images.

    Args:
        images: (N, H, W, 3) in [-1, 1].
        radius: (N,), in units of our images.
    """

    def __init__(self, images: np.ndarray, radius: np.ndarray) -> None:
        self.images, self.radius = images, radius.reshape(-1, 1, 1, 1)

    @abstractmethod
    def project(self, pictures: np.ndarray) -> np.ndarray:
        """Return an image of the ball for each picture (N, H, W, 3): itself if it is inside."""

    @abstractmethod
    def uphill(self, slopes: np.ndarray) -> np.ndarray:
        """Return the step of length 1, as the ball measures it, that climbs fastest along gradients (N, H, W, 3)."""

    def step(self, pictures: np.ndarray, slopes: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Go `length` (N,), in units of our images, up the gradients (N, H, W, 3), and come back into the ball."""
        moves = self.uphill(slopes) * length.reshape(-1, 1, 1, 1).astype(np.float32)
        return self.project(pictures + moves)


class Linf(Ball):
    """No value of a pixel differs by more than the radius."""

    def __init__(self, images: np.ndarray, radius: np.ndarray) -> None:
        super().__init__(images, radius)
        self.low = _rounded(np.maximum(images - self.radius, -1.0), upward=True)
        self.high = _rounded(np.minimum(images + self.radius, 1.0), upward=False)

    def project(self, pictures: np.ndarray) -> np.ndarray:
        return np.clip(pictures, self.low, self.high)

    def uphill(self, slopes: np.ndarray) -> np.ndarray:
        return np.sign(slopes)


class L2(Ball):
    """The root of the summed squares of all differences is at most the radius."""

    def project(self, pictures: np.ndarray) -> np.ndarray:
        change = pictures - self.images
        safe = np.maximum(self.radius * (1 - ROUNDING) - ROUNDING * np.sqrt(np.prod(change.shape[1:])), 0.0)
        factor = np.minimum(1.0, safe / np.maximum(_length(change), TINY))
        # Cutting at the ends of the range makes no difference larger, so the picture stays inside.
        return np.clip(self.images + change * factor.astype(np.float32), -1.0, 1.0)

    def uphill(self, slopes: np.ndarray) -> np.ndarray:
        return (slopes / np.maximum(_length(slopes), TINY)).astype(np.float32)


BALLS: dict[str, type[Ball]] = {"linf": Linf, "l2": L2}


def radii(name: str, epsilon: Numbers, count: int, norm: str) -> np.ndarray:
    """Return a length in units of our images for each image.

    Args:
        name: of the parameter.
        epsilon: in units of the pixel range [0, 1]; one for all images, or one per image.
        count: of the images.
        norm: "linf", which has to be below 1, or "l2".

    Raises:
        ValueError: negative, 1 or more for "linf", or another number of them than of images.
    """
    choice("norm", norm, BALLS)
    values = np.array(numbers(name, epsilon))
    if values.min() < 0:
        raise refusal(name, "0 or more", epsilon)
    if norm == "linf" and values.max() >= 1:
        raise refusal(
            name, "a share of the pixel range, below 1", epsilon,
            f"Grey levels are divided by 255: 8 levels are 8/255, and {values.max():g} are {values.max():g}/255.",
        )  # fmt: skip
    if len(values) not in (1, count):
        raise ValueError(f"{name} has {len(values)} values for {count} images: give one for all, or one per image.")
    return np.broadcast_to(WIDTH * values, count)


def _rounded(bound: np.ndarray, upward: bool) -> np.ndarray:
    """Return float32 that lie on the inner side of a float64 bound: rounding to the nearest may leave the ball."""
    near = bound.astype(np.float32)
    wrong = near < bound if upward else near > bound
    return np.where(wrong, np.nextafter(near, np.float32(np.inf if upward else -np.inf)), near)


def _length(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("nhwc,nhwc->n", values, values, dtype=np.float64)).reshape(-1, 1, 1, 1)
