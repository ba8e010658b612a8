"""A figure on which every picture has a place in whole pixels, so that none of its own is dropped or blurred."""

import io
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..data.images import to_uint8
from .alt import alt
from .pixels import on_screen, width_on_screen
from .style import DPI, LINE, PALETTE, lines, style, wrap

NARROWEST = 320  # pixels: room for a title above one small picture


class Cell(NamedTuple):
    """One picture (H, W, 3) in [-1, 1], or NaN for a dead start, and the texts around it.

    `box` is an area to mark: (top, left, height, width) in the picture's pixels.
    """

    picture: np.ndarray
    above: str = ""
    left: str = ""
    below: str = ""
    box: tuple[int, int, int, int] | None = None


class Place(NamedTuple):
    """A cell, and where its picture is: in pixels, from the left and the top of the figure."""

    cell: Cell
    left: int
    top: int
    width: int
    height: int


class Sheet(Figure):
    """A figure of pictures, which a notebook stores as a PNG where that is no larger than a JPEG.

    A PNG keeps every pixel. It is small for stripes and enlarged pixels, and two to four times as large as a JPEG for
    pictures that an ascent made. At this quality, and with colours at full resolution, a JPEG changes the share of high
    frequencies by less than 0.01.
    """

    PNG: ClassVar = {"compress_level": 6}
    JPEG: ClassVar = {"quality": 80, "subsampling": 0, "optimize": True}

    def png(self) -> bytes:
        """Return the figure as a file, with the border that Jupyter puts round a figure."""
        return _file(self._pixels(), "png", self.PNG)

    def jpeg(self) -> bytes:
        """Return the figure as a smaller file, whose pixels are nearly those of the figure."""
        return _file(self._pixels(), "jpeg", self.JPEG)

    def smallest(self) -> tuple[str, bytes]:
        """Return the kind, "png" or "jpeg", and the content of the smaller file."""
        pixels = self._pixels()  # drawn once for both
        both = ("png", _file(pixels, "png", self.PNG)), ("jpeg", _file(pixels, "jpeg", self.JPEG))
        return min(both, key=lambda file: len(file[1]))

    def _pixels(self) -> PIL.Image.Image:
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight", pil_kwargs={"compress_level": 0})
        return PIL.Image.open(file).convert("RGB")  # white behind everything, so there is nothing to see through

    def _ipython_display_(self) -> None:
        from IPython.display import Image, display

        kind, data = self.smallest()
        display(Image(data=data, format=kind, metadata={"alt": alt(self)}))


def _file(pixels: PIL.Image.Image, kind: str, options: dict) -> bytes:
    file = io.BytesIO()
    pixels.save(file, format=kind, **options)
    return file.getvalue()


def place(cell: Cell, left: int, top: int, limit: int) -> Place:
    """Give a cell the size at which its picture is shown, in the middle of a column `limit` pixels wide."""
    height, width = cell.picture.shape[:2]
    shown = width_on_screen(width, limit)
    return Place(cell, left + (limit - shown) // 2, top, shown, max(round(height * shown / width), 1))


def margin(cells: Iterable[Cell | None]) -> int:
    """Return the pixels that the words on the left of the first cells need."""
    most = max(lines(cell.left) for cell in cells if cell)
    return most * LINE + (LINE // 2 if most else 0)


def draw(places: Sequence[Place], title: str | None, stretch: bool = False) -> Sheet:
    """Draw pictures where they belong.

    Args:
        places: the pictures.
        title: what the figure shows.
        stretch: spread each picture's own range of tones over all tones.

    Returns:
        The figure. It is as large as what is on it.
    """
    width = max(max(place.left + place.width for place in places), NARROWEST)
    height = max(place.top + place.height + lines(place.cell.below) * LINE for place in places)
    title = wrap(title, width) if title else ""
    head = lines(title) * LINE + (LINE // 2 if title else 0)
    with style():
        figure = plt.figure(FigureClass=Sheet, figsize=(width / DPI, (height + head) / DPI))
        # Jupyter cuts a figure down to what is drawn on it. This frame is as large as the figure, so that the cut is
        # never inside a pixel.
        figure.add_artist(Rectangle((0, 0), 1, 1, transform=figure.transFigure, fill=False, linewidth=0))
        for one in places:
            bottom = height - one.top - one.height
            axis = figure.add_axes(
                (one.left / width, bottom / (height + head), one.width / width, one.height / (height + head))
            )
            _draw_cell(axis, one, stretch)
        if title:
            figure.suptitle(title, x=0, y=1, ha="left", va="top", weight="bold").set_in_layout(False)
    return figure


def _draw_cell(axis: Axes, place: Place, stretch: bool) -> None:
    cell = place.cell
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    if np.isfinite(cell.picture).all():
        pixels = to_uint8(_stretch(cell.picture) if stretch else cell.picture)
        height, width = pixels.shape[:2]
        own = (-0.5, width - 0.5, height - 0.5, -0.5)  # places are those of the picture, also where it is shrunk
        axis.imshow(on_screen(pixels, place.width), interpolation="nearest", aspect="auto", extent=own)
    else:
        axis.text(0.5, 0.5, "dead start:\nno gradient", ha="center", va="center", transform=axis.transAxes)
        axis.set_facecolor("0.9")
    if cell.box:
        top, left, height, width = cell.box
        axis.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=PALETTE[1], linewidth=1))
    axis.set_title(cell.above, y=1, pad=1.5)
    axis.set_ylabel(cell.left, labelpad=2)
    axis.set_xlabel(cell.below, labelpad=1.5)
    for words in (axis.title, axis.xaxis, axis.yaxis):
        words.set_in_layout(False)


def _stretch(picture: np.ndarray) -> np.ndarray:
    """Spread the tones between the 1st and the 99th percentile over [-1, 1], all colours alike."""
    low, high = np.percentile(picture, (1, 99))
    return 2.0 * (picture - low) / max(high - low, 1e-6) - 1.0
