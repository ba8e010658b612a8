"""From a grid to runs: multiply the axes out, leave out what is excluded, fold what one notebook can do at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product
from math import prod
from typing import Any

Cell = dict[str, Any]
Axis = list[Cell]  # each entry sets one name, or several that go together (zip)


def axes(block: Mapping[str, Any]) -> list[Axis]:
    """Return the axes of a block whose ranges are lists already: one per name, and one per zipped group."""
    found: list[Axis] = [[{name: value} for value in values] for name, values in block.items() if name != "zip"]
    for group in block.get("zip", ()):
        found.append([dict(zip(group, row, strict=True)) for row in zip(*group.values(), strict=True)])
    return found


def count(blocks: Iterable[Mapping[str, Any]]) -> int:
    """Return how many cells the blocks have before anything is excluded, without making them."""
    return sum(prod(len(axis) for axis in axes(block)) for block in blocks)


def expand(blocks: Iterable[Mapping[str, Any]]) -> Iterator[Cell]:
    """Yield every cell of every block, the last axis fastest."""
    for block in blocks:
        for parts in product(*axes(block)):
            yield dict(chain.from_iterable(part.items() for part in parts))


def excluded(cell: Cell, rule: Mapping[str, Sequence[Any]]) -> bool:
    """Say whether a rule (NAME -> values) leaves a cell out: all of its names have one of their values there."""
    return all(name in cell and cell[name] in values for name, values in rule.items())


def fold(cells: Iterable[Cell], names: Sequence[str]) -> list[Cell]:
    """Join cells that differ in the named values alone, whose lists are then run as every combination.

    Args:
        cells: each named value is a list.
        names: what to join, one after the other. A cell that is missing (excluded) never comes back: only lists whose
            every combination was there are joined.

    Returns:
        The joined cells, in the order of their first members.
    """
    joined = list(cells)
    for name in names:
        groups: dict[str, Cell] = {}
        for cell in joined:
            rest = json.dumps({key: value for key, value in cell.items() if key != name}, sort_keys=True)
            whole = groups.setdefault(rest, cell | {name: []})
            whole[name].extend(cell[name])
        joined = [cell | {name: list(dict.fromkeys(cell[name]))} for cell in groups.values()]
    return joined
