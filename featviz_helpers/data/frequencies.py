"""The frequencies of an image's Fourier transform."""

import numpy as np


def frequency_grid(height: int, width: int, real: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the frequency of every row and of every column of a transformed image, in numpy's order.

    Args:
        height, width: of the image, in pixels.
        real: for `np.fft.rfft2`, whose last axis has W // 2 + 1 entries; False is for `np.fft.fft2`.

    Returns:
        rows (H, 1) and columns (1, W // 2 + 1) or (1, W), in cycles per pixel from -0.5 to 0.5. `np.hypot` of the two
        is the distance from frequency zero.
    """
    columns = np.fft.rfftfreq(width) if real else np.fft.fftfreq(width)
    return np.fft.fftfreq(height)[:, None], columns[None, :]
