"""What drives the channels of a layer: their strongest images."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..common.checks import instance, whole_numbers
from ..data.image_sets import ImageSet
from ..exemplars.rounds import Round
from ..exemplars.tables import Exemplars
from ..models.receptive_field import Field, patch
from .arguments import check_layout
from .canvas import Cell
from .cells import draw_cells

NINE = 96  # pixels: images of this width fit nine times across a page


def exemplar_sheet(
    exemplars: Exemplars,
    data: ImageSet,
    layer: str,
    channels: Sequence[int],
    pooling: str = "mean",
    field: Field | None = None,
    title: str | None = None,
    columns: int | None = None,
    k: int | None = None,
) -> Figure:
    """Show the strongest images of several channels: strongest first, activations below.

    Args:
        exemplars: what was found.
        data: the data set it was found in.
        layer: layer name; "auto" if only one was scanned.
        channels: channel numbers.
        pooling: "mean" or "max".
        field: show only what the strongest unit looks at, see `receptive_field` and `effective_field`.
        title: what the figure shows.
        columns: most images in a row. By default 9 where the page has room for them, and otherwise 5: photographs are
            shrunk, and a channel may take two rows.
        k: images per channel; by default all that the scan kept.

    Returns:
        The figure. A channel that is silent on the whole data set has a row that says so.

    Raises:
        ValueError: not scanned, or another data set.
    """
    instance("exemplars", exemplars, Exemplars, "what fv.find_exemplars returns")
    instance("data", data, ImageSet, "the set of images that the exemplars were found in")
    check_layout(columns=columns, inch=None, stretch=False, title=title)
    if data.fingerprint != exemplars.meta["fingerprint"]:
        raise ValueError(f"These exemplars were not found in {data!r}: its fingerprint is another one.")
    sheet = []
    for channel in whole_numbers("channels", channels):
        rows = exemplars.rows(layer, channel, pooling, k)
        silent = "\n(silent)" if rows["activation"].max() <= 0 else ""
        cells = []
        for row in rows.itertuples():
            image = data.load(data.index(row.path), exemplars.meta["size"])
            image = image if field is None else patch(image, row.row, row.col, field)
            label = f"channel {channel}{silent}" if row.rank == 1 else ""
            cells.append(Cell(image, left=label, below=f"{row.activation:.3g}"))
        sheet.append(cells)
    columns = columns or (9 if max(cell.picture.shape[1] for row in sheet for cell in row) <= NINE else 5)
    parts = [row[i : i + columns] for row in sheet for i in range(0, len(row), columns)]
    return draw_cells(parts, title, None, columns, shrink=True)


def round_sheet(
    rounds: Sequence[Round], data: ImageSet, size: int, made: np.ndarray | None = None, title: str | None = None
) -> Figure:
    """Show rounds of the two-alternative task: on the left what drives the channel, on the right the queries A and B.

    Args:
        rounds: see `two_alternatives`; their key is not shown.
        data: the images that they were drawn from.
        size: side in pixels at which images are loaded.
        made: (N, H, W, 3), one made picture per round, in place of the references.
        title: what the figure shows.

    Returns:
        The figure.

    Raises:
        ValueError: another number of made pictures than of rounds.
    """
    if made is not None and len(made) != len(rounds):
        raise ValueError(f"There are {len(made)} made pictures for {len(rounds)} rounds; give one per round.")
    sheet = []
    for i, one in enumerate(rounds):
        shown = [made[i]] if made is not None else [data.load(image, size) for image in one.references]
        cells = [Cell(picture, "" if i else "drives it") for picture in shown]
        cells[0] = cells[0]._replace(left=f"round {i + 1}")
        cells += [Cell(data.load(image, size), letter) for image, letter in zip(one.queries, "AB", strict=True)]
        sheet.append(cells)
    return draw_cells(sheet, title, columns=len(sheet[0]), shrink=True)
