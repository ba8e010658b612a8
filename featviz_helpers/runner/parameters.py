"""The parameters of a notebook: read its cell tagged `parameters`, and check new values before anything runs.

papermill injects whatever it is given: an unknown name is only a warning there, and a wrong type surfaces minutes
later, deep in a cell. So names and types are checked here first. The type of a parameter is its annotation
(`STEPS: int = 64`), or else the type of its default. A comment on its line that has the word "path" in it declares that
it takes one, and quotes the names that are none: `MODEL: str = "auto"  # "auto", "shapesnet" or a path`.
"""

from __future__ import annotations

import ast
import io
import json
import re
import reprlib
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any

import yaml
from pydantic import ConfigDict, JsonValue, PydanticUserError, TypeAdapter, ValidationError

from .annotations import ALLOWED, Number, type_of
from .yaml_numbers import read_yaml


class ParameterError(ValueError):
    """A parameters cell that cannot be read, or a value or name that a notebook does not take."""


PLAIN = TypeAdapter(JsonValue, config=ConfigDict(allow_inf_nan=False))  # what run.json can hold
MOST_SHOWN = 200  # characters of a line in a message
STRICT = ConfigDict(strict=True)  # so that True is no int, "5" no number and 1.5 no whole number


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook.

    Attributes:
        name, default: as in the parameters cell.
        kind: its type, as written there.
        type: its type, as pydantic checks it.
        comment: the comment on its line.
    """

    name: str
    default: Any
    kind: str
    type: Any
    comment: str = ""

    @property
    def takes_path(self) -> bool:
        """Whether its comment says that it takes a path."""
        return re.search(r"\bpaths?\b", self.comment) is not None

    @cached_property
    def quoted_names(self) -> frozenset[str]:
        """The values that its comment quotes, which are never paths."""
        return frozenset(re.findall(r'"([^"]+)"', self.comment))

    def check(self, value: Any, typed: str | None = None) -> Any:
        """Return the value as the notebook will receive it (an int given for a float becomes one).

        Args:
            value: what it is given.
            typed: the text that stood for it, where it was one.

        Raises:
            ParameterError: the value is not of the parameter's type; the message says what to write instead.
        """
        if self._accepts(value):
            checked = self._adapter.validate_python(value)
            if checked != value:
                raise ParameterError(
                    f"{self.name} takes {self.kind}, in which {reprlib.repr(value)} loses digits: a float holds whole "
                    f"numbers up to {2**53} only. Write a smaller one, or let the notebook take an int."
                )
            return checked
        hint = f"; write {json.dumps([value], ensure_ascii=False)}" if self._accepts([value]) else ""
        plain = typed is None or typed == str(value) or value == typed
        read = reprlib.repr(value) if plain else f"{reprlib.repr(typed)}, which is {reprlib.repr(value)}"
        raise ParameterError(
            f"{self.name} takes {self.kind} (default: {self.default!r}), "
            f"but was given {read} ({type(value).__name__}){hint}"
        )

    def parse(self, text: str) -> Any:
        """Return the value that a command line's text stands for: text as it is for a str, YAML for all else.

        Raises:
            ParameterError: the text is not valid YAML, or its value is not of the parameter's type.
        """
        try:
            text.encode()
            value = text if self.type is str else read_yaml(text)
        except (yaml.YAMLError, ValueError) as error:  # ValueError: a date, number or byte that Python cannot hold
            # Of `str | None` and the like; where a list may stand, it is a list with a mistake in it.
            if text.isprintable() and self._accepts(text) and not self._accepts([text]):
                return self.check(text)
            reason = " ".join(str(error).split())
            raise ParameterError(f"{self.name}: {reprlib.repr(text)} is not valid YAML ({reason})") from None
        # `str | int` and the like take as text what YAML reads as something else ("no", "2024-01-01").
        return self.check(text if not self._accepts(value) and self._accepts(text) else value, text)

    @cached_property
    def _adapter(self) -> TypeAdapter:
        return TypeAdapter(self.type, config=STRICT)

    def _accepts(self, value: Any) -> bool:
        try:
            # JsonValue as well, because papermill turns a date or a tuple inside a bare `list` into text.
            PLAIN.validate_python(value)
            self._adapter.validate_python(value)
        except ValidationError:
            return False
        return True


def read_parameters(notebook: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return the parameters of a notebook, by name, in the order of its cell tagged `parameters`.

    Args:
        notebook: a notebook in format 4, as nbformat reads it.

    Raises:
        ParameterError: there is not exactly one such cell, or it holds more than plain literals.
    """
    cells = [c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", []) and c["cell_type"] == "code"]
    if len(cells) != 1:
        raise ParameterError(f"needs one code cell tagged `parameters`, has {len(cells)}")
    source = cells[0]["source"]
    try:
        statements, comments = ast.parse(source).body, _comments(source)
    except SyntaxError as error:
        raise ParameterError(f"parameters cell, line {error.lineno}: {error.msg}") from None
    except MemoryError:  # what Python's own parser raises where its stack ends
        raise ParameterError("parameters cell: it is nested too deep") from None
    parameters: dict[str, Parameter] = {}
    for statement in statements:
        parameter = _parameter(statement, comments.get(statement.end_lineno, ""))
        if parameter.name in parameters:
            raise ParameterError(f"parameters cell, line {statement.lineno}: {parameter.name} is set twice")
        parameters[parameter.name] = parameter
    return parameters


def _comments(source: str) -> dict[int, str]:
    """Return line number -> comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def _parameter(statement: ast.stmt, comment: str) -> Parameter:
    """Read one assignment of the parameters cell."""
    target = statement.target if isinstance(statement, ast.AnnAssign) else None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    where = f"parameters cell, line {statement.lineno}: `{_cut(ast.unparse(statement))}`"
    try:
        if not isinstance(target, ast.Name):
            raise ValueError
        default = TypeAdapter(JsonValue, config=STRICT).validate_python(ast.literal_eval(statement.value))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, AttributeError):
        raise ParameterError(
            f"{where} is not a plain literal; write NAME = value with a number, text in quotes, "
            "True, False, None, or a list or dict of those"
        ) from None
    try:
        json.dumps(default, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ParameterError(f"{where} holds half of a character, which no file can; write the whole one") from None
    kind, type_ = _annotated(statement, where) if isinstance(statement, ast.AnnAssign) else _inferred(default)
    try:
        checked = Parameter(target.id, default, kind, type_).check(default)
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None
    except (TypeError, PydanticUserError):
        raise ParameterError(_unusable(where, kind)) from None
    return Parameter(target.id, checked, kind, type_, comment)


def _cut(source: str) -> str:
    return source if len(source) <= MOST_SHOWN else f"{source[:MOST_SHOWN]} ..."


def _annotated(statement: ast.AnnAssign, where: str) -> tuple[str, Any]:
    """Return the type that an annotation names, as written and as pydantic checks it."""
    kind = ast.unparse(statement.annotation)
    try:
        return kind, type_of(statement.annotation)
    except (ValueError, TypeError):
        raise ParameterError(_unusable(where, kind)) from None


def _inferred(default: Any) -> tuple[str, Any]:
    """Return the type that a default without annotation stands for."""
    type_ = _type_of(default)
    return _kind(type_), type_


def _unusable(where: str, kind: str) -> str:
    return f"{where} has the annotation {kind}; it may be made of {', '.join(ALLOWED)}, None and |"


def _type_of(default: Any) -> Any:
    if isinstance(default, bool | int | str):
        return type(default)
    if isinstance(default, float):
        return Number
    if isinstance(default, list) and default:
        kinds = dict.fromkeys(_type_of(item) for item in default)
        # [1, 2.5] is a list of numbers, and its whole numbers keep all their digits.
        return list[reduce(or_, kinds)]
    if isinstance(default, dict):
        return dict[str, JsonValue]
    return list[JsonValue] if isinstance(default, list) else JsonValue


def _kind(type_: Any) -> str:
    """Return a type as a reader would write it."""
    names = {
        Number: "float",
        int | Number: "float",
        Number | int: "float",
        JsonValue: "any value",
        list[JsonValue]: "list",
        dict[str, JsonValue]: "dict",
    }
    if type_ in names:
        return names[type_]
    arguments = getattr(type_, "__args__", None)
    if getattr(type_, "__origin__", None) is list and arguments:
        return f"list[{_kind(arguments[0])}]"
    if isinstance(type_, type):
        return type_.__name__
    return " | ".join(_kind(argument) for argument in arguments)
