"""The page of an atlas: one HTML file with its pictures, its numbers, its style and its script inside."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, FunctionLoader
from PIL import Image

from ..data.image_sets import ImageSet
from ..data.images import image_file, to_uint8

QUALITY = 80  # of WebP
THUMBNAIL = 112  # pixels of an image of the data set
TEMPLATES = files("featviz_helpers") / "explorer" / "templates"


class Pictures:
    """The pictures of a page as WebP; each image of the data set is in it once, however many channels it drives."""

    def __init__(self) -> None:
        self.images: list[dict[str, str]] = []
        self._numbers: dict[str, int] = {}

    def encode(self, image: np.ndarray) -> str:
        """Return a uint8 picture (H, W, 3) as base64 text."""
        return base64.b64encode(image_file(Image.fromarray(image), "WEBP", QUALITY)).decode()

    def image(self, data: ImageSet, name: str) -> int:
        """Return the number of an image of the data set on the page."""
        if name not in self._numbers:
            index = data.index(name)
            self._numbers[name] = len(self.images)
            small = self.encode(to_uint8(data.load(index, THUMBNAIL)))
            self.images.append({"name": name, "label": data.labels[index] or "", "webp": small})
        return self._numbers[name]


def render(about: dict[str, Any], sections: Sequence[dict[str, Any]], pictures: Pictures) -> str:
    """Return the page.

    Args:
        about: network, data and how the pictures were made.
        sections: of the layers.
        pictures: those of the data set.
    """
    environment = Environment(loader=FunctionLoader(_template), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    content = _plain({"about": about, "layers": list(sections), "images": pictures.images})
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    # Inside a script element only `<` can end it, and JSON may write it as an escape.
    text = text.replace("<", "\\u003c")
    return environment.get_template("atlas.html.j2").render(
        about=about, content=text, style=_template("atlas.css"), script=_template("atlas.js")
    )


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _plain(value: Any) -> Any:
    """Return JSON's own kinds: numbers of four digits, None for what is no number."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    return float(f"{value:.4g}") if math.isfinite(value) else None
