"""Images in and out, and the images an ascent starts from.

Inside the course an image batch is always `(N, H, W, 3)` float32 in [-1, 1]; uint8 lives at the edges.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.transform import resize as _resize

from ..common.checks import whole_numbers
from ..common.errors import DamagedImage
from ..common.random_streams import start_uniform
from .decode import centre_square, decode

PHOTOGRAPHS = ("china", "flower")
LARGEST = 16_384  # pixels on a side; what is larger does not fit into memory, and says so only minutes later


def load_image(path: str | Path, size: int | None = None) -> np.ndarray:
    """Read one image file as `ImageFolder` reads it: turned upright, transparency on grey, any depth and palette.

    Args:
        path: a file that Pillow can read.
        size: if given, the centre square is cut out and brought to `size` pixels.

    Returns:
        (H, W, 3) float32 in [-1, 1].

    Raises:
        FileNotFoundError: there is no such file.
        DamagedImage: the file is not a readable image; a ValueError.
        ValueError: a size that is no whole number from 1 to 16,384.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no image at '{path}'. Without a file of your own, try 'china' or 'flower'.")
    side = None if size is None else pair(size)[0]
    try:
        return from_uint8(decode(path, side, "crop"))
    except DamagedImage as error:
        raise DamagedImage(f"'{path}' {error}") from error


def save_image(image: np.ndarray, path: str | Path) -> Path:
    """Write one image; the ending of the path chooses the format.

    Args:
        image: (H, W, 3) in [-1, 1].
        path: where; an existing file is replaced.

    Returns:
        The path.

    Raises:
        ValueError: another shape, NaN, values outside [-1, 1], or an unknown ending.
    """
    if np.ndim(image) != 3:
        raise ValueError(f"One image is (H, W, 3); got {np.shape(image)}. Save the images of a batch one by one.")
    path = Path(path)
    Image.fromarray(to_uint8(check_range(np.asarray(image)[None])[0])).save(path, quality=90)
    return path


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Map float images in [-1, 1] to uint8 in 0..255 (values outside are clipped).

    Raises:
        ValueError: they are whole numbers already.
    """
    if not np.issubdtype(np.asarray(images).dtype, np.floating):
        raise ValueError(f"to_uint8 takes floats in [-1, 1]; got {np.asarray(images).dtype}.")
    return np.round((np.clip(images, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)


def from_uint8(images: np.ndarray) -> np.ndarray:
    """Map uint8 images in 0..255 to float32 in [-1, 1].

    Raises:
        ValueError: they are not uint8.
    """
    if np.asarray(images).dtype != np.uint8:
        raise ValueError(f"from_uint8 takes uint8 in 0..255; got {np.asarray(images).dtype}.")
    return (np.asarray(images, np.float32) / 127.5 - 1.0).astype(np.float32)


def check_range(images: np.ndarray, dead: bool = False) -> np.ndarray:
    """Return a batch as float32, or say what is wrong with it.

    Args:
        images: (N, H, W, 3) in [-1, 1].
        dead: whether images may hold NaN: the mark of a dead start.

    Raises:
        ValueError: not (N, H, W, 3), whole numbers such as uint8, NaN, or values outside [-1, 1].
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] != 3 or not len(images):
        raise ValueError(f"A batch of images is (N, H, W, 3) with N > 0; got {images.shape}.")
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"Images are floats in [-1, 1]; got {images.dtype}. Bring uint8 there with fv.from_uint8(images)."
        )
    alive = images[~np.isnan(images).any(axis=(1, 2, 3))] if dead else images
    if not len(alive):
        return images.astype(np.float32)
    low, high = float(alive.min()), float(alive.max())
    if not (low >= -1.001 and high <= 1.001):  # also true for NaN
        what = "NaN (a dead start?)" if np.isnan(low) else f"values from {low:.4g} to {high:.4g}"
        raise ValueError(
            f"Images must lie in [-1, 1]; these have {what}. Bring uint8 there with fv.from_uint8(images)."
        )
    return np.clip(images, -1.0, 1.0, dtype=np.float32)


def resize(images: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Resize a batch bilinearly, smoothing first when it shrinks.

    Args:
        images: (N, H, W, 3) float32.
        size: side of a square, or (height, width), in pixels.

    Returns:
        (N, height, width, 3) float32.
    """
    height, width = pair(size)
    shrinks = height < images.shape[1] or width < images.shape[2]
    shape = (len(images), height, width, images.shape[3])
    return _resize(images, shape, order=1, mode="edge", anti_aliasing=shrinks).astype(np.float32)


def pair(size: int | Sequence[int]) -> tuple[int, int]:
    """Return (height, width) for a side or a pair of whole numbers from 1 to 16,384 pixels."""
    sides = whole_numbers("An image size", size, 1, LARGEST)
    if len(sides) > 2:
        raise ValueError(f"An image size is one side, or (height, width), in pixels; got {size}.")
    return sides[0], sides[-1]


def noise(size: int | tuple[int, int], seeds: Sequence[int], keys: Sequence[int], strength: float = 0.1) -> np.ndarray:
    """Uniform noise around grey: the start of a plain ascent.

    Args:
        size: side, or (height, width), in pixels.
        seeds: one integer per image.
        keys: one image key per image (see `common.random_streams`).
        strength: the noise lies in [-strength, strength]; above 0, at most 1.

    Returns:
        (N, height, width, 3) float32.

    Raises:
        ValueError: the strength is outside (0, 1].
    """
    if not 0.0 < strength <= 1.0:
        raise ValueError(f"The noise strength must be above 0 and at most 1; got {strength}.")
    shape = (*pair(size), 3)
    draws = [start_uniform(seed, key, shape) for seed, key in zip(seeds, keys, strict=True)]
    return ((2.0 * np.stack(draws) - 1.0) * np.float32(strength)).astype(np.float32)


def grey(size: int | tuple[int, int], count: int = 1) -> np.ndarray:
    """Return `count` images of value 0, the middle of the range: (count, height, width, 3) float32."""
    return np.zeros((count, *pair(size), 3), np.float32)


def photograph(name: str | Path = "china", size: int | None = None) -> np.ndarray:
    """Return one of the two photographs that come with scikit-learn, or a file of your own.

    Args:
        name: "china" (by danielbuechele) or "flower" (by vultilion), both Creative Commons Attribution 2.0 and
            427 x 640 pixels; or the path of an image.
        size: if given, the centre square at `size` pixels.

    Returns:
        (H, W, 3) float32 in [-1, 1].

    Raises:
        FileNotFoundError: neither of the two, and no such file.
        DamagedImage: the file is not a readable image; a ValueError.
    """
    if str(name) not in PHOTOGRAPHS:
        return load_image(name, size)
    from sklearn.datasets import load_sample_image

    photo = from_uint8(load_sample_image(f"{name}.jpg"))
    if size is None:
        return photo
    top, left, side = centre_square(*photo.shape[:2])
    return resize(photo[None, top : top + side, left : left + side], size)[0]
