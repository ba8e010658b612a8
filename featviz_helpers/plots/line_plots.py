"""Lines: values over steps, power over frequency."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ..metrics import spectra
from .style import DPI


def curves(
    results: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, title: str = "", xlabel: str = "step",
    ylabel: str = "mean activation", log: bool = False, logx: bool = False,
) -> Figure:  # fmt: skip
    """Draw one line per name.

    Args:
        results: name -> values.
        x: shared positions; 0, 1, 2, ... by default.
        title, xlabel, ylabel: texts.
        log, logx: logarithmic vertical, horizontal axis.

    Returns:
        The figure.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.2), dpi=DPI, layout="constrained")
    for name, values in results.items():
        axis.plot(range(len(values)) if x is None else x, values, label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log" if log else "linear")
    axis.set_xscale("log" if logx else "linear")
    axis.grid(alpha=0.3)
    if len(results) > 1:
        axis.legend(fontsize=8)
    return figure


def spectrum_curves(batches: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """Draw the mean power spectrum of each batch: power against frequency, from coarse to fine.

    Args:
        batches: name -> (N, H, W, 3) images in [-1, 1]; any sizes.
        title: what the figure shows.

    Returns:
        The figure; each line is divided by its sum, so that shapes are compared and not contrast.
    """
    lines = {}
    for name, images in batches.items():
        x, values = spectra.profile(images)
        mean = values.mean(axis=0)
        lines[name] = mean / mean.sum()
    return curves(lines, x, title, "frequency (cycles per pixel)", "share of the power", log=True)
