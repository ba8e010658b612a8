"""Images in and out, and the images an ascent starts from.

Inside the course an image batch is always `(N, H, W, 3)` float32 in [-1, 1]; uint8 lives at the edges.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.transform import resize as _resize

from ..common.checks import file_name, number_above, refusal, shown, whole_number, whole_numbers
from ..common.errors import DamagedImage
from ..common.files import write_bytes
from ..common.random_streams import start_uniform
from .decode import centre_square, decode
from .sizes import fit_at_once, most_at_once, pair, square

PHOTOGRAPHS = ("china", "flower")
OTHER_SIZES = ("ICO", "ICNS")  # formats that bring a picture to a size of their own, and say nothing


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
    path = file_name("The image", path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no image at '{path}'. Without a file of your own, try 'china' or 'flower'.")
    side = None if size is None else square(size)
    try:
        return from_uint8(decode(path, side, "crop"))
    except DamagedImage as error:
        raise DamagedImage(f"'{path}' {error}") from error


def save_image(image: np.ndarray, path: str | Path) -> Path:
    """Write one image; the ending of the path chooses the format.

    Args:
        image: (H, W, 3) in [-1, 1].
        path: where; an existing file is replaced, and missing folders above it are made.

    Returns:
        The path.

    Raises:
        ValueError: another shape, NaN, values outside [-1, 1], or an ending that is unknown, or of a format that cannot
            hold the picture.
        OSError: it cannot be written; what was there before stays then.
    """
    given = _array(image)
    if given is None or given.ndim != 3:
        raise refusal("image", "one picture (H, W, 3)", image, "Save the images of a batch one by one.")
    path = file_name("The file of the image", path)
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None or kind in OTHER_SIZES:
        raise ValueError(f"The ending of '{path}' must be that of an image format, such as .png or .jpg.")
    picture = Image.fromarray(to_uint8(check_range(given[None], name="image")[0]))
    try:
        content = image_file(picture, kind, 90)
    except (KeyError, ValueError, OSError) as error:  # a format that Pillow only reads, or that is too small for it
        raise ValueError(f"The ending of '{path}' is of a format that cannot hold it ({kind}); use .png.") from error
    write_bytes(path, content)
    return path


def image_file(picture: Image.Image, kind: str, quality: int) -> bytes:
    """Return a picture as the content of a file.

    Pillow itself leaves half a JPEG on a full disk and says nothing: it does not look at how much was written.

    Args:
        picture: the picture.
        kind: Pillow's name of the format: "JPEG".
        quality: of a JPEG, 0 to 100.
    """
    file = io.BytesIO()
    picture.save(file, kind, quality=quality)
    return file.getvalue()


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Map float images in [-1, 1] to uint8 in 0..255 (values outside are clipped).

    Raises:
        ValueError: they are whole numbers already.
    """
    given = _array(images)
    if given is None or not given.size or given.dtype.kind != "f" or not given.ndim or np.isnan(given).any():
        raise ValueError(f"to_uint8 takes an array of floats in [-1, 1]; got {shown(images)}.")
    return np.round((np.clip(given, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)


def from_uint8(images: np.ndarray) -> np.ndarray:
    """Map uint8 images in 0..255 to float32 in [-1, 1].

    Raises:
        ValueError: they are not uint8.
    """
    if getattr(images, "dtype", None) != np.uint8:
        raise ValueError(f"from_uint8 takes an array of uint8 in 0..255; got {shown(images)}.")
    return (np.asarray(images, np.float32) / 127.5 - 1.0).astype(np.float32)


def as_pictures(images: object, name: str = "images") -> np.ndarray:
    """Return a batch of pictures as an array of floats, whatever their range.

    Args:
        images: (N, H, W, 3).
        name: what the message calls them.

    Raises:
        ValueError: not such an array, or whole numbers such as uint8.
    """
    given = images if isinstance(images, np.ndarray) else _array(images)
    if given is None or given.ndim != 4 or given.shape[-1] != 3 or not len(given):
        raise refusal(name, "a batch of images (N, H, W, 3) with N > 0, in [-1, 1]", images)
    if not np.issubdtype(given.dtype, np.floating):
        raise ValueError(
            f"{name} must be floats in [-1, 1]; got {given.dtype}. Bring uint8 there with fv.from_uint8(images)."
        )
    return given


def _array(images: object) -> np.ndarray | None:
    try:
        return np.asarray(images)
    except (ValueError, TypeError):  # lists of different lengths, and objects that are no arrays
        return None


def check_range(images: np.ndarray, dead: bool = False, name: str = "images") -> np.ndarray:
    """Return a batch as float32, or say what is wrong with it.

    Args:
        images: (N, H, W, 3) in [-1, 1].
        dead: whether images may hold NaN: the mark of a dead start.
        name: what the message calls them.

    Raises:
        ValueError: not (N, H, W, 3), whole numbers such as uint8, NaN, or values outside [-1, 1].
    """
    images = as_pictures(images, name)
    alive = images[~np.isnan(images).any(axis=(1, 2, 3))] if dead else images
    if not len(alive):
        return images.astype(np.float32)
    low, high = float(alive.min()), float(alive.max())
    if not (low >= -1.001 and high <= 1.001):  # also true for NaN
        what = "NaN (a dead start?)" if np.isnan(low) else f"values from {low:.4g} to {high:.4g}"
        raise ValueError(
            f"{name} must lie in [-1, 1]; these have {what}. Bring uint8 there with fv.from_uint8(images)."
        )
    return np.clip(images, -1.0, 1.0, dtype=np.float32)


def resize(images: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Resize a batch bilinearly, smoothing first when it shrinks.

    Args:
        images: (N, H, W, 3) float32.
        size: side of a square, or (height, width), in pixels.

    Returns:
        (N, height, width, 3) float32.

    Raises:
        ValueError: no such images or size, or together more pixels than fit into memory.
    """
    images, (height, width) = as_pictures(images), pair(size)
    fit_at_once("The number of images", len(images), height, width)
    shrinks = height < images.shape[1] or width < images.shape[2]
    shape = (len(images), height, width, images.shape[3])
    return _resize(images, shape, order=1, mode="edge", anti_aliasing=shrinks).astype(np.float32)


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
        ValueError: the strength is outside (0, 1], or the images have more pixels than fit into memory.
    """
    strength = number_above("The noise strength", strength, 0, 1)
    shape = (*pair(size), 3)
    seeds = whole_numbers("seeds", seeds, -(2**63), 2**63 - 1)
    keys = whole_numbers("keys", keys, 0, 2**32 - 1)
    if len(seeds) != len(keys):
        raise ValueError(f"noise takes as many seeds as keys; got seeds {shown(seeds)} and keys {shown(keys)}.")
    fit_at_once("The number of seeds", len(seeds), *shape[:2])
    draws = [start_uniform(seed, key, shape) for seed, key in zip(seeds, keys, strict=True)]
    return ((2.0 * np.stack(draws) - 1.0) * np.float32(strength)).astype(np.float32)


def grey(size: int | tuple[int, int], count: int = 1) -> np.ndarray:
    """Return `count` images of value 0, the middle of the range: (count, height, width, 3) float32."""
    height, width = pair(size)
    return np.zeros((whole_number("count", count, 1, most_at_once(height, width)), height, width, 3), np.float32)


def photograph(name: str | Path = "china", size: int | None = None) -> np.ndarray:
    """Return one of the photographs that come with the dependencies, or a file of your own.

    Args:
        name: "china" (by danielbuechele) or "flower" (by vultilion), both Creative Commons Attribution 2.0 and
            427 x 640 pixels; another name of `data.PHOTOGRAPHS`, which has authors and licences; or the path of an
            image.
        size: if given, the centre square at `size` pixels.

    Returns:
        (H, W, 3) float32 in [-1, 1].

    Raises:
        FileNotFoundError: none of these, and no such file.
        DamagedImage: the file is not a readable image; a ValueError.
    """
    if str(name) not in PHOTOGRAPHS:
        from .photographs import PHOTOGRAPHS as SHIPPED  # which imports this module

        return load_image(next((one.path for one in SHIPPED if one.name == str(name) and one.path), name), size)
    side = None if size is None else square(size)
    from sklearn.datasets import load_sample_image

    photo = from_uint8(load_sample_image(f"{name}.jpg"))
    if side is None:
        return photo
    top, left, edge = centre_square(*photo.shape[:2])
    return resize(photo[None, top : top + edge, left : left + edge], side)[0]
