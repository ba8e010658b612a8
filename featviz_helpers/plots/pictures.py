"""Pictures side by side, under each other, or along the axes of a grid."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from matplotlib.figure import Figure

from ..ascent.grid import Grid
from ..ascent.result import Result
from .cells import MAX_WIDTH, Cell, draw_cells

INCH = 1.9  # width of one picture


def show(
    pictures: Result | np.ndarray | Sequence[np.ndarray],
    labels: Sequence[str] | Grid | None = None,
    title: str | None = None,
    columns: int = 5,
    inch: float = INCH,
    stretch: bool = False,
) -> Figure:
    """Show pictures side by side, or as a labelled grid.

    Args:
        pictures: a result, a batch (N, H, W, 3) in [-1, 1], or a list of (H, W, 3) of any sizes.
        labels: one per picture; a result brings its own. With a `Grid`, its last axis goes across and the others down.
        title: what the figure shows.
        columns: pictures in a row.
        inch: width of one picture.
        stretch: for the eye only, spread each picture's own range of tones (but for 1 % at both ends) over all tones;
            say so where it is shown.

    Returns:
        The figure, also shown in a notebook.
    """
    if isinstance(labels, Grid):
        return draw_cells(_by_axes(pictures, labels), title, min(inch, MAX_WIDTH / labels.shape[-1]), stretch)
    if isinstance(pictures, Result):
        labels = labels or [
            f"{name}\nactivation {value:.3g}" for name, value in zip(pictures.labels, pictures.activations, strict=True)
        ]
        pictures = pictures.images
    rows = -(-len(pictures) // columns)
    labels = labels or [""] * len(pictures)
    grid = [[None] * min(columns, len(pictures)) for _ in range(rows)]
    for i, picture in enumerate(pictures):
        grid[i // columns][i % columns] = Cell(picture, labels[i])
    return draw_cells(grid, title, inch, stretch)


def compare(
    results: Mapping[str, Result | np.ndarray],
    labels: Sequence[str] | None = None,
    title: str | None = None,
    inch: float = INCH,
    stretch: bool = False,
) -> Figure:
    """Show several batches under each other: one row per name, one column per image.

    Args:
        results: name -> result or batch (N, H, W, 3) in [-1, 1].
        labels: names of the columns; those of the first result by default.
        title: what the figure shows.
        inch: width of one picture.
        stretch: as for `show`.

    Returns:
        The figure.
    """
    first = next(iter(results.values()))
    labels = labels or (first.labels if isinstance(first, Result) else [""] * len(first))
    grid = []
    for row, (name, batch) in enumerate(results.items()):
        images = batch.images if isinstance(batch, Result) else batch
        grid.append(
            [Cell(image, labels[i] if row == 0 else "", name if i == 0 else "") for i, image in enumerate(images)]
        )
    return draw_cells(grid, title, inch, stretch)


def _by_axes(pictures: Result | np.ndarray, axes: Grid) -> list[list[Cell]]:
    """Lay pictures out along the axes of a grid, the activation under each where there is one."""
    *down, across = axes.axes
    rows = [", ".join(words) for words in product(*(axes.headings(name) for name in down))] or [""]
    headings = axes.headings(across)
    below = [f"{value:.3g}" for value in pictures.activations] if isinstance(pictures, Result) else [""] * len(axes)
    images = axes.table(pictures.images if isinstance(pictures, Result) else pictures)
    images = images.reshape(len(rows), len(headings), *images.shape[len(axes.shape) :])

    def cell(i: int, j: int) -> Cell:
        above, left = headings[j] if i == 0 else "", rows[i] if j == 0 else ""
        return Cell(images[i, j], above, left, below[i * len(headings) + j])

    return [[cell(i, j) for j in range(len(headings))] for i in range(len(rows))]
