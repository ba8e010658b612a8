"""What penalties, projections and transforms share: numbers that may differ from image to image."""

from collections.abc import Sequence

import numpy as np

from ..common.checks import numbers

Numbers = float | Sequence[float] | np.ndarray  # one for all images, or one per image


class PerImage:
    """Base of everything that plugs into an ascent.

    `values` holds one float32 array per number; each has one entry, or one per image of the batch. They enter the
    compiled step as tensors, so a sweep over them is one batch and never a new trace. What changes the shape of
    the computation itself belongs in `static`.
    """

    static: tuple = ()

    def __init__(self, **values: Numbers) -> None:
        self.values = {
            name: np.asarray(numbers(f"{self.name}: {name}", value), np.float32) for name, value in values.items()
        }
        lengths = {name: len(value) for name, value in self.values.items() if len(value) > 1}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{type(self).__name__}: lists of different lengths: {lengths}. Give one entry per image.")

    def at_least(self, name: str, least: float) -> None:
        """Raise ValueError when a number is below `least`."""
        if self.values[name].min() < least:
            raise ValueError(f"{self.name}: {name} must be {least:g} or more; got {self._shown(name)}.")

    def above(self, name: str, bound: float) -> None:
        """Raise ValueError when a number is `bound` or below."""
        if self.values[name].min() <= bound:
            raise ValueError(f"{self.name}: {name} must be above {bound:g}; got {self._shown(name)}.")

    def in_order(self, hint: str) -> None:
        """Raise ValueError when the range from `low` to `high` is empty for some image."""
        if (self.values["low"] > self.values["high"]).any():
            raise ValueError(
                f"{self.name}: an empty range, low {self._shown('low')} is above high {self._shown('high')}. {hint}"
            )

    def _shown(self, name: str) -> float | list[float]:
        values = np.array([float(f"{value:.6g}") for value in self.values[name]])  # 0.05, not its nearest float32
        return values.tolist() if len(values) > 1 else values.item()

    @property
    def name(self) -> str:
        """Name in histories and labels."""
        return type(self).__name__

    @property
    def count(self) -> int:
        """Number of images the values speak about; 1 fits any number."""
        return max((len(value) for value in self.values.values()), default=1)

    @property
    def structure(self) -> tuple:
        """What the compiled step depends on."""
        return (type(self), *self.static)

    def describe(self) -> dict:
        """Return name and values for a result's config."""
        return {"name": self.name, **{name: self._shown(name) for name in self.values}}
