"""Pictures side by side, under each other, or along the axes of a grid."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from matplotlib.figure import Figure

from ..ascent.grid import Grid
from ..ascent.result import Result
from ..common.checks import flag, refusal, shown, whole_number
from ..data.sizes import LARGEST
from .arguments import check_labels, check_layout, check_pictures
from .canvas import Cell
from .cells import COLUMNS, draw_cells
from .sweeps import draw_sweep


def show(
    pictures: Result | np.ndarray | Sequence[np.ndarray],
    labels: Sequence[str] | Grid | None = None,
    title: str | None = None,
    columns: int | None = None,
    inch: float | None = None,
    stretch: bool = False,
    large: Mapping[str, float | str] | Sequence[float | str] | None = None,
) -> Figure:
    """Show pictures side by side, or as a labelled grid.

    A pixel of a picture is a square of whole pixels on the screen. Only a picture that is wider than a notebook's page
    is shrunk.

    Args:
        pictures: a result, a batch (N, H, W, 3) in [-1, 1], or a list of (H, W, 3) of any sizes.
        labels: one per picture; a result brings its own. With a `Grid`, its last axis goes across and the others down.
        title: what the figure shows; best as a sentence that says what is seen.
        columns: most pictures in a row: by default 4, and for a grid as many as the page has room for.
        inch: width of one picture in inches of 160 pixels, rounded to a whole multiple of the picture's own; by
            default as large as the page allows, at most 1.6.
        stretch: for the eye only, spread each picture's own range of tones (but for 1 % at both ends) over all tones;
            say so where it is shown.
        large: with a `Grid`, the values of its last axis that are shown large, the others small beside them; a mapping
            from words to values names them: {"none": 0, "right": 1e-3, "too much": 0.1}.

    Returns:
        The figure, also shown in a notebook.

    Raises:
        ValueError: another number of labels than of pictures; `large` without a grid, or with a value that is not on
            its last axis.
    """
    check_layout(columns=columns, inch=inch, stretch=stretch, title=title)
    if isinstance(labels, Grid):
        rows = _by_axes(pictures, labels)
        if large is not None:
            return draw_sweep(rows, labels, large, title, stretch)
        return draw_cells(rows, title, inch, columns or labels.shape[-1], stretch)
    if large is not None:
        raise ValueError(
            "`large` picks values of a sweep: give its grid as `labels`, as in show(result, cells, large=[0, 1]); "
            f"got {shown(large)} and no grid."
        )
    if isinstance(pictures, Result):
        values = zip(pictures.labels, pictures.activations, strict=True)
        if labels is None:
            labels = [f"{name}\nactivation {value:.3g}" for name, value in values]
        pictures = pictures.images
    pictures = check_pictures("pictures", pictures, stretch)
    row = [Cell(picture, label) for picture, label in zip(pictures, check_labels(labels, len(pictures)), strict=True)]
    return draw_cells([row], title, inch, columns or COLUMNS, stretch)


def compare(
    results: Mapping[str, Result | np.ndarray],
    labels: Sequence[str] | None = None,
    title: str | None = None,
    columns: int = COLUMNS,
    inch: float | None = None,
    stretch: bool = False,
) -> Figure:
    """Show several batches under each other: one row per name, one column per image.

    Args:
        results: name -> result or batch (N, H, W, 3) in [-1, 1].
        labels: names of the columns; those of the first result by default. Each stands above the first row that has
            its column.
        title: what the figure shows.
        columns: most columns; what is beyond them follows below, as rows of the same names.
        inch: width of one picture, as for `show`.
        stretch: as for `show`.

    Returns:
        The figure.
    """
    check_layout(columns=whole_number("columns", columns, 1), inch=inch, stretch=stretch, title=title)
    if not isinstance(results, Mapping) or not results:
        raise refusal("results", "a mapping: name -> result or batch of images", results)
    batches = {
        name: list(batch.images) if isinstance(batch, Result) else check_pictures(f"results[{name!r}]", batch, stretch)
        for name, batch in results.items()
    }
    first, lengths = next(iter(results.values())), [len(images) for images in batches.values()]
    labels = first.labels if labels is None and isinstance(first, Result) else labels
    columns_named = max(lengths) if np.size(labels) == max(lengths) else lengths[0]
    words = [*check_labels(labels, columns_named), *[""] * max(lengths)]
    highest = [next(row for row, length in enumerate(lengths) if length > i) for i in range(max(lengths))]
    grid = [
        [Cell(image, words[i] if row == highest[i] else "", name if i == 0 else "") for i, image in enumerate(images)]
        for row, (name, images) in enumerate(batches.items())
    ]
    return draw_cells(grid, title, inch, columns, stretch)


def zoom(
    pictures: Result | np.ndarray | Sequence[np.ndarray],
    labels: Sequence[str] | None = None,
    title: str | None = None,
    at: tuple[int, int] | None = None,
    side: int = 32,
    stretch: bool = False,
) -> Figure:
    """Show pictures, and beside each a square of it so much enlarged that its pixels are seen.

    Args:
        pictures: as for `show`.
        labels: one per picture; those of the result by default.
        title: what the figure shows.
        at: row and column of the square's upper left corner, the same in all pictures; in the middle by default.
        side: of the square, in pixels of the picture.
        stretch: as for `show`.

    Returns:
        The figure; the square is framed in the whole picture.

    Raises:
        ValueError: another number of labels than of pictures; the square is not inside every picture.
    """
    side, stretch = whole_number("side", side, 1, LARGEST), flag("stretch", stretch)
    if isinstance(pictures, Result):
        labels, pictures = pictures.labels if labels is None else labels, pictures.images
    pictures = check_pictures("pictures", pictures, stretch)
    pairs = [
        _whole_and_square(picture, label, at, side)
        for picture, label in zip(pictures, check_labels(labels, len(pictures)), strict=True)
    ]
    wide = max(pair[0].picture.shape[1] for pair in pairs)
    both = COLUMNS if wide <= 2 * 112 else 2
    cells = [cell for pair in pairs for cell in pair]
    return draw_cells([cells[i : i + both] for i in range(0, len(cells), both)], title, None, both, stretch)


def _whole_and_square(picture: np.ndarray, label: str, at: tuple[int, int] | None, side: int) -> tuple[Cell, Cell]:
    height, width = picture.shape[:2]
    top, left = at or ((height - side) // 2, (width - side) // 2)
    if min(top, left) < 0 or top + side > height or left + side > width:
        raise ValueError(
            f"A square with a side of {side} pixels at row {top}, column {left} is not inside a picture of {height} x "
            f"{width}: rows may be 0 to {height - side}, columns 0 to {width - side}."
        )
    square = picture[top : top + side, left : left + side]
    return Cell(picture, label, box=(top, left, side, side)), Cell(square, f"its {side} x {side} pixels in the frame")


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
