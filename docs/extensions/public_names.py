"""What is public in the library, and under which name it is explained.

A name stands under the shortest way to it: that of the face (`fv.maximize`), or of the room (`fv.synthesis.invert`), or
of a public module of the room (`fv.models.filters.first_filters`).
"""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import featviz_helpers as fv


@dataclass
class Part:
    """What a module of a room has for others."""

    module: ModuleType
    names: dict[str, Any] = field(default_factory=dict)  # how it is called -> what it is


def public_names() -> dict[str, Any]:
    """Return every public name of the face and of its rooms, in full -> what it stands for."""
    names = {f"{fv.__name__}.{name}": getattr(fv, name) for name in fv.__all__}
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
    written = re.compile(rf"^{last}(: .+)? = ", re.MULTILINE)
    return next(module for module in modules if written.search(inspect.getsource(module)))


def _is_code(value: Any) -> bool:
    return inspect.isclass(value) or inspect.isroutine(value)
