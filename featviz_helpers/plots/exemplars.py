"""What drives the channels of a layer: their strongest images."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from ..data.image_sets import ImageSet
from ..exemplars.tables import Exemplars
from ..models.receptive_field import Field, patch
from .canvas import Cell
from .cells import draw_cells


def exemplar_sheet(
    exemplars: Exemplars,
    data: ImageSet,
    layer: str,
    channels: Sequence[int],
    pooling: str = "mean",
    field: Field | None = None,
    title: str | None = None,
    columns: int = 9,
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
        columns: most images in a row; where the page is too narrow for them, they are shrunk.

    Returns:
        The figure. A channel that is silent on the whole data set has a row that says so.

    Raises:
        ValueError: not scanned, or another data set.
    """
    if data.fingerprint != exemplars.meta["fingerprint"]:
        raise ValueError(f"These exemplars were not found in {data!r}: its fingerprint is another one.")
    sheet = []
    for channel in channels:
        rows = exemplars.rows(layer, channel, pooling)
        silent = "\n(silent)" if rows["activation"].max() <= 0 else ""
        cells = []
        for row in rows.itertuples():
            image = data.load(data.index(row.path), exemplars.meta["size"])
            image = image if field is None else patch(image, row.row, row.col, field)
            label = f"{layer}:{channel}{silent}" if row.rank == 1 else ""
            cells.append(Cell(image, left=label, below=f"{row.activation:.3g}"))
        sheet.append(cells)
    return draw_cells(sheet, title, None, columns, shrink=True)
