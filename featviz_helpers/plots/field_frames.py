"""Labelled frames on one picture, true to scale."""

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .canvas import Cell
from .cells import draw_cells
from .style import LINE, PALETTE, style

Box = tuple[int, int, int, int]
PAPER = 0.8  # the light grey around a picture, on the scale from -1 to 1


@style()
def frames(picture: np.ndarray, boxes: Mapping[str, Box], title: str | None = None) -> Figure:
    """Draw frames on a picture; grey paper is added around it where a frame reaches beyond it.

    Args:
        picture: (H, W, 3) in [-1, 1].
        boxes: what is written at a frame -> its (top, left, bottom, right) in pixels of the picture, bottom and right
            excluded, as `Field.box` gives them.
        title: what the figure shows.

    Returns:
        The figure, also shown in a notebook.
    """
    top, left, sheet = _on_paper(picture, boxes.values())
    figure = draw_cells([[Cell(sheet)]], title, columns=1, shrink=True)
    axis = figure.axes[0]
    for number, (words, box) in enumerate(boxes.items()):
        color = PALETTE[number % len(PALETTE)]
        corner = (box[1] + left - 0.5, box[0] + top - 0.5)
        size = (box[3] - box[1], box[2] - box[0])
        axis.add_patch(Rectangle(corner, *size, fill=False, edgecolor=color, linewidth=1.2))
        back = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
        axis.text(corner[0], corner[1] - 2, words, color=color, va="bottom", bbox=back).set_in_layout(False)
    return figure


def _on_paper(picture: np.ndarray, boxes: Iterable[Box]) -> tuple[int, int, np.ndarray]:
    """Return how many rows and columns of paper lie above and left of a picture, and the picture on its paper."""
    tops, lefts, bottoms, rights = (np.array(edge) for edge in zip(*boxes, strict=True))
    above, before = max(LINE - tops.min(), 0), max(1 - lefts.min(), 0)  # a line of text, and the frame's own width
    below, behind = (
        max(edge.max() + 1 - side, 0) for edge, side in zip((bottoms, rights), picture.shape, strict=False)
    )
    sheet = np.pad(picture, ((above, below), (before, behind), (0, 0)), constant_values=PAPER)
    return int(above), int(before), sheet
