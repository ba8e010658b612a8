"""Sweeps: every combination of a few lists as one batch, and the names of its cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from numbers import Real

import numpy as np

from ..common.checks import is_list, refusal
from ..common.errors import nearest

MOST_CELLS = 1_000_000


class Grid:
    """Every combination of several named lists; made by `grid`.

    Attributes:
        axes: name -> values, in the order given.
        shape: number of values of each axis.
    """

    def __init__(self, axes: dict[str, list]) -> None:
        self.axes = axes
        self.shape = tuple(len(values) for values in axes.values())
        cells = list(product(*axes.values()))
        self._columns = {name: [cell[i] for cell in cells] for i, name in enumerate(axes)}

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def __getattr__(self, name: str) -> list:
        if name.startswith("_"):  # asked for by copy and pickle, before there are any axes
            raise AttributeError(name)
        if name not in self._columns:
            raise AttributeError(f"This grid has no axis '{name}': {nearest(name, self.axes)}")
        return self._columns[name]

    @property
    def labels(self) -> list[str]:
        """One name per cell, such as "channel 48, weight 0.001"."""
        return [", ".join(words) for words in product(*(self.headings(name) for name in self.axes))]

    def headings(self, axis: str) -> list[str]:
        """Return one name per value of an axis, such as "weight 0.001"; with six digits, or all if those agree."""
        values = self.axes[axis]
        short = {value: _short(value) for value in values}
        if len(set(short.values())) < len(short):
            short = {value: str(value) for value in values}
        return [f"{axis} {short[value]}" if isinstance(value, int | float) else str(value) for value in values]

    def table(self, values: Sequence | np.ndarray) -> np.ndarray:
        """Lay out one value (or image) per cell along the axes: (N, ...) -> (*shape, ...).

        Raises:
            ValueError: not one value per cell.
        """
        values = np.asarray(values)
        if len(values) != len(self):
            raise ValueError(
                f"A grid of {' x '.join(map(str, self.shape))} cells takes {len(self)}; got {len(values)}."
            )
        return values.reshape(*self.shape, *values.shape[1:])

    def split(self, values: Sequence | np.ndarray) -> dict[str, np.ndarray]:
        """Part one value (or image) per cell by the last axis: "weight 0.001" -> those of all cells with that weight.

        A value that the axis has twice is one part.

        Raises:
            ValueError: not one value per cell.
        """
        columns = np.moveaxis(self.table(values), len(self.shape) - 1, 0)
        parts = columns.reshape(len(columns), -1, *np.shape(values)[1:])
        headings = self.headings(list(self.axes)[-1])
        rows = {heading: [row for row, own in enumerate(headings) if own == heading] for heading in headings}
        return {heading: np.concatenate(parts[own]) for heading, own in rows.items()}


def grid(**axes: Sequence) -> Grid:
    """Combine every value of each list with every value of the others.

    `cells = grid(channel=[48, 62], weight=[0, 1e-3])` has four cells; `cells.channel` and `cells.weight` are the four
    numbers to hand to `channel(...)` and to a penalty, and `show(result, cells)` draws the first axis down and the last
    across.

    Args:
        axes: name -> values; a single value is a list of one.

    Returns:
        The grid.

    Raises:
        ValueError: no axis, an empty list, or an axis called as something that every grid has.
    """
    taken = [name for name in axes if name in ("axes", "shape", *vars(Grid))]
    if taken:
        raise ValueError(f"Every grid has `{taken[0]}` of its own, so no axis can be called that; choose another name.")
    lists = {name: _axis(name, values) for name, values in axes.items()}
    count = math.prod(map(len, lists.values()))
    if count > MOST_CELLS:
        raise ValueError(f"A grid has at most {MOST_CELLS:,} cells; these axes make {count:,}.")
    empty = [name for name, values in lists.items() if not values]
    if empty or not lists:
        what = f"'{empty[0]}' is empty" if empty else "there is no axis"
        raise ValueError(f"A grid needs at least one value on every axis; {what}. Example: grid(channel=[48, 62]).")
    return Grid(lists)


def _axis(name: str, values: object) -> list:
    """Return numbers and words as they are, and a single one as a list."""
    values = values.tolist() if hasattr(values, "tolist") else values
    several = list(values) if is_list(values) else [values]
    if not all(isinstance(value, str | Real) and value == value for value in several):
        raise refusal(f"The axis '{name}'", "a list of numbers or of words", values)
    words = any(isinstance(value, str) for value in several)
    return several if words else np.asarray(several).tolist()  # whole numbers beside others become floats


def _short(value: Real | str) -> str:
    """Return six digits of a number; more of a whole one that needs them, such as a seed."""
    short = f"{value:g}" if isinstance(value, int | float) else str(value)
    return str(value) if isinstance(value, int) and float(short) != value else short
