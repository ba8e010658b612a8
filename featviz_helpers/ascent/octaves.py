"""Octaves: from a coarse picture to a fine one."""

from ..common.checks import flag
from .per_image import Numbers, PerImage

MOST = 64


class Octaves(PerImage):
    """Coarse to fine: ascend on a small image, enlarge it, ascend again (Mordvintsev et al., 2015).

    Args:
        count: number of sizes, a whole number from 1 to 64, or one per image; the last is the full size.
        scale: factor between two sizes, >= 1, or one per image; Inceptionism takes 1.4. With 1 every octave has the
            full size: more steps and nothing else, which is the fair comparison.
        detail: when starting from images, give back at each size the detail that the small version lost.

    Raises:
        ValueError: a count outside 1 ... 64 or not whole, a scale below 1.
    """

    def __init__(self, count: Numbers = 4, scale: Numbers = 1.4, detail: bool = True) -> None:
        super().__init__(count=count, scale=scale)
        self.detail = flag("detail", detail)
        counts, scales = self.values["count"], self.values["scale"]
        if counts.min() < 1 or counts.max() > MOST or (counts % 1).any() or scales.min() < 1:
            raise ValueError(
                f"Octaves need a whole count from 1 to {MOST} and a scale >= 1; got count {self._shown('count')} and "
                f"scale {self._shown('scale')}. A scale of 1.4 makes each octave 1.4 times larger than the one before."
            )

    def sizes(self, height: int, width: int, image: int = 0) -> list[tuple[int, int]]:
        """Return (height, width) of every octave of one image, smallest first."""
        count, scale = (float(values[min(image, len(values) - 1)]) for values in self.values.values())
        powers = [scale**-power for power in reversed(range(int(count)))]
        return [(max(1, round(height * power)), max(1, round(width * power))) for power in powers]

    def describe(self) -> dict:
        """Return name and values for a result's config."""
        return {**super().describe(), "detail": self.detail}
