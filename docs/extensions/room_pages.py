"""The pages of the library: one for each room, with every public name and what its docstring says.

They are written anew at every build, below docs/api/, so that a name is in the book as soon as it is public.
"""

import inspect
import re
from collections.abc import Mapping, Sized
from pathlib import Path
from types import ModuleType
from typing import Any

import command_help
import featviz_helpers as fv
from docutils import nodes
from featviz_helpers.common.files import write_text
from public_names import parts, rooms
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PACKAGE, SHORT = fv.__name__, "fv"
FOLDER = "docs/api"


def _page(room: ModuleType) -> str:
    title = room.__name__.rpartition(".")[2]
    lines = [title, "=" * len(title), "", f".. py:module:: {room.__name__}", "", inspect.getdoc(room), ""]
    for part in parts(room):
        name = part.module.__name__.rpartition(".")[2]
        summary = inspect.getdoc(part.module).partition("\n\n")[0]
        lines += [name, "-" * len(name), "", f".. py:module:: {part.module.__name__}", "", summary, ""]
        for full, value in part.names.items():
            lines += _entry(full, value)
    lines += command_help.sections() if room is fv.cli else []
    return "\n".join(lines)


class Rooms(SphinxDirective):
    """`rooms`: each room with its sentence, and with links to its names on the face."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        listing = nodes.definition_list()
        for room in rooms():
            title = room.__name__.rpartition(".")[2]
            page = f"api/{title}.html"
            faces = [name for part in parts(room) for name in part.names if name.count(".") == 1]
            links = nodes.paragraph()
            for name in faces:
                words = nodes.literal("", name.replace(PACKAGE, SHORT))
                links += [nodes.reference("", "", words, refuri=f"{page}#{name}", internal=True), nodes.Text(" ")]
            sentence = nodes.paragraph("", " ".join(inspect.getdoc(room).split()))
            term = nodes.term("", "", nodes.reference("", title, refuri=page, internal=True))
            listing += nodes.definition_list_item("", term, nodes.definition("", sentence, *([links] if faces else [])))
        return [listing]


def _entry(name: str, value: Any) -> list[str]:
    if inspect.isclass(value):
        return [f".. autoclass:: {name}", "   :members:", ""]
    if inspect.isroutine(value):
        return [f".. autofunction:: {name}", ""]
    keys = f"It has {', '.join(f'`{key}`' for key in value)}." if isinstance(value, Mapping) else ""
    count = f" of {len(value)}" if isinstance(value, Sized) else ""
    way, _, last = name.rpartition(".")
    return [f".. py:data:: {last}", f"   :module: {way}", "", f"   A {type(value).__name__}{count}. {keys}", ""]


def _write(app: Sphinx) -> None:
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    pages = {f"{room.__name__.rpartition('.')[2]}.rst": _page(room) for room in rooms()}
    for path in folder.glob("*.rst"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def _as_text(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Let a docstring be plain text with code between backquotes: its bars and stars are those of arithmetic."""
    outside_code = re.compile(r"(`[^`]*`)|([*|]|(?<=\w)_(?!\w))")
    text = outside_code.sub(lambda match: match[1] or rf"\{match[2]}", "\n".join(lines))
    lines[:] = text.split("\n")


def _shorten(app: Sphinx, tree: nodes.document) -> None:
    """Call the library what the notebooks call it, and attributes what Python does."""
    for node in tree.findall(nodes.field_name):
        if node.astext() == "Variables":
            node.children = [nodes.Text("Attributes")]
    for node in tree.findall(addnodes.desc_addname):
        node.children = [nodes.Text(re.sub(rf"^{PACKAGE}(?=\.)", SHORT, node.astext()))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", _write)
    app.add_directive("rooms", Rooms)
    app.connect("autodoc-process-docstring", _as_text, priority=400)  # before napoleon looks for its sections
    app.connect("doctree-read", _shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
