"""Maps made of the gradient: which pixels would change the score if they changed a little."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..ascent.term import Objective
from ..common.arrays import as_array
from ..common.checks import flag, number, whole_number
from ..data.images import check_range
from ..models.backbone import Backbone
from .baselines import content_key
from .probe import Probe

MOST_SAMPLES = 100_000  # noisy copies of an image


def gradient(
    backbone: Backbone, objective: Objective, images: np.ndarray, relu: str = "plain", batch: int | None = None
) -> np.ndarray:
    """Return the gradient of the objective at each image.

    Args:
        backbone: the network.
        objective: what is explained, such as `class_score(281)`, the score before the softmax; one unit for all
            images, or one per image.
        images: (N, H, W, 3) in [-1, 1].
        relu: what ReLUs pass back; see `Backbone.truncate`.
        batch: pictures at once; None takes as many as have 1.6 million pixels.

    Returns:
        (N, H, W, 3) float32, in units of the objective per unit of the image.

    Raises:
        ValueError: see `Probe`.
    """
    probe = Probe(backbone, objective, images, relu, batch)
    return probe.mean_slope(1, lambda rows, _: probe.images[rows])[1]


def magnitude(gradients: np.ndarray) -> np.ndarray:
    """Return the largest |value| over the three colours: (N, H, W, 3) -> (N, H, W).

    Raises:
        ValueError: no such array.
    """
    sizes = np.abs(as_array("gradients", gradients, "an array of numbers (N, H, W, 3)", 4))
    return np.maximum(np.maximum(sizes[..., 0], sizes[..., 1]), sizes[..., 2])  # max(axis=-1) takes eight times as long


def saliency(
    backbone: Backbone, objective: Objective, images: np.ndarray, signed: bool = False, batch: int | None = None
) -> np.ndarray:
    """Return the saliency map of Simonyan et al. (2014): the largest |gradient| over the three colours.

    Args:
        backbone, objective, images, batch: as for `gradient`.
        signed: return the sum over the colours instead: positive where a brighter pixel raises the objective.

    Returns:
        (N, H, W) float32.

    Raises:
        ValueError: see `Probe`.
    """
    signed = flag("signed", signed)
    return _flat(gradient(backbone, objective, images, batch=batch), signed)


def gradient_times_input(
    backbone: Backbone, objective: Objective, images: np.ndarray, batch: int | None = None
) -> np.ndarray:
    """Return gradient x image, summed over the colours: a linear network's score, pixel by pixel.

    The image counts from grey, which is 0. Arguments and errors as for `gradient`.

    Returns:
        (N, H, W) float32, signed.
    """
    return (gradient(backbone, objective, images, batch=batch) * check_range(images)).sum(axis=-1)


def smoothgrad(
    backbone: Backbone,
    objective: Objective,
    images: np.ndarray,
    noise: float = 0.15,
    samples: int = 50,
    seed: int = 0,
    signed: bool = False,
    batch: int | None = None,
) -> np.ndarray:
    """Return the saliency of the gradient's mean over noisy copies of each image (Smilkov et al., 2017).

    Args:
        backbone, objective, images, batch: as for `gradient`.
        noise: standard deviation, as a share of the image's own range (its highest value minus its lowest), 0 to 100.
        samples: noisy copies of each image, 1 to 100,000.
        seed: of the noise. The same seed gives an image the same noise in any batch.
        signed: as for `saliency`.

    Returns:
        (N, H, W) float32.

    Raises:
        ValueError: a number out of range, a seed that is no whole number; see also `Probe`.
    """
    noise, samples = number("noise", noise, 0.0, 100.0), whole_number("samples", samples, 1, MOST_SAMPLES)
    signed = flag("signed", signed)
    seed = whole_number("seed", seed, -(2**63), 2**63 - 1)
    probe = Probe(backbone, objective, images, batch=batch)
    keys = [content_key(image) for image in probe.images]
    sigma = noise * np.ptp(probe.images, axis=(1, 2, 3))

    def noisy(rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        pictures = np.empty((len(rows), *probe.images.shape[1:]), np.float32)

        def draw(picture: np.ndarray, row: int, sample: int) -> None:
            _normal(picture, seed, keys[row], sample)
            picture *= sigma[row]
            picture += probe.images[row]

        with ThreadPoolExecutor() as threads:  # numpy draws without Python's lock, and the network waits meanwhile
            list(threads.map(draw, pictures, rows, numbers))
        return pictures

    return _flat(probe.mean_slope(samples, noisy)[1], signed)


def _normal(picture: np.ndarray, seed: int, key: int, sample: int) -> None:
    words = np.array([seed % 2**64, key], np.uint64)
    generator = np.random.Generator(np.random.Philox(key=words, counter=[0, sample, 0, 0]))
    generator.standard_normal(dtype=np.float32, out=picture)


def _flat(gradients: np.ndarray, signed: bool) -> np.ndarray:
    return gradients.sum(axis=-1) if signed else magnitude(gradients)
