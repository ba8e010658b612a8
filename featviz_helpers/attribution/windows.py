"""Occlusion: cover a window of the image and see what the objective loses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ascent.term import Objective
from ..common.checks import flag, whole_number
from ..models.backbone import Backbone
from .baselines import Baseline, baseline_images
from .probe import Probe


@dataclass(frozen=True)
class Windows:
    """Where the windows lie on an image.

    Attributes:
        size: of the image, (height, width) in pixels.
        window: side of a window in pixels.
        tops, lefts: first row of each row of windows, and first column of each column.
    """

    size: tuple[int, int]
    window: int
    tops: np.ndarray
    lefts: np.ndarray

    @classmethod
    def over(cls, size: tuple[int, int], window: int, stride: int | None = None) -> Windows:
        """Lay windows over an image: every `stride` pixels, and a last one at the edge where some are left over.

        A stride of None is half a window.

        Raises:
            ValueError: a window larger than the image, or a stride of 0 or wider than the window.
        """
        window = whole_number("window", window, 1, min(size), f"It has to fit into images of {size[0]} x {size[1]}.")
        stride = max(window // 2, 1) if stride is None else stride
        stride = whole_number("stride", stride, 1, window, "A wider one than the window leaves pixels uncovered.")
        tops, lefts = (np.unique(np.append(np.arange(0, n - window, stride), n - window)) for n in size)
        return cls(size, window, tops, lefts)

    def __len__(self) -> int:
        return len(self.tops) * len(self.lefts)

    def place(self, number: int) -> tuple[slice, slice]:
        """Return the rows and columns of the image that a window covers."""
        top, left = self.tops[number // len(self.lefts)], self.lefts[number % len(self.lefts)]
        return slice(top, top + self.window), slice(left, left + self.window)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Give each pixel the mean of the windows that cover it: (N, rows, columns) -> (N, H, W)."""
        down, across = self._covers(self.tops, self.size[0]), self._covers(self.lefts, self.size[1])
        total = np.einsum("hr,nrc,wc->nhw", down, values, across, optimize=True)
        return (total / np.outer(down.sum(axis=1), across.sum(axis=1))).astype(np.float32)

    def _covers(self, firsts: np.ndarray, side: int) -> np.ndarray:
        pixels = np.arange(side)[:, None]
        return ((pixels >= firsts) & (pixels < firsts + self.window)).astype(np.float64)


def occlusion(
    backbone: Backbone,
    objective: Objective,
    images: np.ndarray,
    window: int | None = None,
    stride: int | None = None,
    baseline: Baseline = "grey",
    enlarge: bool = True,
    seed: int = 0,
    batch: int | None = None,
) -> np.ndarray:
    """Return what the objective loses when a window is covered (Zeiler & Fergus, 2014).

    Args:
        backbone, objective, images, batch: as for `gradient`.
        window: side in pixels; None is a seventh of the image's shorter side, 32 of 224.
        stride: pixels from one window to the next, at most the window; None is half of it.
        baseline, seed: what covers it, as for `baseline_images`.
        enlarge: give each pixel the mean over the windows that cover it; False returns one number per window.

    Returns:
        (N, H, W) float32, or (N, rows, columns); positive where the image speaks for the objective.

    Raises:
        ValueError: see `Windows.over`, `baseline_images` and `Probe`.
    """
    probe, enlarge = Probe(backbone, objective, images, batch=batch), flag("enlarge", enlarge)
    size = probe.images.shape[1:3]
    windows = Windows.over(size, max(min(size) // 7, 1) if window is None else window, stride)
    cover = baseline_images(probe.images, baseline, seed)

    def covered(rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        pictures = probe.images[rows]
        for picture, row, count in zip(pictures, rows, numbers, strict=True):
            if count:  # number 0 is the image itself
                place = windows.place(count - 1)
                picture[place] = cover[row][place]
        return pictures

    values = probe.values(len(windows) + 1, covered)
    lost = (values[:, :1] - values[:, 1:]).reshape(len(values), len(windows.tops), len(windows.lefts))
    return windows.spread(lost) if enlarge else lost
