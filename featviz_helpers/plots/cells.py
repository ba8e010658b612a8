"""Rows of pictures with words around them: what every figure of pictures is drawn with."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..data.images import to_uint8

DPI = 80  # stored in the notebooks: sharp enough, and small
MAX_WIDTH = 10.0  # inches of a whole row


class Cell(NamedTuple):
    """One picture (H, W, 3) in [-1, 1], or NaN for a dead start, and the texts around it."""

    picture: np.ndarray
    above: str = ""
    left: str = ""
    below: str = ""


def draw_cells(rows: list[list[Cell | None]], title: str | None, inch: float, stretch: bool = False) -> Figure:
    """Draw rows of cells.

    Args:
        rows: of any lengths; None leaves a cell empty.
        title: what the figure shows.
        inch: width of one cell.
        stretch: spread each picture's own range of tones over all tones.

    Returns:
        The figure.
    """
    columns = max(len(row) for row in rows)
    heights = [max(cell.picture.shape[0] / cell.picture.shape[1] for cell in row if cell) for row in rows]
    texts = [[text for cell in row if cell for text in (cell.above, cell.below)] for row in rows]
    lines = sum(max(text.count("\n") + bool(text) for text in part[k::2]) for part in texts for k in (0, 1))
    size = (inch * columns, inch * sum(heights) + 0.2 * lines + 0.1 * len(rows) + (0.35 if title else 0))
    figure, axes = plt.subplots(
        len(rows), columns, figsize=size, dpi=DPI, squeeze=False, height_ratios=heights, layout="constrained"
    )
    cells = [cell for row in rows for cell in row + [None] * (columns - len(row))]
    for axis, cell in zip(axes.flat, cells, strict=True):
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        if cell is None:
            axis.set_visible(False)
        else:
            _draw_cell(axis, cell, stretch)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def _draw_cell(axis: Axes, cell: Cell, stretch: bool) -> None:
    if np.isfinite(cell.picture).all():
        picture = _stretch(cell.picture) if stretch else cell.picture
        axis.imshow(to_uint8(picture), interpolation="nearest")
    else:
        axis.text(0.5, 0.5, "dead start:\nno gradient", ha="center", va="center", transform=axis.transAxes)
        axis.set_facecolor("0.9")
    axis.set_title(cell.above, fontsize=9)
    axis.set_ylabel(cell.left, fontsize=9)
    axis.set_xlabel(cell.below, fontsize=8, labelpad=2)


def _stretch(picture: np.ndarray) -> np.ndarray:
    """Spread the tones between the 1st and the 99th percentile over [-1, 1], all colours alike."""
    low, high = np.percentile(picture, (1, 99))
    return 2.0 * (picture - low) / max(high - low, 1e-6) - 1.0
