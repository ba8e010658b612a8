"""Images that somebody uploads, as ipywidgets 7 and 8 hand them over."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..common.errors import DamagedImage, printable
from ..data.images import load_image


def uploaded(value: Any) -> list[tuple[str, bytes]]:
    """Return name and content of each file of a FileUpload.

    Args:
        value: the widget's; ipywidgets 7 has name -> file, 8 has a tuple of files.
    """
    if isinstance(value, Mapping):
        return [(str(name), bytes(file["content"])) for name, file in value.items()]
    return [(str(file["name"]), bytes(file["content"])) for file in value]


def read_upload(name: str, content: bytes, size: int) -> np.ndarray:
    """Return the centre square of an image file.

    Args:
        name: what the user's file is called.
        content: of the file.
        size: side in pixels.

    Returns:
        (size, size, 3) float32 in [-1, 1].

    Raises:
        DamagedImage: it cannot be read as an image; the message names the user's file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        try:
            return load_image(path, size)
        except DamagedImage as error:
            reason = str(error).replace(f"'{path}' ", "")
            raise DamagedImage(f"{printable(name)} {reason}. Upload a PNG, JPEG or WebP picture.") from error
