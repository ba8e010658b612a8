"""Bars: counts and shares by kind."""

from collections.abc import Mapping, Sequence
from numbers import Real

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ..common.arrays import as_array
from ..common.checks import instance, is_list, refusal, shown, whole_number
from .line_plots import HEIGHT
from .style import DPI, PAGE, style, wrap

FULL = 0.8  # of the distance between two groups that bars take up
READABLE = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}  # a number covers a line behind it


def bars(
    results: Mapping[str, Sequence[float]], x: Sequence[str], title: str = "", xlabel: str = "", ylabel: str = "",
    expected: Mapping[str, Sequence[float]] | None = None, digits: int = 2,
) -> Figure:  # fmt: skip
    """Draw a group of bars for each position, one bar per name, each with its value above it.

    Args:
        results: name -> values; NaN leaves a gap.
        x: one word per position.
        title: what the figure shows; best as a sentence that says what is seen.
        xlabel, ylabel: names of the axes, with units.
        expected: one name -> values to compare with, such as chance: a black line across each group.
        digits: of the values, behind the point.

    Returns:
        The figure.

    Raises:
        ValueError: another number of values than of positions, or an argument that no bars can be drawn with.
    """
    if not is_list(x) or not all(isinstance(word, str | Real) for word in x):
        raise refusal("x", "a list with one word per position", x)
    for name, words in {"title": title, "xlabel": xlabel, "ylabel": ylabel}.items():
        instance(name, words, str, "text")
    digits = whole_number("digits", digits, 0, 15)
    if not isinstance(results, Mapping) or not results:
        raise refusal("results", "name -> values, one at least", results)
    for name, values in {**results, **(expected or {})}.items():
        given = as_array(f"The values of {shown(name)} in results", values, "a list of numbers", 1)
        if len(given) != len(x):
            raise ValueError(
                f"{shown(name)} has {len(given)} values for the {len(x)} positions of x, {shown(x)}; "
                "give one per position."
            )
    places, width = np.arange(len(x)), FULL / len(results)
    with style():
        figure, axis = plt.subplots(figsize=(PAGE / DPI, HEIGHT / DPI), layout="constrained")
        for i, (name, values) in enumerate(results.items()):
            left = places - FULL / 2 + i * width
            drawn = axis.bar(left, values, 0.94 * width, align="edge", label=name)
            texts = [f"{value:.{digits}f}" if np.isfinite(value) else "" for value in values]
            axis.bar_label(drawn, texts, padding=1.5, zorder=4, bbox=READABLE)
        for name, values in (expected or {}).items():
            axis.hlines(values, places - FULL / 2, places + FULL / 2, color="black", label=name)
        axis.set(xlabel=xlabel, ylabel=ylabel)
        axis.set_xticks(places, x)
        axis.grid(visible=False, axis="x")
        axis.set_axisbelow(True)
        axis.set_title(wrap(title, PAGE), loc="left", weight="bold")
        if len(results) + bool(expected) > 1:
            axis.legend(frameon=False, labelcolor="linecolor")
    return figure
