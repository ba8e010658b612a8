"""From an image file to a square of pixels: cheaply, whatever the file's mode, and with a reason where it fails."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..common.errors import DamagedImage

POLICIES = ("squash", "crop")
GAP = 3.0  # a cheap first reduction stops at this many times the final side; below that, differences can be seen
GREY = (128, 128, 128, 255)  # what shows through transparent pixels


def decode(path: Path, size: int, policy: str = "squash") -> np.ndarray:
    """Read one image file as a square.

    JPEG files much larger than `size` are decoded at a half, a quarter or an eighth of their size (the transform of
    the format allows it). The camera's orientation is honoured, transparent pixels become grey, an animation is its
    first frame.

    Args:
        path: the file.
        size: side in pixels.
        policy: "squash" brings both sides to `size`, whatever the proportions; "crop" brings the shorter side to
            `size` and keeps the centre.

    Returns:
        (size, size, 3) uint8.

    Raises:
        DamagedImage: the file cannot be decoded, or has more pixels than Pillow allows.
        FileNotFoundError: the file is gone.
    """
    try:
        with Image.open(path) as file:
            file.draft(None, (round(size * GAP), round(size * GAP)))
            ImageOps.exif_transpose(file, in_place=True)
            picture = _as_rgb(file)
    except FileNotFoundError:
        raise  # a folder that vanishes half-way is no damaged image
    except Exception as error:  # Pillow's decoders raise whatever their parsers trip over
        text = str(error).replace(repr(str(path)), "").strip() or type(error).__name__
        raise DamagedImage(f"cannot be read as an image: {text}") from error
    box = None
    if policy == "crop":
        wide, high = picture.size
        side = min(wide, high)
        left, top = (wide - side) / 2, (high - side) / 2
        box = (left, top, left + side, top + side)
    return np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR, box=box, reducing_gap=GAP))


def _as_rgb(file: Image.Image) -> Image.Image:
    """Bring any of Pillow's modes to RGB."""
    if file.mode == "RGB" and "transparency" not in file.info:
        return file.copy()  # outlives the file; everything below makes a new image anyway
    if file.mode.startswith("I"):  # 16 bits, which Pillow would clip instead of scale
        return Image.fromarray((np.asarray(file) // 256).clip(0, 255).astype(np.uint8)).convert("RGB")
    if "A" in file.mode or "a" in file.mode or "transparency" in file.info:
        picture = file.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, GREY), picture).convert("RGB")
    return file.convert("RGB")
