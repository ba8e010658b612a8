"""Images at their places of a map, in the cells of a grid, and all that is seen of one unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from skimage.transform import resize_local_mean

from ..common.checks import refusal, whole_number
from .arguments import check_labels, check_pictures
from .canvas import Cell
from .cells import GAP, draw_cells
from .maps import enlarge, heat
from .overlays import TOP, tint
from .style import PAGE

PAPER, FRAME, DEAD = 1.0, 0.4, 0.8  # white, pale grey and paler, in [-1, 1]
SMALLEST = 8  # pixels of a thumbnail
EDGE = 4  # pixels from the frame to the outermost images


def image_scatter(
    images: np.ndarray,
    maps: Mapping[str, np.ndarray],
    title: str | None = None,
    thumb: int = 24,
    height: int | None = None,
) -> Figure:
    """Show images at their places on flat maps, each map stretched over its own frame; later images lie on top.

    A map has no unit, and its two directions get scales of their own: only who is near whom is to be read.

    Args:
        images: (N, H, W, 3) in [-1, 1], squares.
        maps: heading -> places (N, 2), across and up; one canvas each, side by side.
        title: what the figure shows; best as a sentence that says what is seen.
        thumb: side of an image on the canvas, in pixels.
        height: of a canvas, in pixels; as wide as it is, at most 640, by default.

    Returns:
        The figure.

    Raises:
        ValueError: other numbers of places than of images, places that are not finite, or a canvas smaller than thumb.
    """
    pictures = thumbnails(images, thumb)
    if not isinstance(maps, Mapping) or not maps:
        raise refusal("maps", "heading -> places (N, 2), one at least", maps)
    width = (PAGE + GAP) // len(maps) - GAP
    height = min(width, 640) if height is None else whole_number("height", height, 1)
    if thumb + 2 * EDGE > min(width, height):
        raise refusal("thumb", f"from 8 to {min(width, height) - 2 * EDGE} for {len(maps)} maps, at least one", thumb)
    cells = []
    for name, places in maps.items():
        canvas = np.full((height, width, 3), FRAME, np.float32)
        canvas[1:-1, 1:-1] = PAPER
        for picture, (row, column) in zip(pictures, _pixels(name, places, len(pictures), canvas, thumb), strict=True):
            canvas[row : row + thumb, column : column + thumb] = picture
        cells.append(Cell(canvas, name))
    return draw_cells([cells], title, inch=width / 160, columns=len(cells))


def image_grid(images: np.ndarray, cells: np.ndarray, title: str | None = None, thumb: int | None = None) -> Figure:
    """Show images in the cells of a grid, as `exemplars.snap_to_grid` gives them.

    Args:
        images: (N, H, W, 3) in [-1, 1], squares.
        cells: (N, 2) whole numbers, row from the top and column from the left, no two equal.
        title: what the figure shows.
        thumb: side of an image in pixels; by default as the page allows, at most 64.

    Returns:
        The figure; a cell without an image stays white.

    Raises:
        ValueError: another number of cells than of images, or two images in one cell.
    """
    cells = np.asarray(cells)
    if cells.shape != (len(images), 2) or cells.dtype.kind not in "iu" or cells.min() < 0:
        raise refusal("cells", f"{len(images)} pairs of row and column, one per image", cells)
    if len(np.unique(cells, axis=0)) < len(cells):
        raise ValueError("cells must differ from each other; two images have the same one.")
    rows, columns = (cells.max(axis=0) + 1).tolist()
    thumb = thumb or max(min(PAGE // columns, 64), SMALLEST)
    canvas = np.full((rows * thumb, columns * thumb, 3), PAPER, np.float32)
    for picture, (row, column) in zip(thumbnails(images, thumb), cells * thumb, strict=True):
        canvas[row : row + thumb, column : column + thumb] = picture
    return draw_cells([[Cell(canvas)]], title, inch=canvas.shape[1] / 160, columns=1)


def unit_panel(
    image: np.ndarray,
    activation: np.ndarray,
    made: np.ndarray,
    seen: np.ndarray,
    back: Mapping[str, np.ndarray],
    labels: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Show all that is known of one unit on one sheet, as the Deep Visualization Toolbox does (Yosinski et al., 2015).

    On top the image, the unit's map over it, the map alone, and a picture made for the unit; below them the images
    that drive it most; and under each what the unit saw there, sent back to the pixels by one rule or by several.

    Args:
        image: (H, W, 3) in [-1, 1].
        activation: (h, w), the unit's map of this image.
        made: (h, w, 3) in [-1, 1], such as `maximize` makes.
        seen: (K, H, W, 3) in [-1, 1], strongest first.
        back: rule, such as "deconvnet" -> (K, H, W, 3), signed; each is spread around its own zero, which is grey.
        labels: of the images below, such as their activations.
        title: what the figure shows.

    Returns:
        The figure.

    Raises:
        ValueError: another number of pictures that were sent back than of images.
    """
    check_pictures("image", [image])
    for name, sent in back.items():
        if np.shape(sent) != np.shape(seen):
            raise refusal(f"back['{name}']", f"pictures {np.shape(seen)}, one for each of `seen`", np.asarray(sent))
    shape = image.shape[0], image.shape[1]
    coloured = heat(activation, shape)
    over = tint(image, enlarge(activation, shape))
    top = [
        Cell(image, "photograph"),
        Cell(over, "its map over it"),
        Cell(coloured, "its map"),
        Cell(made, "made for it"),
    ]
    words = check_labels(labels, len(seen))
    middle = [Cell(picture, left="" if i else "drive it most", below=words[i]) for i, picture in enumerate(seen)]
    bottom = [
        [Cell(picture, left="" if i else name) for i, picture in enumerate(_around_zero(sent))]
        for name, sent in back.items()
    ]
    return draw_cells([top, middle, *bottom], title, columns=max(len(top), len(seen)), shrink=True)


def _around_zero(sent: np.ndarray) -> np.ndarray:
    spread = np.quantile(np.abs(sent), TOP, axis=(1, 2, 3), keepdims=True)
    return np.clip(sent / np.maximum(spread, 1e-12), -1, 1)


def thumbnails(images: np.ndarray, side: int) -> np.ndarray:
    """Return square images at another size, as means over areas: (N, side, side, 3); a dead start is a pale square.

    Raises:
        ValueError: what is no batch of square images, or a side below `SMALLEST`.
    """
    side = whole_number("thumb", side, SMALLEST, PAGE)
    pictures = check_pictures("images", images)
    if any(picture.shape[0] != picture.shape[1] for picture in pictures):
        raise refusal("images", "squares (N, H, H, 3)", np.asarray(images))
    small = np.stack([resize_local_mean(picture, (side, side), channel_axis=-1) for picture in pictures])
    # NaN in one image would make the whole canvas that it lies on a dead start.
    return np.where(np.isfinite(small).all(axis=(1, 2, 3), keepdims=True), small, np.asarray(DEAD, small.dtype))


def _pixels(name: str, places: np.ndarray, count: int, canvas: np.ndarray, thumb: int) -> np.ndarray:
    """Return the upper left corner of each image on the canvas."""
    places = np.asarray(places, float)
    if places.shape != (count, 2) or not np.isfinite(places).all():
        raise refusal(f"maps[{name!r}]", f"{count} places (across, up), one per image, all finite", places)
    share = (places - places.min(axis=0)) / np.maximum(np.ptp(places, axis=0), 1e-12)
    room = np.array(canvas.shape[:2]) - thumb - 2 * EDGE
    return EDGE + np.round(np.stack([1 - share[:, 1], share[:, 0]], axis=1) * room).astype(int)
