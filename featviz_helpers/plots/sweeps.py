"""A sweep as a story: a few of its values whole, and the middle of the others beside them, at the same scale.

Only where the large ones have to be shrunk to the page do the middles keep a scale of their own, pixel by pixel.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import numpy as np
from matplotlib.figure import Figure

from ..ascent.grid import Grid
from ..common.checks import refusal
from .canvas import Cell, Place, draw, margin, place
from .cells import GAP, LARGEST, SIDEWAYS, draw_cells
from .style import LINE, PAGE, lines, wrap

Large = Mapping[str, float | str] | Sequence[float | str]


def draw_sweep(
    rows: Sequence[Sequence[Cell]], axes: Grid, large: Large, title: str | None, stretch: bool = False
) -> Figure:
    """Draw the rows of a grid: the `large` values of its last axis first, the others in a block beside them.

    Args:
        rows: one cell per value of the last axis.
        axes: the grid.
        large: words -> values, or values, of the last axis.
        title: what the figure shows.
        stretch: as for `show`.

    Returns:
        The figure.

    Raises:
        ValueError: a value is not on the last axis.
    """
    name = list(axes.axes)[-1]
    values, headings = axes.axes[name], axes.headings(name)
    named = {f"{word}: ": value for word, value in large.items()} if isinstance(large, Mapping) else {}
    pairs = named.items() or [("", value) for value in large]
    chosen = {_position(value, values, name): word for word, value in pairs}
    if not chosen:
        raise refusal("large", f"one value of {name} or more", large)
    first = [[row[i]._replace(left="") for i in chosen] for row in rows]
    first[0] = [
        cell._replace(above=word + headings[i]) for cell, (i, word) in zip(first[0], chosen.items(), strict=True)
    ]
    for cells, row in zip(first, rows, strict=True):
        cells[0] = cells[0]._replace(left=wrap(row[0].left, max(cells[0].picture.shape[0], SIDEWAYS)))
    short = {i: text.removeprefix(f"{name} ") for i, text in enumerate(headings) if i not in chosen}
    rest = [[row[i]._replace(above=f"{text} (middle)", left="", below="") for i, text in short.items()] for row in rows]
    if not rest[0]:
        return draw_cells(first, title, None, len(chosen), stretch)
    return draw(list(_place(first, rest)), title, stretch)


def _middle(picture: np.ndarray, most: int) -> np.ndarray:
    """Return the middle quarter of a picture, or less of it where it would be wider than `most` pixels.

    What is shrunk would lose the grain that a sweep is often about.
    """
    high, wide = picture.shape[:2]
    width = max(min(wide // 2, most), 1)
    height = max(round(high * width / wide), 1)
    top, left = (high - height) // 2, (wide - width) // 2
    return picture[top : top + height, left : left + width]


def _position(value: float | str, values: Sequence, name: str) -> int:
    for i, other in enumerate(values):
        if value == other or (isinstance(value, int | float | np.number) and np.isclose(value, other, atol=0)):
            return i
    raise ValueError(f"The grid's axis '{name}' has no value {value!r}; it has {values}.")


def _place(first: list[list[Cell]], rest: list[list[Cell]]) -> Iterator[Place]:
    large, small = len(first[0]), len(rest[0])
    wide = max(cell.picture.shape[1] for row in first for cell in row)
    start = margin(row[0] for row in first)
    room = PAGE - start + GAP
    width = min(max(LARGEST // wide, 1) * wide, room // (large + 1) - GAP)
    edge = start + large * (width + GAP)
    # As few on each other as the page has room for, and at least two, so that a block is no higher than a large one.
    stacked = next(n for n in count(2) if -(-small // n) * (width // n + GAP) <= PAGE - edge + GAP)
    side, across = width // stacked, -(-small // stacked)
    scale = max(width // wide, 1)
    top = 0
    for big, little in zip(first, rest, strict=True):
        big = [cell._replace(above=wrap(cell.above, width)) for cell in big]
        below = top + max(lines(cell.above) for cell in big) * LINE
        places = [place(cell, start + i * (width + GAP), below, width) for i, cell in enumerate(big)]
        height = max(one.height for one in places)
        little = [
            cell._replace(picture=_middle(cell.picture, side // scale), above=wrap(cell.above, side)) for cell in little
        ]
        head = max(lines(cell.above) for cell in little) * LINE
        step = head + round(height * side / width) + GAP // 2
        for i, cell in enumerate(little):
            shown = cell.picture.shape[1] * scale
            left = edge + i % across * (side + GAP) + (side - shown) // 2
            places.append(place(cell, left, top + head + i // across * step, shown))
        yield from places
        top = max(one.top + one.height + lines(one.cell.below) * LINE for one in places) + GAP
