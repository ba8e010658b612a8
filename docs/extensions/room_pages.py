"""The pages of the library: one for each room, with every public name and what its docstring says.

They are written anew at every build, below docs/api/, so that a name is in the book as soon as it is public. A name
stands under the shortest way to it: that of the face (`fv.maximize`), or of the room (`fv.synthesis.invert`), or of a
public module of the room (`fv.models.filters.first_filters`).
"""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import command_help
import featviz_helpers as fv
from docutils import nodes
from featviz_helpers.common.files import write_text
from sphinx import addnodes
from sphinx.application import Sphinx

PACKAGE, SHORT = fv.__name__, "fv"
FOLDER = "docs/api"


@dataclass
class Part:
    """What a module of a room has for others."""

    module: ModuleType
    names: dict[str, Any] = field(default_factory=dict)  # how it is called -> what it is


def public_names() -> dict[str, Any]:
    """Return every public name of the face and of its rooms, in full -> what it stands for."""
    names = {f"{PACKAGE}.{name}": getattr(fv, name) for name in fv.__all__}
    for room in rooms():
        names |= {f"{room.__name__}.{name}": getattr(room, name) for name in room.__all__}
    return names


def rooms() -> list[ModuleType]:
    """Return the rooms, in the order of the alphabet."""
    values = (getattr(fv, name) for name in fv.__all__)
    return sorted((v for v in values if inspect.ismodule(v) and hasattr(v, "__path__")), key=lambda room: room.__name__)


def parts(room: ModuleType) -> list[Part]:
    """Return the modules of a room that have something for others, each with its names, the handiest first."""
    homes: dict[str, Part] = {}
    taken: set[int] = set()
    for name, value in sorted(_ways(room), key=lambda item: item[0].count(".")):
        module = value if inspect.ismodule(value) else _home(room, name, value)
        part = homes.setdefault(module.__name__, Part(module))
        if not inspect.ismodule(value) and id(value) not in taken:
            taken.add(id(value))
            part.names[name] = value
    for part in homes.values():
        places = {name: place for place, name in enumerate(vars(part.module))}
        part.names = dict(sorted(part.names.items(), key=lambda item: _place(item[0], places)))
    return [homes[name] for name in sorted(homes)]


def _place(name: str, places: Mapping[str, int]) -> tuple[int, int]:
    """Return what sorts names: those with a short way first, and else as in the source."""
    *way, last = name.split(".")
    return len(way), places[last]


def _ways(room: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield all ways to what is public in a room: by the face, by the room, by its public modules."""
    for name, value in public_names().items():
        inside = value.__name__ if inspect.ismodule(value) else name
        if inside.startswith(f"{room.__name__}.") or (name.count(".") == 1 and _is_from(room, value)):
            yield name, value
    for name in room.__all__:
        if inspect.ismodule(module := getattr(room, name)):
            for inner, value in vars(module).items():
                own = getattr(value, "__module__", None) == module.__name__
                if own and _is_code(value) and not inner.startswith("_"):
                    yield f"{module.__name__}.{inner}", value


def _is_from(room: ModuleType, value: Any) -> bool:
    if module := getattr(value, "__module__", None):
        return module.startswith(f"{room.__name__}.")
    return any(value is getattr(room, name) for name in room.__all__)


def _home(room: ModuleType, name: str, value: Any) -> ModuleType:
    """Return the module where a thing is defined; a constant does not know it, and is looked for."""
    if _is_code(value):
        return sys.modules[value.__module__]
    last = name.rpartition(".")[2]
    modules = [v for k, v in sys.modules.items() if k.startswith(f"{room.__name__}.") and vars(v).get(last) is value]
    return next(module for module in modules if re.search(rf"^{last} = ", inspect.getsource(module), re.MULTILINE))


def _is_code(value: Any) -> bool:
    return inspect.isclass(value) or inspect.isroutine(value)


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
        short = (
            SHORT + node.astext().removeprefix(PACKAGE) if node.astext().startswith(f"{PACKAGE}.") else node.astext()
        )
        node.children = [nodes.Text(short)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", _write)
    app.connect("autodoc-process-docstring", _as_text, priority=400)  # before napoleon looks for its sections
    app.connect("doctree-read", _shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
