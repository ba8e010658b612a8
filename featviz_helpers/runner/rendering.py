"""The HTML of a notebook without a network: formulas as MathML, links that lead somewhere, a way through the pages."""

from __future__ import annotations

import base64
import html
import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from .pages import TEMPLATES, href

BADGE = re.compile(r"\[!\[([^\]]*)\]\([^)]*\)\]\((https://[^)\s]+)\)")
NOTEBOOK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]+\.ipynb)\)")
CONTENTS = re.compile(r"\]\(\.\./README\.md(#\w*)?\)")
SECTION = re.compile(r'<h2 id="([^"]+)">(.*?)<a class="anchor-link"', re.DOTALL)
PLACE = '<nav class="sections"></nav>'  # of the table of contents, in templates/page


@lru_cache(maxsize=1024)
def mathml(tex: str, display: str) -> str:
    """Return a formula as MathML, or as its source where the converter does not know it.

    Args:
        tex: between the dollar signs.
        display: "inline" or "block".
    """
    from latex2mathml.converter import convert

    try:
        # HTML knows the name space, and the reader that gives headings their anchors would write it out.
        return convert(tex.strip(), display=display).replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    except Exception:  # it raises a dozen kinds of its own, and IndexError
        return f"<code>{html.escape(tex)}</code>"


class Renderer(IPythonRenderer):
    """nbconvert's renderer, whose formulas wait for a script from the network, with formulas that wait for nothing."""

    def inline_math(self, body: str) -> str:
        """Render $...$."""
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        """Render $$...$$."""
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        r"""Render \begin{name}...\end{name}."""
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


class Exporter(HTMLExporter):
    """nbconvert's exporter with this course's template and renderer."""

    def __init__(self) -> None:
        super().__init__(template_name="page", extra_template_basedirs=[str(TEMPLATES)], embed_images=True)

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Turn the text of a cell into HTML."""
        renderer = Renderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            anchor_link_text=self.anchor_link_text,
        )
        return MarkdownWithMath(renderer=renderer).render(source)


def page(notebook: Any, name: str, source_folder: Path, pages: Mapping[str, tuple[str, str]]) -> str:
    """Return the notebook as one HTML page that follows the reader's light or dark setting.

    Args:
        notebook: an executed notebook (a NotebookNode); left as it is.
        name: its file name, one of those in `pages`.
        source_folder: where the notebook came from; pictures that its text links to are embedded from there.
        pages: notebook file name -> (page, title), in the order of the course, for the links between notebooks.
    """
    import nbformat

    logging.getLogger("traitlets").setLevel(logging.ERROR)  # nbconvert warns of each picture without alt text
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = _linked(cell.source, pages)
    resources = {
        "metadata": {"name": pages[name][1], "path": str(source_folder)},
        "before": _neighbour(name, pages, -1),
        "after": _neighbour(name, pages, 1),
    }
    text = Exporter().from_notebook_node(copy, resources)[0]
    return text.replace(PLACE, _sections(text), 1)


def _linked(source: str, pages: Mapping[str, tuple[str, str]]) -> str:
    """Let links lead to pages of this run, or nowhere; give badges pictures that need no network."""

    def link(match: re.Match[str]) -> str:
        if "://" in match[2]:
            return match[0]
        known = pages.get(match[2]) or pages.get(unquote(match[2]))
        return f"[{match[1]}]({href(known[0])})" if known else match[1]

    source = BADGE.sub(lambda m: f"[![{m[1]}]({badge(m[1])})]({m[2]})", source)
    return NOTEBOOK.sub(link, CONTENTS.sub("](./index.html)", source))


def badge(words: str) -> str:
    """Return words on a small plate, as the data URI of a picture."""
    wide = 7 * len(words) + 16
    plate = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="20"><rect width="{wide}" height="20" rx="3" '
        f'fill="#0a58a8"/><text x="{wide / 2}" y="14" fill="#fff" text-anchor="middle" '
        f'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{html.escape(words)}</text></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(plate.encode()).decode()


def _neighbour(name: str, pages: Mapping[str, tuple[str, str]], step: int) -> dict[str, str] | None:
    """Return link and title of the page before or after one; None at the ends."""
    names = list(pages)
    place = names.index(name) + step
    if not 0 <= place < len(names):
        return None
    page, title = pages[names[place]]
    return {"href": href(page), "title": title}


def _sections(text: str) -> str:
    """Return the table of contents of a page."""
    found = [(anchor, re.sub(r"<(?!/?m)[^>]*>", "", words).strip()) for anchor, words in SECTION.findall(text)]
    if len(found) < 2:
        return ""
    rows = "".join(f'<li><a href="#{anchor}">{words}</a></li>' for anchor, words in found)
    return f'<nav class="sections"><details open><summary>On this page</summary><ol>{rows}</ol></details></nav>'
