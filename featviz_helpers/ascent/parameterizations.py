"""What the ascent really moves: the pixels themselves, or the coefficients of waves in decorrelated colours.

All give images in [-1, 1]. The choice changes which images are easy to reach: in pixels, noise of any frequency
costs the same; with 1/f scaled Fourier coefficients, smooth structure comes first (Olah et al., 2017); with fixed
magnitudes nothing but the phases is left to choose (Fel et al., 2023).
"""

from abc import ABC, abstractmethod

import numpy as np
import tensorflow as tf

from ..common.checks import flag, number_above
from ..common.random_streams import start_uniform
from ..data.frequencies import frequency_grid
from .colours import colour_mix, squash, unsquash

# Mean magnitude of the waves in the same photographs at 224 x 224 pixels, per colour axis: A / f^a with f in cycles
# per pixel, times the square root of the number of pixels. The straight line misses the means by 7 % in the middle.
NATURAL = np.asarray([[0.180, 1.257], [0.147, 1.250], [0.213, 1.153]], np.float32)


class Parameterization(ABC):
    """What is moved, and how it becomes an image; subclass and define `start` and `decode`.

    `encode`, which leads back from an image, is optional: a start image, octaves and projections need it.

    Attributes:
        transparent: whether the ascent adds up how much each place of the image mattered; see `Result.transparency`.
        couples: whether an image depends on the parameters of others of its batch, which is then not split.
    """

    transparent = False
    couples = False

    @abstractmethod
    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        """Return start parameters (N, ...) float32, each image from its own random stream.

        Args:
            seeds, keys: per image, see `random_streams`.
            height, width: of the image, in pixels.
        """

    @abstractmethod
    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        """Return the images (N, H, W, 3) in [-1, 1] of given parameters."""

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Return the parameters of given images (N, H, W, 3) in [-1, 1].

        Raises:
            ValueError: this parameterization has no way back.
        """
        raise ValueError(
            f"{type(self).__name__} cannot turn an image into parameters (it defines no encode), and start images, "
            "octaves and projections need that. Leave them out, or use Pixels(), Fourier() or MACO()."
        )

    def constrain(self, parameters: tf.Tensor) -> tf.Tensor:
        """Return the parameters after a step, back inside their limits; without limits, as they are."""
        return parameters

    @property
    def encodes(self) -> bool:
        """Whether there is a way back from an image."""
        return type(self).encode is not Parameterization.encode

    @property
    def structure(self) -> tuple:
        """What the compiled step depends on; by default the object itself, so that two are never mixed up."""
        return (self,)

    def describe(self) -> dict:
        """Return name and values, for records."""
        return {"name": type(self).__name__}


class Pixels(Parameterization):
    """The image itself, clipped to [-1, 1] after each step.

    Args:
        noise: a start without an image is uniform noise in [-noise, noise]; above 0, at most 1.
    """

    def __init__(self, noise: float = 0.1) -> None:
        self.noise = number_above("Pixels: noise", noise, 0, 1)

    @property
    def structure(self) -> tuple:
        return ("pixels",) if type(self) is Pixels else super().structure

    def describe(self) -> dict:
        return {**super().describe(), "noise": self.noise}

    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        draws = [start_uniform(s, k, (height, width, 3)) for s, k in zip(seeds, keys, strict=True)]
        return (2.0 * np.stack(draws) - 1.0) * np.float32(self.noise)

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        return images

    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        return parameters

    def constrain(self, parameters: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(parameters, -1.0, 1.0)


class Fourier(Parameterization):
    """Coefficients of a real Fourier transform, scaled by 1/f, in decorrelated colours, squashed by tanh.

    image = tanh(M c / 4), c = inverse real FFT of (coefficients / frequency); M mixes three independent colour
    axes into R, G, B with the covariance of natural images.

    The same climb in a batch of another size may end in another picture of about the same activation. Kernels add up in
    another order there, so gradients differ by their rounding, and waves carry that into every pixel. For the first
    steps pictures agree to 1e-5. Then one ReLU out of many lands on the other side of zero, the gradient changes by its
    whole share, and the climbs part: on ShapesNet one flipped unit stood a step before each parting, with plain ascent
    as with Adam, and with softplus in place of ReLUs 24 steps agreed to 4e-4.

    Args:
        noise: standard deviation of the coefficients at the start; above 0, at most 1000.
        decorrelate: False moves R, G and B themselves.

    Attributes:
        mix: (3, 3), M / 4: rows R, G, B, columns brightness, warm-cold, green-magenta.
    """

    def __init__(self, noise: float = 0.01, decorrelate: bool = True) -> None:
        self.noise = number_above("Fourier: noise", noise, 0, 1000)
        self.decorrelate = flag("decorrelate", decorrelate)
        self.mix = colour_mix(decorrelate)

    @property
    def structure(self) -> tuple:
        return ("fourier", self.decorrelate) if type(self) is Fourier else super().structure

    def describe(self) -> dict:
        return {**super().describe(), "noise": self.noise, "decorrelate": self.decorrelate}

    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        """Return start coefficients (N, 3, H, W // 2 + 1, 2), each image from its own random stream."""
        shape = (3, height, width // 2 + 1, 2)
        draws = np.stack([start_uniform(s, k, shape) for s, k in zip(seeds, keys, strict=True)])
        # Uniform numbers with the wanted standard deviation: their shape is lost in the sum of many waves.
        return (2.0 * draws - 1.0) * np.float32(self.noise * np.sqrt(3.0))

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Return the coefficients of given images (pixels at the very ends of the range are pulled in a little)."""
        waves = _waves(images, self.mix) / self._scale(*images.shape[1:3])
        return tf.stack([tf.math.real(waves), tf.math.imag(waves)], axis=-1)

    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        return squash(self.colours(parameters, height, width), self.mix)

    def colours(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        """Return the three colour axes (N, H, W, 3) of given coefficients, before they become red, green and blue."""
        # Not by slices: their gradients fill an array of zeros each, which took a fifth of a step of lite0.
        waves = tf.complex(*tf.unstack(parameters, axis=-1)) * self._scale(height, width)
        return _plane(waves, height, width)

    @staticmethod
    def _scale(height: int, width: int) -> np.ndarray:
        """1/f, held at the lowest frequency for the mean, times sqrt(HW) so that one noise fits every size."""
        lowest = 1.0 / max(height, width)
        return (np.sqrt(height * width) / np.maximum(_frequency(height, width), lowest)).astype(np.complex64)


class MACO(Parameterization):
    """Magnitude-constrained optimisation (Fel et al., 2023): the spectrum of photographs, and only the phase is free.

    image = tanh(M c), c = inverse real FFT of (A / f^a * exp(i phase)); A and a, one each per colour axis, were
    measured on photographs. The start is a random phase: noise with the spectrum of photographs, which fills the whole
    image, so the authors show a picture through a mask of where the gradient was: see `Result.transparency`.
    """

    transparent = True

    def __init__(self) -> None:
        self.mix = colour_mix(decorrelate=True)

    @property
    def structure(self) -> tuple:
        return ("maco",) if type(self) is MACO else super().structure

    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        """Return random phases (N, 3, H, W // 2 + 1) in [-pi, pi), each image from its own random stream."""
        shape = (3, height, width // 2 + 1)
        draws = [start_uniform(s, k, shape) for s, k in zip(seeds, keys, strict=True)]
        phases = (2.0 * np.stack(draws) - 1.0) * np.float32(np.pi)
        # Where f and -f are both stored, one is drawn and the other its opposite. Left to `decode`, which takes half of
        # their difference, phases would gather around zero, and all starts would be bright along one border.
        doubled = [0, -1] if width % 2 == 0 else [0]
        opposite = -np.roll(phases[:, :, ::-1], 1, axis=2)
        second = (np.arange(height) > height // 2)[:, None]
        phases[..., doubled] = np.where(second, opposite[..., doubled], phases[..., doubled])
        return phases

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Return the phases of given images; their magnitudes are lost."""
        return tf.math.angle(_waves(images, self.mix))

    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        # In the first column, and the last of an even width, waves f and -f are both stored. Of a real image they
        # have opposite phases; left to themselves they would cancel in part, and the magnitude would not be fixed.
        opposite = tf.roll(tf.reverse(parameters, axis=[2]), shift=1, axis=2)
        twice = np.zeros(width // 2 + 1, bool)
        twice[[0, -1] if width % 2 == 0 else [0]] = True
        phases = tf.where(twice, (parameters - opposite) / 2.0, parameters)
        magnitude = self._magnitude(height, width)
        waves = tf.complex(magnitude * tf.cos(phases), magnitude * tf.sin(phases))
        return squash(_plane(waves, height, width), self.mix)

    @staticmethod
    def _magnitude(height: int, width: int) -> np.ndarray:
        """Return (3, H, W // 2 + 1) magnitudes; 0 for the mean, so that the picture is grey on average."""
        frequency, side = _frequency(height, width), np.sqrt(height * width)
        frequency[0, 0] = np.inf
        size, power = NATURAL[:, :1, None], NATURAL[:, 1:, None]
        # The last factor makes a picture of another size the same picture, resized.
        return (side * size / frequency**power * (side / 224) ** (1 - power)).astype(np.float32)


def _frequency(height: int, width: int) -> np.ndarray:
    """Return (H, W // 2 + 1) distances from frequency zero, in cycles per pixel."""
    return np.hypot(*frequency_grid(height, width))


def _plane(waves: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """(N, 3, H, W // 2 + 1) waves of three colour axes -> (N, H, W, 3) of them."""
    return tf.transpose(tf.signal.irfft2d(waves, fft_length=[height, width]), [0, 2, 3, 1])


def _waves(images: tf.Tensor, mix: np.ndarray) -> tf.Tensor:
    """Undo `_plane` and `squash`."""
    return tf.signal.rfft2d(tf.transpose(unsquash(images, mix), [0, 3, 1, 2]))
