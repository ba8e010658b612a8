"""From a grid to runs: multiply the axes, leave out what is excluded, fold what one notebook can do at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, product
from math import prod
from typing import Any

Combination = dict[str, Any]  # one value for each name
Axis = list[Combination]  # each entry sets one name, or several that go together (zip)


@dataclass(frozen=True)
class Block:
    """A grid whose axes are multiplied.

    Attributes:
        values: name -> values.
        zipped: groups of names whose values go together: name -> values, all of one length.
    """

    values: dict[str, list[Any]]
    zipped: list[dict[str, list[Any]]] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """The names that it sets."""
        return {*self.values, *chain.from_iterable(self.zipped)}

    def axes(self) -> list[Axis]:
        """Return its axes: one per name, and one per zipped group."""
        single: list[Axis] = [[{name: value} for value in values] for name, values in self.values.items()]
        rows = [zip(*group.values(), strict=True) for group in self.zipped]
        return single + [
            [dict(zip(group, row, strict=True)) for row in group_rows]
            for group, group_rows in zip(self.zipped, rows, strict=True)
        ]


def count(blocks: Iterable[Block]) -> int:
    """Return how many combinations the blocks have before anything is excluded, without making them."""
    return sum(prod(len(axis) for axis in block.axes()) for block in blocks)


def expand(blocks: Iterable[Block]) -> Iterator[Combination]:
    """Yield every combination of every block, the last axis fastest."""
    for block in blocks:
        for entries in product(*block.axes()):
            yield dict(chain.from_iterable(entry.items() for entry in entries))


def is_excluded(combination: Combination, rule: Mapping[str, Sequence[Any]]) -> bool:
    """Say whether a rule (name -> values) leaves a combination out: all its names have one of their values there."""
    return all(
        name in combination and any(same(combination[name], value) for value in values) for name, values in rule.items()
    )


def same(one: Any, other: Any) -> bool:
    """Whether two values are one; to Python itself True and 1 are."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def fold(combinations: Iterable[Combination], names: Sequence[str]) -> list[Combination]:
    """Join combinations that differ in the named values alone, whose lists are then run as every combination.

    Args:
        combinations: each named value is a list.
        names: what to join, one after the other. A combination that is missing (excluded) never comes back: only lists
            whose every combination was there are joined.

    Returns:
        The joined combinations, in the order of their first members.
    """
    joined = list(combinations)
    for name in names:
        groups: dict[str, Combination] = {}
        for combination in joined:
            others = {key: value for key, value in combination.items() if key != name}
            group = groups.setdefault(json.dumps(others, sort_keys=True), combination | {name: []})
            group[name].extend(combination[name])
        # By their text, because a list has no hash, and True and 1 have the same.
        joined = [
            group | {name: list({json.dumps(value, sort_keys=True): value for value in group[name]}.values())}
            for group in groups.values()
        ]
    return joined
