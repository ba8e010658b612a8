"""Notebooks as pages of the book, from their stored outputs, and the directive `notebooks`, a picture of each."""

import base64
import hashlib
import json
import os
import posixpath
import re
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from docutils import nodes
from featviz_helpers.runner.jobs import discover
from featviz_helpers.runner.pages import heading, thumbnail
from featviz_helpers.runner.rendering import badge
from project_links import relinked
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = "notebooks"
ATTACHMENT = re.compile(r"\]\(attachment:([\w.-]+)\)")  # `make stamp` takes them from docs/gallery
NAVIGATION = re.compile(r"^.*\[Contents\]\(\.\./README\.md.*$\n?", re.MULTILINE)  # each page has one already
FOLDED = {"setup": "hide-input"}  # tag of a cell -> what MyST-NB is told; the reader may unfold it


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    """Make a notebook ready for its page."""
    if not page.startswith(f"{FOLDER}/"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _text(app, page, "".join(cell["source"]))
        else:
            tags = cell["metadata"].get("tags", [])
            cell["metadata"]["tags"] = tags + [FOLDED[tag] for tag in tags if tag in FOLDED]
    app.env.temp_data["alternatives"] = dict(_alternatives(notebook))
    source[0] = json.dumps(notebook)


def _text(app: Sphinx, page: str, text: str) -> str:
    text = ATTACHMENT.sub(r"](../docs/gallery/\1)", NAVIGATION.sub("", text))
    return relinked(app, text, page)


def _alternatives(notebook: dict[str, Any]):
    """Yield digest and description of each figure: MyST-NB calls a figure's file by the digest of its bytes."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for kind, said in output.get("metadata", {}).items():
                if "alt" in said:
                    data = base64.b64decode("".join(output["data"][kind]))
                    yield hashlib.sha256(data).hexdigest(), said["alt"]


def _describe(app: Sphinx, tree: nodes.document) -> None:
    """Tell those who do not see the figures what is on them, show them whole at a click, and draw the badges here."""
    known = app.env.temp_data.get("alternatives", {})
    for image in tree.findall(nodes.image):
        if image["uri"].startswith("https://"):
            image["uri"] = badge(image["alt"])
            image["candidates"] = {"?": image["uri"]}
        elif (digest := Path(image["uri"]).stem) in known:
            image["alt"] = known[digest]
        if "://" not in image["uri"] and not image["uri"].startswith("data:"):
            image["scale"] = 100  # Sphinx then writes its size, and links to the file


class Notebooks(SphinxDirective):
    """`notebooks`: for each notebook its picture, its title and the question that it answers."""

    has_content = False
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return the cards."""
        cards = nodes.container(classes=["notebooks"])
        for path in discover(self.env.srcdir / FOLDER):
            self.env.note_dependency(path)
            notebook = nbformat.read(path, as_version=4)
            title, question = heading(notebook)
            page = posixpath.relpath(f"{FOLDER}/{path.stem}", posixpath.dirname(self.env.docname)) + ".html"
            file = Path(self.env.app.outdir).parent / "thumbnails" / f"{path.stem}.jpg"  # beside MyST-NB's own
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(base64.b64decode(thumbnail(notebook).partition(",")[2]))
            words = nodes.container("", _link(page, nodes.strong("", title)), nodes.paragraph("", question))
            uri = Path(os.path.relpath(file, self.env.srcdir / posixpath.dirname(self.env.docname))).as_posix()
            picture = nodes.image(uri=uri, alt=f"A picture from {title}")
            cards += nodes.container("", _link(page, picture), words, classes=["notebook"])
        return [cards]


def _link(page: str, node: nodes.Node) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.reference("", "", node, refuri=page, internal=True))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the reading of notebooks."""
    app.connect("source-read", _read)
    app.connect("doctree-read", _describe)
    app.add_directive("notebooks", Notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
