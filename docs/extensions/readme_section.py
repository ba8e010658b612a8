"""The directive `readme-section`: a section of README.md, which is written once and stands on two front pages."""

import re
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from project_links import FRONT, relinked
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class ReadmeSection(SphinxDirective):
    """`readme-section` with the heading as its argument: all below that heading, without it."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the section as it would stand here."""
        path = self.env.srcdir / FRONT
        self.env.note_dependency(path)
        name = re.escape(self.arguments[0])
        found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        if not found:
            raise self.error(f"{FRONT} has no section '{self.arguments[0]}'")
        text = relinked(self.env.app, found[1].strip(), self.env.docname, FRONT)
        box = nodes.container()
        self.state.nested_parse(StringList(text.splitlines(), str(path)), self.content_offset, box)
        return box.children


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("readme-section", ReadmeSection)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
