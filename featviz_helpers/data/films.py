"""Pictures that move."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ..common.checks import file_name, flag, whole_number
from ..common.files import write_bytes
from .images import check_range, to_uint8


def save_gif(frames: np.ndarray, path: str | Path, milliseconds: int = 100, back: bool = True) -> Path:
    """Write frames as a GIF that repeats for ever.

    Args:
        frames: (N, H, W, 3) in [-1, 1], two or more.
        path: where, with the ending .gif; an existing file is replaced.
        milliseconds: how long each frame is shown, 20 to 10,000; the format counts in tens of them.
        back: show the frames in reverse after the last, so that the film has no jump at its end.

    Returns:
        The path.

    Raises:
        ValueError: one frame, another ending, NaN or values outside [-1, 1].
        OSError: it cannot be written; what was there before stays then.
    """
    frames = check_range(frames, name="frames")
    if len(frames) < 2:
        raise ValueError(f"A GIF needs two frames or more; got {len(frames)}. For one picture there is save_image.")
    path = file_name("The file of the GIF", path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"The ending of '{path}' must be .gif.")
    milliseconds = whole_number("milliseconds", milliseconds, 20, 10_000)
    order = [*range(len(frames)), *(range(len(frames) - 2, 0, -1) if flag("back", back) else ())]
    # One palette for all frames: with one each, flat areas flicker.
    strip = Image.fromarray(np.concatenate(to_uint8(frames), axis=0)).quantize(256, dither=Image.Dither.NONE)
    pages = [Image.fromarray(picture).quantize(palette=strip, dither=Image.Dither.NONE) for picture in to_uint8(frames)]
    file = io.BytesIO()
    first, *rest = [pages[number] for number in order]
    first.save(file, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    write_bytes(path, file.getvalue())
    return path
