"""What the ascent really moves: the pixels themselves, or the coefficients of waves in decorrelated colours.

Both give images in [-1, 1]. The choice changes which images are easy to reach: in pixels, noise of any frequency
costs the same; with 1/f scaled Fourier coefficients, smooth structure comes first (Olah et al., 2017).
"""

import numpy as np
import tensorflow as tf

from .streams import start_uniform

# Square root of the covariance of the colours (R, G, B in [-1, 1]) of 800 ImageNet photographs, one a class, each
# at 64 x 64 pixels. Its columns are, nearly, brightness, warm-cold and green-magenta.
COLOUR_ROOT = np.asarray(
    [[0.497, -0.186, -0.050], [0.510, 0.003, 0.105], [0.516, 0.176, -0.055]], np.float32
)  # fmt: skip
CONTRAST = 0.25  # keeps the first hundred steps inside the steep part of tanh


class Pixels:
    """The image itself, clipped to [-1, 1] after each step.

    Args:
        noise: a start without an image is uniform noise in [-noise, noise]; above 0, at most 1.
    """

    pixels = True
    structure = ("pixels",)

    def __init__(self, noise: float = 0.1) -> None:
        if not 0.0 < noise <= 1.0:
            raise ValueError(f"Pixels: noise must be above 0 and at most 1; got {noise}.")
        self.noise = noise

    def describe(self) -> dict:
        """Return name and values, for records."""
        return {"name": "Pixels", "noise": self.noise}

    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        """Return start parameters (N, H, W, 3), each image from its own random stream."""
        draws = [start_uniform(s, k, (height, width, 3)) for s, k in zip(seeds, keys, strict=True)]
        return (2.0 * np.stack(draws) - 1.0) * np.float32(self.noise)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the parameters of given images."""
        return images

    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        """Return the images (N, H, W, 3) of given parameters."""
        return parameters

    def constrain(self, parameters: tf.Tensor) -> tf.Tensor:
        """Return the parameters after a step, back inside [-1, 1]."""
        return tf.clip_by_value(parameters, -1.0, 1.0)


class Fourier:
    """Coefficients of a real Fourier transform, scaled by 1/f, in decorrelated colours, squashed by tanh.

    image = tanh(M c / 4), c = inverse real FFT of (coefficients / frequency); M mixes three independent colour
    axes into R, G, B with the covariance of natural images.

    Args:
        noise: standard deviation of the coefficients at the start; > 0.
        decorrelate: False moves R, G and B themselves.
    """

    pixels = False

    def __init__(self, noise: float = 0.01, decorrelate: bool = True) -> None:
        if noise <= 0:
            raise ValueError(f"Fourier: noise must be above 0; got {noise}.")
        self.noise, self.decorrelate = noise, decorrelate
        mix = COLOUR_ROOT / np.linalg.norm(COLOUR_ROOT, axis=1).max() if decorrelate else np.eye(3)
        self.mix = np.asarray(CONTRAST * mix, np.float32)

    @property
    def structure(self) -> tuple:
        """What the compiled step depends on."""
        return ("fourier", self.decorrelate)

    def describe(self) -> dict:
        """Return name and values, for records."""
        return {"name": "Fourier", "noise": self.noise, "decorrelate": self.decorrelate}

    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        """Return start coefficients (N, 3, H, W // 2 + 1, 2), each image from its own random stream."""
        shape = (3, height, width // 2 + 1, 2)
        draws = np.stack([start_uniform(s, k, shape) for s, k in zip(seeds, keys, strict=True)])
        # Uniform numbers with the wanted standard deviation: their shape is lost in the sum of many waves.
        return (2.0 * draws - 1.0) * np.float32(self.noise * np.sqrt(3.0))

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the coefficients of given images (pixels at the very ends of the range are pulled in by 1 %)."""
        height, width = images.shape[1:3]
        colours = np.arctanh(np.clip(images, -0.99, 0.99)) @ np.linalg.inv(self.mix).T
        waves = np.fft.rfft2(np.moveaxis(colours, -1, 1)) / self._scale(height, width)
        return np.stack([waves.real, waves.imag], axis=-1).astype(np.float32)

    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        """Return the images (N, H, W, 3) of given coefficients."""
        waves = tf.complex(parameters[..., 0], parameters[..., 1]) * self._scale(height, width)
        colours = tf.transpose(tf.signal.irfft2d(waves, fft_length=[height, width]), [0, 2, 3, 1])
        return tf.tanh(tf.einsum("nhwc,rc->nhwr", colours, self.mix))

    def constrain(self, parameters: tf.Tensor) -> tf.Tensor:
        """Return the coefficients as they are: tanh keeps every image inside [-1, 1]."""
        return parameters

    @staticmethod
    def _scale(height: int, width: int) -> np.ndarray:
        """1/f, held at the lowest frequency for the mean, times sqrt(HW) so that one noise fits every size."""
        frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
        lowest = 1.0 / max(height, width)
        return (np.sqrt(height * width) / np.maximum(frequency, lowest)).astype(np.complex64)
