"""The types that a parameters cell names, read from its syntax: who only looks at a notebook never runs its code."""

from __future__ import annotations

import ast
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field

Number = Annotated[float, Field(allow_inf_nan=False)]
# What an annotation may use: the types that survive papermill, which writes values as source.
TYPES = {"int": int, "float": Number, "str": str, "bool": bool, "list": list, "dict": dict}
ALLOWED = (*TYPES, "Literal")
CHOICES = (str, int, bool, type(None))  # what Literal may list
DEEPEST = 10


def type_of(node: ast.expr, depth: int = 0) -> Any:
    """Return the type that an annotation stands for, as pydantic checks it.

    Args:
        node: the annotation's syntax.
        depth: how deep in an annotation it stands.

    Raises:
        ValueError: it is made of something else than `ALLOWED`, None, | and constants inside Literal.
    """
    if depth > DEEPEST:
        raise ValueError("nested too deep")
    match node:
        case ast.Name(id=name) if name in TYPES:
            return TYPES[name]
        case ast.Constant(value=None):
            return None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return reduce(or_, (_union_member(side, depth) for side in (left, right)))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            if choices := tuple(_choice(item) for item in _items(inner)):
                return Literal[choices]
            raise ValueError("Literal lists at least one value")
        case ast.Subscript(value=ast.Name(id="list" | "dict" as name), slice=inner):
            arguments = tuple(type_of(item, depth + 1) for item in _items(inner))
            if len(arguments) != {"list": 1, "dict": 2}[name]:
                raise ValueError("wrong number of types in brackets")
            return list[arguments[0]] if name == "list" else dict[arguments]
    raise ValueError("not a type of a parameter")


def _union_member(node: ast.expr, depth: int) -> Any:
    found = type_of(node, depth + 1)
    return type(None) if found is None else found


def _items(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _choice(node: ast.expr) -> Any:
    value = ast.literal_eval(node)
    if not isinstance(value, CHOICES):
        raise ValueError("Literal takes text, whole numbers, True, False and None")
    return value
