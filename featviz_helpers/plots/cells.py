"""Rows of pictures with words around them."""

from collections.abc import Iterator, Sequence

from ..common.checks import instance
from .canvas import Cell, Place, Sheet, draw, margin, place
from .style import DPI, LINE, PAGE, lines, wrap

GAP = 8  # pixels between two pictures
LARGEST = 256  # pixels: the width of a picture where the page has more than enough room
COLUMNS = 4
SIDEWAYS = 120  # pixels: words on the left have at least so much height, also beside a low picture


def draw_cells(
    rows: Sequence[Sequence[Cell | None]],
    title: str | None,
    inch: float | None = None,
    columns: int = COLUMNS,
    stretch: bool = False,
    shrink: bool = False,
) -> Sheet:
    """Draw rows of cells, folded where they have more columns than asked for or than the page has room for.

    Args:
        rows: of any lengths; None leaves a cell empty.
        title: what the figure shows.
        inch: width of one cell, rounded to a whole multiple of the picture's and never below it; by default as large
            as the page allows.
        columns: most cells in a row.
        stretch: spread each picture's own range of tones over all tones.
        shrink: rather shrink pictures than fold rows that the page is too narrow for.

    Returns:
        The figure.
    """
    instance("title", title, str | None, "text or None")
    wide = max(cell.picture.shape[1] for row in rows for cell in row if cell)
    rows = [[cell and cell._replace(left=wrap(cell.left, max(wide, SIDEWAYS))) for cell in row] for row in rows]
    edge = margin(row[0] for row in rows)
    room = PAGE - edge + GAP
    most = columns if shrink else min(columns, room // (wide + GAP))
    rows = list(_fold(rows, max(most, 1)))
    limit = room // max(map(len, rows)) - GAP
    wish = LARGEST if inch is None else wide * round(inch * DPI / wide)
    width = max(min(wish, limit) // wide, 1) * wide
    return draw(list(_place(rows, edge, min(width, limit))), title, stretch)


def _fold(rows: Sequence[Sequence[Cell | None]], columns: int) -> Iterator[list[Cell | None]]:
    """Cut rows into blocks of about equally many columns; each block repeats the words on the left."""
    longest = max(map(len, rows))
    size = -(-longest // -(-longest // columns))
    for start in range(0, longest, size):
        for row in rows:
            part = list(row[start : start + size])
            if part and part[0] and row[0]:
                part[0] = part[0]._replace(left=row[0].left)
            if part:
                yield part


def _place(rows: list[list[Cell | None]], edge: int, width: int) -> Iterator[Place]:
    top = 0
    for row in rows:
        cells = {i: _wrapped(cell, width) for i, cell in enumerate(row) if cell}
        top += max((lines(cell.above) for cell in cells.values()), default=0) * LINE
        places = [place(cell, edge + i * (width + GAP), top, width) for i, cell in cells.items()]
        yield from places
        bottom = max((one.top + one.height + lines(one.cell.below) * LINE for one in places), default=top)
        top = bottom + GAP


def _wrapped(cell: Cell, width: int) -> Cell:
    return cell._replace(above=wrap(cell.above, width), below=wrap(cell.below, width))
