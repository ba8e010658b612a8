"""Every figure of the course: pictures in rows and columns, curves, spectra."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from . import spectra
from .images import to_uint8
from .result import Result

INCH = 1.9  # width of one picture
DPI = 80  # stored in the notebooks: sharp enough, and small


def show(
    pictures: Result | np.ndarray | Sequence[np.ndarray],
    labels: Sequence[str] | None = None,
    title: str | None = None,
    columns: int = 5,
    inch: float = INCH,
) -> Figure:
    """Show pictures side by side.

    Args:
        pictures: a result, a batch (N, H, W, 3) in [-1, 1], or a list of (H, W, 3) of any sizes.
        labels: one a picture; a result brings its own.
        title: what the figure shows.
        columns: pictures a row.
        inch: width of one picture.

    Returns:
        The figure, also shown in a notebook.
    """
    if isinstance(pictures, Result):
        labels = labels or [
            f"{name}\nactivation {value:.3g}" for name, value in zip(pictures.labels, pictures.activations, strict=True)
        ]
        pictures = pictures.images
    rows = -(-len(pictures) // columns)
    labels = labels or [""] * len(pictures)
    grid = [[None] * min(columns, len(pictures)) for _ in range(rows)]
    for i, picture in enumerate(pictures):
        grid[i // columns][i % columns] = (picture, labels[i])
    return _draw(grid, title, inch)


def compare(
    results: Mapping[str, Result | np.ndarray],
    labels: Sequence[str] | None = None,
    title: str | None = None,
    inch: float = INCH,
) -> Figure:
    """Show several batches under each other: one row per name, one column per image.

    Args:
        results: name -> result or batch (N, H, W, 3) in [-1, 1].
        labels: names of the columns; those of the first result by default.
        title: what the figure shows.
        inch: width of one picture.

    Returns:
        The figure.
    """
    first = next(iter(results.values()))
    labels = labels or (first.labels if isinstance(first, Result) else [""] * len(first))
    grid = []
    for row, (name, batch) in enumerate(results.items()):
        images = batch.images if isinstance(batch, Result) else batch
        grid.append([(image, labels[i] if row == 0 else "") for i, image in enumerate(images)])
        grid[-1][0] = (*grid[-1][0], name)
    return _draw(grid, title, inch)


def _draw(grid: list[list[tuple | None]], title: str | None, inch: float) -> Figure:
    """Draw cells of (picture, label above[, name of the row])."""
    columns = max(len(row) for row in grid)
    heights = [max(cell[0].shape[0] / cell[0].shape[1] for cell in row if cell) for row in grid]
    lines = sum(max((cell[1].count("\n") + bool(cell[1]) for cell in row if cell), default=0) for row in grid)
    size = (inch * columns, inch * sum(heights) + 0.2 * lines + 0.1 * len(grid) + (0.35 if title else 0))
    figure, axes = plt.subplots(
        len(grid), columns, figsize=size, dpi=DPI, squeeze=False, height_ratios=heights, layout="constrained"
    )
    for axis, cell in zip(
        axes.flat, [cell for row in grid for cell in row + [None] * (columns - len(row))], strict=True
    ):
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        if cell is None:
            axis.set_visible(False)
        elif not np.isfinite(cell[0]).all():
            axis.text(0.5, 0.5, "dead start:\nno gradient", ha="center", va="center", transform=axis.transAxes)
            axis.set_facecolor("0.9")
        else:
            axis.imshow(to_uint8(cell[0]), interpolation="nearest")
        if cell is not None:
            axis.set_title(cell[1], fontsize=9)
            axis.set_ylabel(cell[2] if len(cell) > 2 else "", fontsize=9)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def curves(
    results: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, title: str = "", xlabel: str = "step",
    ylabel: str = "mean activation", log: bool = False,
) -> Figure:  # fmt: skip
    """Draw one line per name.

    Args:
        results: name -> values.
        x: shared positions; 0, 1, 2, ... by default.
        title, xlabel, ylabel: texts.
        log: logarithmic vertical axis.

    Returns:
        The figure.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.2), dpi=DPI, layout="constrained")
    for name, values in results.items():
        axis.plot(range(len(values)) if x is None else x, values, label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log" if log else "linear")
    axis.grid(alpha=0.3)
    if len(results) > 1:
        axis.legend(fontsize=8)
    return figure


def spectrum_curves(batches: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """Draw the mean power spectrum of each batch: power against frequency, from coarse to fine.

    Args:
        batches: name -> (N, H, W, 3) images in [-1, 1]; any sizes.
        title: what the figure shows.

    Returns:
        The figure; each line is divided by its sum, so that shapes are compared and not contrast.
    """
    lines = {}
    for name, images in batches.items():
        x, values = spectra.profile(images)
        mean = values.mean(axis=0)
        lines[name] = mean / mean.sum()
    return curves(lines, x, title, "frequency (cycles per pixel)", "share of the power", log=True)
