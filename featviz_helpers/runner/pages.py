"""What is said of a run on one page, index.html: each notebook with its question, its state and a small picture."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, FileSystemLoader

if TYPE_CHECKING:
    from PIL import Image

TEMPLATES = Path(__file__).parent / "templates"
THUMBNAIL = 640  # pixels: shown 320 wide, and sharp on a screen of two device pixels to one
WIDGET = "application/vnd.jupyter.widget-view+json"
SHAPE = 1.6  # of a small picture: its width by its height


def heading(notebook: Mapping[str, Any]) -> tuple[str, str]:
    """Return a notebook's title and the question below it ("" where there is none): its first markdown cell."""
    sources = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    text = re.sub(r"^(#.*)$", r"\1\n", sources[0] if sources else "", flags=re.MULTILINE)
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)]
    title = next((p[2:] for p in paragraphs if p.startswith("# ")), "")
    return title, next((p for p in paragraphs if p and not p.startswith(("#", "[![", "|"))), "")


def take_widgets_out(notebook: dict[str, Any]) -> None:
    """Leave of each widget what it shows without a kernel: a stored page has none to talk to.

    Where a program offers a widget and a picture, readers choose the widget, and then have nothing to fill it with.
    """
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if len(output.get("data", {})) > 1:
                output["data"].pop(WIDGET, None)


def thumbnail(notebook: Mapping[str, Any]) -> str:
    """Return the last picture of the cell tagged `thumbnail`, or else of all, as a data URI.

    "" where there is none, or where it is damaged: a page without its small picture is better than no page.
    """
    from PIL import Image

    pictures = [
        ("thumbnail" in cell["metadata"].get("tags", []), output["data"][kind])
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        for kind in ("image/png", "image/jpeg")
        if kind in output.get("data", {})
    ]
    if not pictures:
        return ""
    file = max(enumerate(pictures), key=lambda item: (item[1][0], item[0]))[1][1]
    try:
        with Image.open(io.BytesIO(base64.b64decode(file))) as image:
            rgba = image.convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError):
        return ""
    picture = Image.new("RGB", rgba.size, "white")
    picture.paste(rgba, mask=rgba.getchannel("A"))
    picture = _end(picture.crop((0, _first_picture(picture), *picture.size)))
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _first_picture(figure: Image.Image) -> int:
    """Return the row where a figure's pictures begin, below its title; 0 where it has none, as a line plot."""
    ink = np.asarray(figure.convert("L")) < 240
    full = np.flatnonzero(ink[: len(ink) // 2].mean(axis=1) > 0.4)
    return int(full[0]) if len(full) else 0


def _end(figure: Image.Image) -> Image.Image:
    """Cut a very wide or high figure down to what the index shows: its left, or its upper, end."""
    width, height = figure.size
    return figure.crop((0, 0, min(width, round(height * SHAPE)), min(height, round(width / SHAPE))))


def index(report: Mapping[str, Any], thumbnails: Mapping[str, str]) -> str:
    """Return the index page.

    Args:
        report: what run.json holds.
        thumbnails: stem of the notebook -> data URI.
    """
    pages = [entry for entry in report["notebooks"] if f"{entry['name']}.html" in entry["files"]]
    first = {"page": href(f"{pages[0]['name']}.html"), "title": pages[0]["title"]} if pages else None
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["duration"] = _duration
    return environment.get_template("index.html.j2").render(report=report, thumbnails=thumbnails, first=first)


def href(name: str) -> str:
    """Return a link to a file beside the page, whatever its name: `javascript:x.html` is no script, `#` no anchor."""
    return "./" + quote(name)


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{int(seconds) // 60} min {int(seconds) % 60} s"
