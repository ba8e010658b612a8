"""How large a picture may be, and how many of them may be in memory at once."""

from collections.abc import Sequence

from ..common.checks import refusal, shown, whole_numbers

LARGEST = 16_384  # pixels on a side; what is larger does not fit into memory, and says so only minutes later
MOST_AT_ONCE = 4096  # images of a batch
MOST_PIXELS = 2**30  # of a batch that is made at once: 12 GB


def pair(size: int | Sequence[int]) -> tuple[int, int]:
    """Return (height, width) for a side or a pair of whole numbers from 1 to 16,384 pixels."""
    sides = whole_numbers("An image size", size, 1, LARGEST)
    if len(sides) > 2:
        raise ValueError(f"An image size is one side, or (height, width), in pixels; got {shown(size)}.")
    return sides[0], sides[-1]


def square(size: int | Sequence[int]) -> int:
    """Return the side of a square, whole and from 1 to 16,384 pixels; a pair of two sides is refused."""
    height, width = pair(size)
    if height != width:
        raise ValueError(f"Images are read as squares, of one side in pixels; got {shown(size)}. For others: `resize`.")
    return height


def most_at_once(height: int, width: int) -> int:
    """Return how many images of a size may be in memory at once; at least 1."""
    return max(1, MOST_PIXELS // (height * width))


def fit_at_once(name: str, count: int, height: int, width: int) -> None:
    """Refuse images that are each small enough, and together are not.

    Args:
        name: what the message calls their number.
        count: how many.
        height, width: of each, in pixels.

    Raises:
        ValueError: they have more than `MOST_PIXELS`.
    """
    most = most_at_once(height, width)
    if count > most:
        allowed = f"from 1 to {most:,}"
        raise refusal(name, allowed, count, f"Of {height} x {width} pixels, no more fit into memory at once.")
