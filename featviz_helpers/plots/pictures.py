"""Every figure of the course: pictures in rows and columns, curves, spectra."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ..ascent.grid import Grid
from ..ascent.result import Result
from ..data.image_sets import ImageSet
from ..data.images import to_uint8
from ..exemplars.tables import Exemplars
from ..metrics import spectra
from ..models.receptive_field import Field, patch


class _Cell(NamedTuple):
    picture: np.ndarray
    above: str = ""
    left: str = ""
    below: str = ""


INCH = 1.9  # width of one picture
WIDEST = 10.0  # inches of a whole row of a grid
DPI = 80  # stored in the notebooks: sharp enough, and small


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
        labels: one a picture; a result brings its own. With a `Grid`, its last axis goes across and the others down.
        title: what the figure shows.
        columns: pictures a row.
        inch: width of one picture.
        stretch: for the eye only, spread each picture's own range of tones (but for 1 % at both ends) over all tones;
            say so where it is shown.

    Returns:
        The figure, also shown in a notebook.
    """
    if isinstance(labels, Grid):
        return _draw(_by_axes(pictures, labels), title, min(inch, WIDEST / labels.shape[-1]), stretch)
    if isinstance(pictures, Result):
        labels = labels or [
            f"{name}\nactivation {value:.3g}" for name, value in zip(pictures.labels, pictures.activations, strict=True)
        ]
        pictures = pictures.images
    rows = -(-len(pictures) // columns)
    labels = labels or [""] * len(pictures)
    grid = [[None] * min(columns, len(pictures)) for _ in range(rows)]
    for i, picture in enumerate(pictures):
        grid[i // columns][i % columns] = _Cell(picture, labels[i])
    return _draw(grid, title, inch, stretch)


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
            [_Cell(image, labels[i] if row == 0 else "", name if i == 0 else "") for i, image in enumerate(images)]
        )
    return _draw(grid, title, inch, stretch)


def exemplar_sheet(
    exemplars: Exemplars,
    data: ImageSet,
    layer: str,
    channels: Sequence[int],
    pooling: str = "mean",
    field: Field | None = None,
    title: str | None = None,
) -> Figure:
    """Show the strongest images of several channels: one row per channel, strongest first, activations below.

    Args:
        exemplars: what was found.
        data: the data set it was found in.
        layer: layer name; "auto" if only one was scanned.
        channels: channel numbers.
        pooling: "mean" or "max".
        field: show only what the strongest unit looks at, see `receptive_field` and `effective_field`.
        title: what the figure shows.

    Returns:
        The figure. A channel that is silent on the whole data set has a row that says so.

    Raises:
        ValueError: not scanned, or another data set.
    """
    if data.fingerprint != exemplars.meta["fingerprint"]:
        raise ValueError(f"These exemplars were not found in {data!r}: its fingerprint is another one.")
    grid = []
    for channel in channels:
        rows = exemplars.rows(layer, channel, pooling)
        silent = "\n(silent)" if rows["activation"].max() <= 0 else ""
        cells = []
        for row in rows.itertuples():
            image = data.load(data.index(row.path), exemplars.meta["size"])
            image = image if field is None else patch(image, row.row, row.col, field)
            label = f"{layer}:{channel}{silent}" if row.rank == 1 else ""
            cells.append(_Cell(image, left=label, below=f"{row.activation:.3g}"))
        grid.append(cells)
    return _draw(grid, title, WIDEST / max(map(len, grid)), stretch=False)


def _by_axes(pictures: Result | np.ndarray, axes: Grid) -> list[list[_Cell]]:
    """Lay pictures out along the axes of a grid, the activation under each where there is one."""
    *down, across = axes.axes
    rows = [", ".join(words) for words in product(*(axes.headings(name) for name in down))] or [""]
    headings = axes.headings(across)
    below = [f"{value:.3g}" for value in pictures.activations] if isinstance(pictures, Result) else [""] * len(axes)
    images = axes.table(pictures.images if isinstance(pictures, Result) else pictures)
    images = images.reshape(len(rows), len(headings), *images.shape[len(axes.shape) :])
    return [
        [
            _Cell(
                images[i, j],
                headings[j] if i == 0 else "",
                name if j == 0 else "",
                below[i * len(headings) + j],
            )
            for j in range(len(headings))
        ]
        for i, name in enumerate(rows)
    ]


def _stretched(picture: np.ndarray) -> np.ndarray:
    """Spread the tones between the 1st and the 99th percentile over [-1, 1], all colours alike."""
    low, high = np.percentile(picture, (1, 99))
    return 2.0 * (picture - low) / max(high - low, 1e-6) - 1.0


def _draw(grid: list[list[_Cell | None]], title: str | None, inch: float, stretch: bool) -> Figure:
    """Draw rows of cells."""
    columns = max(len(row) for row in grid)
    heights = [max(cell.picture.shape[0] / cell.picture.shape[1] for cell in row if cell) for row in grid]
    texts = [[text for cell in row if cell for text in (cell.above, cell.below)] for row in grid]
    lines = sum(max(text.count("\n") + bool(text) for text in part[k::2]) for part in texts for k in (0, 1))
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
            continue
        if np.isfinite(cell.picture).all():
            picture = _stretched(cell.picture) if stretch else cell.picture
            axis.imshow(to_uint8(picture), interpolation="nearest")
        else:
            axis.text(0.5, 0.5, "dead start:\nno gradient", ha="center", va="center", transform=axis.transAxes)
            axis.set_facecolor("0.9")
        axis.set_title(cell.above, fontsize=9)
        axis.set_ylabel(cell.left, fontsize=9)
        axis.set_xlabel(cell.below, fontsize=8, labelpad=2)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def curves(
    results: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, title: str = "", xlabel: str = "step",
    ylabel: str = "mean activation", log: bool = False, logx: bool = False,
) -> Figure:  # fmt: skip
    """Draw one line per name.

    Args:
        results: name -> values.
        x: shared positions; 0, 1, 2, ... by default.
        title, xlabel, ylabel: texts.
        log, logx: logarithmic vertical, horizontal axis.

    Returns:
        The figure.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.2), dpi=DPI, layout="constrained")
    for name, values in results.items():
        axis.plot(range(len(values)) if x is None else x, values, label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log" if log else "linear")
    axis.set_xscale("log" if logx else "linear")
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
