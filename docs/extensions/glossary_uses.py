"""Below each word of the glossary, the notebooks that use it."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from docutils import nodes
from featviz_helpers.runner.jobs import discover
from sphinx.application import Sphinx

PAGE = "docs/glossary"
TERM = re.compile(r"/docs/glossary\.md#([\w-]+)")


def _uses(notebooks: Path) -> dict[str, list[str]]:
    """Return word -> stems of the notebooks that link to it."""
    uses = defaultdict(list)
    for path in discover(notebooks):
        for term in sorted(set(TERM.findall(path.read_text(encoding="utf-8")))):
            uses[term].append(path.stem)
    return uses


def _add(app: Sphinx, tree: nodes.document) -> None:
    if app.env.docname != PAGE:
        return
    for path in discover(Path(app.srcdir) / "notebooks"):
        app.env.note_dependency(path)
    uses = _uses(Path(app.srcdir) / "notebooks")
    for section in tree.findall(nodes.section):
        stems = [stem for name in section["ids"] for stem in uses[name]]
        line = nodes.paragraph("", "In notebook" + "s" * (len(stems) > 1), classes=["uses"])
        for stem in stems:
            link = nodes.reference("", stem[:2], refuri=f"../notebooks/{stem}.html", internal=True)
            line += [nodes.Text(" "), link]
        if stems:
            section += line


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the lines when the glossary has been read."""
    app.connect("doctree-read", _add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
