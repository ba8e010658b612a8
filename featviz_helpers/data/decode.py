"""The one reader of image files: whatever the file's mode, RGB pixels come out, or the reason why not."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..common.errors import DamagedImage

POLICIES = ("squash", "crop")
REDUCING_GAP = 3.0  # a cheap first reduction stops at this many times the final side; below it, differences can be seen
BACKGROUND = (128, 128, 128, 255)  # shows through transparent pixels
# What brings a number of a PNG to the 8 bits that Pillow decodes it to, by Pillow's name of its pixels.
TO_EIGHT_BITS = {"L;2": lambda tone: tone * 85, "L;4": lambda tone: tone * 17, "RGB;16B": lambda tone: tone >> 8}


def decode(path: Path, size: int | None = None, policy: str = "squash") -> np.ndarray:
    """Read one image file.

    The camera's orientation is applied, transparent pixels show a grey background, 16 bits are scaled to 8, and an
    animation is its first frame. JPEG files much larger than `size` are decoded at a half, a quarter or an eighth of
    their size, which their format makes cheap.

    Args:
        path: the file.
        size: side in pixels of the square that the image becomes; None keeps its own height and width.
        policy: "squash" brings both sides to `size`, whatever the proportions; "crop" brings the centre square to it.

    Returns:
        (size, size, 3) or (H, W, 3) uint8.

    Raises:
        DamagedImage: the file cannot be decoded, has more pixels than Pillow considers safe, or has pixels whose range
            is not known.
        FileNotFoundError: the file is gone.
        OSError, MemoryError: the machine is in trouble, and the file may be whole.
    """
    try:
        with Image.open(path) as file:
            if size is not None:
                file.draft(None, (round(size * REDUCING_GAP), round(size * REDUCING_GAP)))
            _count_clear_tone_in_eight_bits(file)
            ImageOps.exif_transpose(file, in_place=True)
            picture = _as_rgb(file)
    except FileNotFoundError:
        raise  # a folder that vanishes half-way is not a damaged image
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever their parsers trip over
        if isinstance(error, OSError) and error.errno is not None:
            raise  # trouble of the machine, such as too many open files; Pillow's own errors have no number
        text = str(error).replace(repr(str(path)), "").strip() or type(error).__name__
        raise DamagedImage(f"cannot be read as an image: {text}") from error
    if size is None:
        return np.asarray(picture)
    box = None
    if policy == "crop":
        top, left, side = centre_square(picture.height, picture.width)
        box = (left, top, left + side, top + side)
    resized = picture.resize((size, size), Image.Resampling.BILINEAR, box=box, reducing_gap=REDUCING_GAP)
    return np.asarray(resized)


def centre_square(height: int, width: int) -> tuple[int, int, int]:
    """Return top, left and side of the largest square in the middle of an image, in pixels."""
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side


def _count_clear_tone_in_eight_bits(file: Image.Image) -> None:
    """Mend the clear tone of a PNG before it is decoded: Pillow leaves it as it is in the file, and its pixels not."""
    pixels = file.tile[0].args if file.format == "PNG" and file.tile else None
    if "transparency" in file.info and (to_eight := TO_EIGHT_BITS.get(pixels)):
        tone = file.info["transparency"]
        file.info["transparency"] = tuple(map(to_eight, tone)) if isinstance(tone, tuple) else to_eight(tone)


def _as_rgb(file: Image.Image) -> Image.Image:
    """Bring any of Pillow's modes to RGB."""
    if file.mode == "RGB" and "transparency" not in file.info:
        return file.copy()  # outlives the file; everything below makes a new image anyway
    if file.mode == "F":
        raise ValueError("its pixels are floating-point numbers of unknown range; save it with 8 or 16 bits per colour")
    picture = _as_grey(file) if file.mode.startswith("I") else file
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, BACKGROUND), picture).convert("RGB")
    return picture.convert("RGB")


def _as_grey(file: Image.Image) -> Image.Image:
    """Scale 16-bit grey, which Pillow would clip, to 8 bits; with transparency if the file declares a clear tone."""
    tones = np.asarray(file)
    if tones.min() < 0 or tones.max() > 65535:
        raise ValueError(f"its pixels run from {tones.min()} to {tones.max()}; save it with 8 or 16 bits per colour")
    grey = Image.fromarray(np.round(tones / 257.0).astype(np.uint8))
    if "transparency" in file.info:
        grey.putalpha(Image.fromarray(np.where(tones == file.info["transparency"], 0, 255).astype(np.uint8)))
    return grey
