"""The settings of a climb that somebody watches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ascent.optimizers import Adam
from ..ascent.penalties import L2, TotalVariation
from ..ascent.transforms import Jitter, standard


@dataclass(frozen=True)
class Settings:
    """What the sliders say; every part is always there, at 0 if need be, so that one compiled step serves them all.

    Attributes:
        l2: weight of the squared length.
        tv: weight of the total variation.
        jitter: shift in pixels, on top of that of the transforms.
        transforms: strength of the standard transforms; 1 is usual, 0 leaves them out.
        rate: step size of Adam.
        steps: how many a climb takes before it stops by itself.
    """

    l2: float = 0.0
    tv: float = 0.0
    jitter: int = 0
    transforms: float = 1.0
    rate: float = 0.02
    steps: int = 256

    def parts(self) -> dict[str, Any]:
        """Return them as `Stream.take` wants them."""
        return {
            "penalties": [L2(self.l2), TotalVariation(self.tv)],
            "transforms": [Jitter(self.jitter), standard(self.transforms)],
            "optimizer": Adam(self.rate),
        }
