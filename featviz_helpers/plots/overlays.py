"""Attribution maps over the images that they explain, in one look for all methods."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..common.checks import refusal
from ..data.images import check_range
from .arguments import check_labels
from .canvas import Cell
from .cells import draw_cells

FAINT = 0.3  # how much darker black is than white in the image under a map
UNIT = "share of its maximum"
TOP = 0.995  # of a map's values are below its full colour: a few pixels must not make all others pale


def overlay(
    images: np.ndarray,
    maps: Mapping[str, np.ndarray],
    labels: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Show each image, and each map in colour over the faint image.

    Every map is divided by its own highest |value| (the 99.5th percentile), because methods have different units. Zero
    is white, what is above it blue, and what is below orange, in every figure.

    Args:
        images: (N, H, W, 3) in [-1, 1], one per row.
        maps: heading -> (N, H, W), one column each.
        labels: one per image.
        title: what the figure shows; best as a sentence that says what is seen.

    Returns:
        The figure, with one bar of colours.

    Raises:
        ValueError: no images or maps, maps of another size or that are not finite, or another number of labels.
    """
    images = check_range(images)
    if not isinstance(maps, Mapping) or not maps:
        raise refusal("maps", "heading -> maps (N, H, W), one at least", maps)
    maps = {name: _checked(name, values, images.shape[:3]) for name, values in maps.items()}
    words = check_labels(labels, len(images))
    signed = any(values.min() < 0 for values in maps.values())
    rows: list[list[Cell | None]] = []
    for i, image in enumerate(images):
        first = Cell(image, "image" if i == 0 else "", words[i])
        tinted = [Cell(tint(image, values[i]), name if i == 0 else "") for name, values in maps.items()]
        rows.append([first, *tinted])
    width = images.shape[2]
    scale = np.tile(np.linspace(-1.0 if signed else 0.0, 1.0, width), (max(width // 16, 4), 1))
    rows.append([None] * len(maps) + [Cell(2 * diverging(scale) - 1, below=f"ticks\n{UNIT}")])
    figure = draw_cells(rows, title, columns=len(maps) + 1, shrink=True)
    bar = figure.axes[-1]
    low, high = bar.get_xlim()
    bar.set_xticks([low, (low + high) / 2, high], ["-1", "0", "1"] if signed else ["0", "0.5", "1"])
    ends = bar.get_xticklabels()
    ends[0].set_horizontalalignment("left")
    ends[-1].set_horizontalalignment("right")
    bar.tick_params(length=2, pad=1)
    bar.set_xlabel(UNIT, labelpad=0, loc="right")
    bar.grid(False)
    return figure


def _checked(name: str, values: object, shape: tuple[int, ...]) -> np.ndarray:
    try:
        found = np.asarray(values)
    except ValueError:  # rows of different lengths
        found = np.empty(0, object)
    if found.dtype.kind not in "fiub":
        raise refusal(f"'{name}'", f"maps of numbers, an array {shape}", values)
    if found.shape != shape:
        raise ValueError(f"'{name}' has maps of shape {found.shape}, and the images need {shape}.")
    if not np.isfinite(found).all():
        raise ValueError(f"'{name}' must be maps of finite values: NaN and infinity have no colour.")
    return found.astype(float) if found.dtype.kind != "f" else found


def tint(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return a map in colour over its faint image.

    Args:
        image: (H, W, 3) in [-1, 1].
        values: (H, W); zero is white, so that the image alone is seen there.

    Returns:
        (H, W, 3) float32 in [-1, 1].
    """
    largest = np.quantile(np.abs(values), TOP) or np.abs(values).max()
    share = np.clip(values / largest, -1, 1) if largest else np.zeros_like(values)
    grey = (image.mean(axis=-1, keepdims=True) + 1) / 2
    return (2 * diverging(share) * (1 - FAINT * (1 - grey)) - 1).astype(np.float32)


def diverging(share: np.ndarray) -> np.ndarray:
    """Return the colours of signed numbers, white at zero: numbers without signs look like half of those with.

    Args:
        share: (...) in [-1, 1].

    Returns:
        (..., 3) in [0, 1], blue above zero and orange below.
    """
    above, below = (matplotlib.colormaps[name] for name in ("Blues", "Oranges"))
    colours = np.where(share[..., None] < 0, below(-share) / below(0.0), above(share) / above(0.0))
    return np.clip(colours[..., :3], 0, 1)
