"""Tables of numbers as heat maps, on which every number can be read."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, ListedColormap, Normalize
from matplotlib.figure import Figure

from ..common.checks import shown
from ..data.images import to_uint8
from .overlays import diverging
from .pixels import on_screen, width_on_screen
from .style import DPI, LETTER, LINE, PAGE, lines, style, wrap

HIGH, WIDEST = 28, 104  # pixels: of a cell without a picture
PICTURE = 128  # pixels: most of a picture beside a row or above a column
MARGIN = 6  # pixels: between pictures
GAP = 28  # pixels: between two tables
POINT = 72 / DPI  # points per pixel
DARK = 0.55  # of white: on a darker colour the number is white


def tables(
    panels: Mapping[str, pd.DataFrame], title: str = "", digits: int = 2,
    row_pictures: Sequence[np.ndarray] | None = None, column_pictures: Sequence[np.ndarray] | None = None,
) -> Figure:  # fmt: skip
    """Draw tables side by side, each number on its colour.

    Tables without a number below zero share one scale, pale for low and dark for high; one with such numbers has its
    own, white at zero.

    Args:
        panels: heading -> table; all have the same rows. NaN stays blank; each table has a number.
        title: what the figure shows; best as a sentence that says what is seen.
        digits: behind the point.
        row_pictures, column_pictures: pictures (H, W, 3) in [-1, 1] beside the rows, and above the columns of the first
            table; one each.

    Returns:
        The figure.

    Raises:
        ValueError: another number of pictures than of rows or columns, a table without any number.
    """
    first = next(iter(panels.values()))
    if empty := [name for name, table in panels.items() if not np.isfinite(table.to_numpy(float)).any()]:
        raise ValueError(f"A table to draw must have a number; {empty[0]!r} is empty or has only NaN.")
    if other := [name for name, table in panels.items() if not table.index.equals(first.index)]:
        raise ValueError(
            f"All tables need the same rows in the same order, as their words stand once; {other[0]!r} has "
            f"{shown(list(panels[other[0]].index))} and the first {shown(list(first.index))}. Reorder it with reindex."
        )
    _check(row_pictures, len(first), "rows")
    _check(column_pictures, first.shape[1], "columns")
    place = _layout(list(panels.values()), row_pictures is not None, column_pictures is not None)
    title = wrap(title, place.width)
    head = LINE * (lines(title) + 1.5 + any(panels)) + (place.wide if column_pictures is not None else 0)
    height, left = head + len(first) * place.high + MARGIN, place.left
    with style():
        figure = plt.figure(figsize=(place.width / DPI, height / DPI))
        figure.suptitle(title, x=0, y=1, ha="left", va="top", weight="bold")
        for name, table in panels.items():
            own, down = table.shape[1] * place.wide, len(first) * place.high
            axis = figure.add_axes((left / place.width, MARGIN / height, own / place.width, down / height))
            _draw(axis, table, _scale(table, panels.values()), digits)
            _heading(axis, name, place.wide if table is first and column_pictures is not None else 0)
            if table is first:
                axis.set_yticks(range(len(first)), first.index)
                axis.tick_params(axis="y", pad=(place.left - place.words + MARGIN) * POINT)
                _beside(axis, row_pictures, place.wide, place.high)
                _above(axis, column_pictures, place.wide, place.high)
            left += own + GAP
    return figure


class _Layout(NamedTuple):
    """Pixels: of a cell, of the words at the rows, from the left to the first cell, and of the whole figure."""

    wide: int
    high: int
    words: float
    left: float
    width: float


def _layout(tables: Sequence[pd.DataFrame], beside: bool, above: bool) -> _Layout:
    words = max(len(line) for name in tables[0].index for line in str(name).split("\n")) * LETTER + LINE
    left, gaps = words + (PICTURE + MARGIN) * beside, GAP * (len(tables) - 1)
    columns = sum(table.shape[1] for table in tables)
    wide = int(min(PICTURE + MARGIN if above else WIDEST, (PAGE - left - gaps) // columns))
    return _Layout(wide, PICTURE + MARGIN if beside else HIGH, words, left, left + columns * wide + gaps)


def _check(pictures: Sequence[np.ndarray] | None, count: int, what: str) -> None:
    if pictures is not None and len(pictures) != count:
        raise ValueError(f"There are {len(pictures)} pictures for {count} {what}; give one each.")


def _scale(table: pd.DataFrame, every: Sequence[pd.DataFrame]) -> matplotlib.cm.ScalarMappable:
    """Return the colours of a table."""
    if np.nanmin(table) < 0:
        pair = ListedColormap(diverging(np.linspace(-1, 1, 257)))
        return matplotlib.cm.ScalarMappable(CenteredNorm(0, 1.2 * np.nanmax(np.abs(table))), pair)
    shared = np.concatenate([one.to_numpy(float).ravel() for one in every if not np.nanmin(one) < 0])
    low, high = np.nanmin(shared), np.nanmax(shared)
    return matplotlib.cm.ScalarMappable(Normalize(low - 0.05 * (high - low), high + 0.2 * (high - low)), "Blues")


def _draw(axis: Axes, table: pd.DataFrame, scale: matplotlib.cm.ScalarMappable, digits: int) -> None:
    values = table.to_numpy(float)
    colours = scale.to_rgba(np.ma.masked_invalid(values))
    colours[~np.isfinite(values)] = 1.0
    axis.imshow(colours, aspect="auto", interpolation="nearest")
    for (row, column), value in np.ndenumerate(values):
        light = colours[row, column, :3] @ (0.299, 0.587, 0.114)
        text = f"{value:.{digits}f}" if np.isfinite(value) else ""
        axis.text(column, row, text, ha="center", va="center", color="white" if light < DARK else "black")
    axis.set_xticks(range(table.shape[1]), table.columns)
    axis.set_yticks([])
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    axis.grid(False)
    axis.spines[:].set_visible(False)


def _heading(axis: Axes, name: str, above: float) -> None:
    axis.tick_params(axis="x", pad=(above + MARGIN) * POINT)
    axis.annotate(name, (0, 1), (0, (above + 1.5 * LINE) * POINT), xycoords="axes fraction", textcoords="offset points")


def _beside(axis: Axes, pictures: Sequence[np.ndarray] | None, wide: float, high: float) -> None:
    for row, picture in enumerate(pictures if pictures is not None else ()):
        _thumbnail(axis, picture, -PICTURE - MARGIN, row * high + MARGIN / 2, wide, high)


def _above(axis: Axes, pictures: Sequence[np.ndarray] | None, wide: float, high: float) -> None:
    for column, picture in enumerate(pictures if pictures is not None else ()):
        _thumbnail(axis, picture, column * wide + MARGIN / 2, -wide + MARGIN / 2, wide, high)


def _thumbnail(axis: Axes, picture: np.ndarray, left: float, top: float, wide: float, high: float) -> None:
    """Draw a picture so many pixels from the upper left corner of a table."""
    place = min(PICTURE, int(wide) - MARGIN)
    tall, broad = picture.shape[:2]
    width = width_on_screen(broad, place if tall <= broad else max(place * broad // tall, 1))
    height = max(round(tall * width / broad), 1)
    left, top = left + (place - width) // 2, top + (place - height) // 2
    across, down = (axis.get_xlim()[1] + 0.5) * wide, (axis.get_ylim()[0] + 0.5) * high
    inset = axis.inset_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    inset.imshow(on_screen(to_uint8(picture), width), interpolation="nearest", aspect="auto")
    inset.set_axis_off()
