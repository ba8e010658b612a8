"""What a run leaves to look at: one HTML page per notebook, and an index.html that shows all of them."""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

TEMPLATES = Path(__file__).parent / "templates"
THUMBNAIL = 640  # pixels: shown 320 wide, and sharp on a screen of two device pixels to one


def heading(notebook: Mapping[str, Any]) -> tuple[str, str]:
    """Return a notebook's title and the question below it ("" where there is none): its first markdown cell."""
    sources = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    text = re.sub(r"^(#.*)$", r"\1\n", sources[0] if sources else "", flags=re.MULTILINE)
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)]
    title = next((p[2:] for p in paragraphs if p.startswith("# ")), "")
    return title, next((p for p in paragraphs if p and not p.startswith(("#", "[![", "|"))), "")


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
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def page(notebook: Any, title: str, source_folder: Path, pages: Mapping[str, str]) -> str:
    """Return the notebook as one HTML page that follows the reader's light or dark setting.

    Args:
        notebook: an executed notebook (a NotebookNode); left as it is.
        title: for the browser's tab.
        source_folder: where the notebook came from; pictures that its text links to are embedded from there.
        pages: notebook file name -> page, for the links between notebooks.
    """
    import nbformat
    from nbconvert import HTMLExporter

    logging.getLogger("traitlets").setLevel(logging.ERROR)  # nbconvert warns of each picture without alt text
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"^\[!\[.*\n?", "", cell.source, flags=re.MULTILINE)  # badges need a network
            cell.source = re.sub(r"\]\(\.\./README\.md(#\w*)?\)", "](index.html)", cell.source)
            cell.source = re.sub(r"\]\(([\w.-]+\.ipynb)\)", lambda m: f"]({pages.get(m[1], m[1])})", cell.source)
    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(TEMPLATES)], embed_images=True)
    return exporter.from_notebook_node(copy, {"metadata": {"name": title, "path": str(source_folder)}})[0]


def index(report: Mapping[str, Any], thumbnails: Mapping[str, str]) -> str:
    """Return the index page.

    Args:
        report: what run.json holds.
        thumbnails: stem of the notebook -> data URI.
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["duration"] = _duration
    return environment.get_template("index.html.j2").render(report=report, thumbnails=thumbnails)


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{int(seconds) // 60} min {int(seconds) % 60} s"
