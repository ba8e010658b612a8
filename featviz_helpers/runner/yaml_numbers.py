"""YAML with the numbers of YAML 1.2, in one place for the command line, profiles, plans and cluster files.

PyYAML follows YAML 1.1, where 010 is eight, 1:30 is ninety and 1e-3 is text.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
DEEPEST, LARGEST = 50, 1_000_000  # levels, and values once every alias is written out
MERGE = "<<"  # the one key that may be written twice: it takes in another mapping
INTEGER = re.compile(r"[-+]?(?:[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+)$")
REAL = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader with numbers as in YAML 1.2; a key that is set twice is an error, and so is a value that
    contains itself."""

    def construct_document(self, node: yaml.Node) -> Any:
        """Build the values of a document; depth first, because only then PyYAML notices an endless value."""
        return self.construct_object(node, deep=True)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping. YAML itself takes the last of two equal keys and says nothing."""
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == MERGE:
                continue
            name = self.construct_object(key)
            if name in lines:
                problem = f"{key.value} is already set in line {lines[name]}"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            lines[name] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        """Read an integer; a leading zero means nothing."""
        text = self.construct_scalar(node).replace("_", "")
        return int(text, 10 if text.lstrip("+-").isdecimal() else 0)

    def construct_real(self, node: yaml.ScalarNode) -> float:
        """Read a floating-point number."""
        text = self.construct_scalar(node).replace("_", "").lower()
        return float(re.sub(r"\.(?=inf|nan)", "", text))


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (INT, FLOAT)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(INT, INTEGER, list("-+0123456789"))
Loader.add_implicit_resolver(FLOAT, REAL, list("-+.0123456789"))
Loader.add_constructor(INT, Loader.construct_integer)
Loader.add_constructor(FLOAT, Loader.construct_real)


def read_yaml(text: str) -> Any:
    """Return the value that a text stands for.

    Raises:
        yaml.YAMLError: it is not YAML, sets a key twice, holds a value that contains itself, or is nested too deep or
            becomes too large.
        ValueError: a date or a number that Python cannot hold.
    """
    check_size(text)
    try:
        return yaml.load(text, Loader=Loader)
    except KeyError as error:  # PyYAML's own, for a tag such as !!bool on another word
        raise yaml.YAMLError(f"{error} is no value of the type that is written before it") from None


def check_size(text: str) -> None:
    """Refuse a text that is nested too deep, or that becomes too large because it uses a value again and again.

    Raises:
        yaml.YAMLError: it is not YAML, or more than `DEEPEST` levels deep, or holds more than `LARGEST` values.
    """
    sizes: dict[str, int] = {}  # anchor -> values in it
    levels: list[list] = []  # of the collections that are open: anchor, values so far
    total = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.AliasEvent):
            total = _count(levels, sizes.get(event.anchor, 1), total)
        elif isinstance(event, yaml.ScalarEvent):
            total = _count(levels, 1, total)
        elif isinstance(event, yaml.CollectionStartEvent):
            levels.append([event.anchor, 1])
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = levels.pop()
            sizes |= {anchor: size} if anchor else {}
            total = _count(levels, size, total)
        if len(levels) > DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {DEEPEST} levels deep")
        if total > LARGEST:
            raise yaml.YAMLError(f"it stands for more than {LARGEST:,} values")


def _count(levels: list[list], size: int, total: int) -> int:
    if not levels:
        return max(total, size)
    levels[-1][1] += size
    return max(total, levels[-1][1])
