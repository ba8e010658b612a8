"""Numbers that an eye can check: how strong, how fine, how oriented and how coloured a picture is.

They grade a picture against an answer key such as `shapes.CLASS_KEY`, in the key's own units.
"""

import numpy as np

from ..common.checks import whole_number
from ..data.frequencies import frequency_grid
from ..data.images import as_pictures

NYQUIST = 0.5  # cycles per pixel: a pattern that changes at every pixel
COLOURLESS = 1e-6  # purity: what is below is rounding
BANDS = ("over 64", "32 to 64", "16 to 32", "8 to 16", "4 to 8", "under 4")  # pixels from one stripe to the next


def power(images: np.ndarray) -> np.ndarray:
    """Power spectrum of the brightness, mean and borders removed.

    Args:
        images: (N, H, W, 3).

    Returns:
        (N, H, W) with frequency zero in the middle (`np.fft.fftshift`).
    """
    grey = as_pictures(images).mean(axis=-1)
    grey = grey - grey[:, :1, :1]  # 0 to the last bit in a picture of one colour, which its mean need not be
    grey = grey - grey.mean(axis=(1, 2), keepdims=True)
    # A Hann window: without it the jump from one border to the other looks like vertical and horizontal detail.
    window = np.hanning(grey.shape[1])[:, None] * np.hanning(grey.shape[2])[None, :]
    return np.abs(np.fft.fftshift(np.fft.fft2(grey * window), axes=(1, 2))) ** 2


def frequencies(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the row and column frequency of each entry of `power`: (H, W) each, in cycles per pixel."""
    grid = np.broadcast_arrays(*frequency_grid(height, width, real=False))
    rows, columns = (np.fft.fftshift(axis) for axis in grid)
    return rows, columns


def profile(images: np.ndarray, bins: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Mean power at each distance from frequency zero.

    Args:
        images: (N, H, W, 3).
        bins: how many rings between 0 and 0.5 cycles per pixel.

    Returns:
        frequencies (bins,) in cycles per pixel, and power (N, bins).
    """
    bins = whole_number("bins", bins, 1, 10_000)
    spectrum = power(images)
    radius = np.hypot(*frequencies(*spectrum.shape[1:]))
    edges = np.linspace(0, NYQUIST, bins + 1)
    ring = np.digitize(radius, edges[1:-1])
    inside = radius <= NYQUIST
    middles = (edges[1:] + edges[:-1]) / 2
    # A small image has no frequency in some rings; those lie on the line between their neighbours.
    full = [i for i in range(bins) if (inside & (ring == i)).any()]
    means = np.stack([spectrum[:, inside & (ring == i)].mean(axis=1) for i in full], axis=1)
    return middles, np.stack([np.interp(middles, middles[full], row) for row in means])


def contrast(images: np.ndarray) -> np.ndarray:
    """Root mean square of the pixel values: 0 for grey, 1 where every value is -1 or 1.

    Args:
        images: (N, H, W, 3) in [-1, 1]; NaN for a dead start.

    Returns:
        (N,).
    """
    return np.sqrt(np.mean(np.square(as_pictures(images)), axis=(1, 2, 3)))


def bands(images: np.ndarray) -> np.ndarray:
    """Share of the energy in each band of frequency, from coarse to fine: (N, 6), each row sums to 1.

    A picture of one colour has none (NaN). The bands are `BANDS`, told by the distance from one stripe to the next;
    the last is `high_frequency`.

    Args:
        images: (N, H, W, 3).
    """
    spectrum = power(images)
    band = np.digitize(np.hypot(*frequencies(*spectrum.shape[1:])), [1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4], right=True)
    return np.stack([_share(spectrum[:, band == i].sum(axis=1), spectrum) for i in range(len(BANDS))], axis=1)


def halves(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut pictures at a quarter of a cycle per pixel into a coarse and a fine half, which add up to them again.

    Args:
        images: (N, H, W, 3).

    Returns:
        coarse (N, H, W, 3), which holds the mean too, and fine (N, H, W, 3), around 0.
    """
    images = as_pictures(images)
    height, width = images.shape[1:3]
    coarse = np.hypot(*frequency_grid(height, width, real=False)) <= NYQUIST / 2
    low = np.fft.ifft2(np.fft.fft2(images, axes=(1, 2)) * coarse[..., None], axes=(1, 2)).real.astype(images.dtype)
    return low, images - low


def high_frequency(images: np.ndarray) -> np.ndarray:
    """Share of the energy above a quarter of the sampling rate (0.25 cycles per pixel): (N,), 0 to 1."""
    spectrum = power(images)
    radius = np.hypot(*frequencies(*spectrum.shape[1:]))
    return _share(spectrum[:, radius > NYQUIST / 2].sum(axis=1), spectrum)


def orientation(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Direction of the lines in a picture, from the axis that its spectrum lies on.

    Horizontal stripes change from top to bottom, so their energy lies on the vertical frequency axis: the direction
    of the lines is at a right angle to that of the energy. Energies at an angle a are added as vectors at 2 a, since
    a line at 180 degrees is the line at 0 (structure tensor, Bigun and Granlund, 1987).

    Args:
        images: (N, H, W, 3).

    Returns:
        degrees (N,), counter-clockwise from horizontal, in [0, 180); and strength (N,): 0 for no preferred direction,
        1 for perfectly parallel lines.
    """
    spectrum = power(images)
    rows, columns = frequencies(*spectrum.shape[1:])
    angle = np.arctan2(-rows, columns)  # rows count downwards
    total = spectrum.sum(axis=(1, 2))
    sums = (spectrum * np.exp(2j * angle)).sum(axis=(1, 2))
    vectors = np.divide(sums, total, out=np.full(len(sums), np.nan + 0j), where=total > 0)  # one colour: no lines
    return (np.degrees(np.angle(vectors)) / 2 + 90) % 180, np.abs(vectors)


def frequency(images: np.ndarray) -> np.ndarray:
    """Frequency of the strongest ring in the spectrum, each ring counted as a whole: (N,) in cycles per pixel.

    A picture of one colour has none: NaN.
    """
    rings, values = profile(images, bins=32)
    whole = values * rings
    return np.where(whole.sum(axis=1) > 0, rings[np.argmax(whole, axis=1)], np.nan)


def hue(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean hue of the coloured pixels.

    Args:
        images: (N, H, W, 3) in [-1, 1].

    Returns:
        degrees (N,): 0 red, 60 yellow, 120 green, 240 blue, in [0, 360), NaN where there is none; and purity (N,): 0
        for grey or for all hues alike, 1 for one saturated hue.
    """
    red, green, blue = np.moveaxis((as_pictures(images) + 1) / 2, -1, 0)
    vectors = (2 * red - green - blue) / 2 + 1j * np.sqrt(3) / 2 * (green - blue)
    mean = vectors.mean(axis=(1, 2))
    purity = np.abs(mean)
    # The angle of nothing is 0, which is red.
    return np.where(purity > COLOURLESS, np.degrees(np.angle(mean)) % 360, np.nan), purity


def mean_frequency(images: np.ndarray) -> np.ndarray:
    """Mean distance of the energy from frequency zero: (N,) in cycles per pixel; larger is finer."""
    spectrum = power(images)
    radius = np.hypot(*frequencies(*spectrum.shape[1:]))
    return _share((spectrum * radius).sum(axis=(1, 2)), spectrum)


def _share(part: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """Divide by the whole energy; a picture of one colour has none, and NaN of it."""
    total = spectrum.sum(axis=(1, 2))
    return np.divide(part, total, out=np.full(len(part), np.nan), where=total > 0)
