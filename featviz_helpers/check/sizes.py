"""Judge answers about octaves and waves: what they cost, and how wide their lines come out."""

import numpy as np

from ..ascent.octaves import Octaves
from ..ascent.parameterizations import Fourier
from ..ascent.result import Result
from ..metrics.spectra import frequency, high_frequency
from .answers import ARRAY, NUMBER, RESULT, judge, number, say


@judge(NUMBER)
def octave_work(answer: float | None, octaves: Octaves) -> bool:
    """Judge the work of octaves as a share of as many steps at full size; work is the number of pixels."""
    areas = [high * wide / 1e6 for high, wide in octaves.sizes(1000, 1000)]
    return number(answer, float(np.mean(areas)), 0.01, "Average the areas of the canvases.")


@judge(RESULT)
def right_size(answer: Result | None, data: np.ndarray, than: Result, tolerance: float) -> bool:
    """Judge whether the lines of an ascent's first picture are as wide as those of given images, and clear.

    Args:
        answer: the ascent.
        data: images (N, H, W, 3); their median frequency counts.
        than: the ascent without octaves; at most half of its share of high frequencies may be left.
        tolerance: how much wider or narrower is still right, as a share.
    """
    wider = float(np.median(frequency(data)) / frequency(answer.images[:1])[0])
    share = float(high_frequency(answer.images[:1])[0] / high_frequency(than.images[:1])[0])
    says = f"the lines are {wider:.2f} times as wide as in the data, and {share:.0%} of the share is left"
    return say(
        bool(1 / (1 + tolerance) <= wider <= 1 + tolerance and share <= 0.5),
        f"{says}.",
        f"{says}; wanted: within {tolerance:.0%}, and at most 50%. What makes the first canvas larger or smaller?",
    )


@judge(ARRAY)
def one_wave(answer: np.ndarray | None, cycles: int, size: int) -> bool:
    """Judge Fourier coefficients (1, 3, size, size // 2 + 1, 2): they must draw `cycles` horizontal stripes."""
    wanted = (1, 3, size, size // 2 + 1, 2)
    if answer.shape != wanted:
        return say(False, "", f"the coefficients have the shape {wanted}; yours has {answer.shape}.")
    grey = np.asarray(Fourier().decode(np.float32(answer), size, size))[0].mean(axis=-1)
    spectrum = np.abs(np.fft.fft2(grey - grey.mean()))[:, : size // 2 + 1]
    row, column = np.unravel_index(spectrum.argmax(), spectrum.shape)
    row = min(row, size - row)  # beyond the middle are the stripes along the other diagonal
    return say(
        bool(spectrum.max() > 0 and (row, column) == (cycles, 0)),
        f"{cycles} stripes.",
        f"the strongest wave has {row} cycles from top to bottom and {column} from left to right.",
    )
