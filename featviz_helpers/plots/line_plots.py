"""Lines: values over steps or settings, power over frequency."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from sklearn.isotonic import isotonic_regression

from ..metrics import spectra
from .style import DPI, LINE, PAGE, style, wrap

HEIGHT = 400  # pixels
MOST_LABELS = 6  # lines that are named at their ends; more get a legend
MOST_MARKED = 25  # points of a line that are marked; more are a line without gaps
MOST_TICKS = 9  # positions that are written out below the axis
NEAREST = 0.05  # of the axis: from one written position to the next


def curves(
    results: Mapping[str, Sequence[float]], x: Sequence[float | str] | Mapping[str, Sequence[float]] | None = None,
    title: str = "", xlabel: str = "step", ylabel: str = "mean activation", log: bool = False, logx: bool = False,
) -> Figure:  # fmt: skip
    """Draw one line per name, named at its end; the points of a short line are marked.

    Args:
        results: name -> values; NaN leaves a gap.
        x: positions, shared or name -> positions of its own; 0, 1, 2, ... by default. Words stand at equal distances.
        title: what the figure shows; best as a sentence that says what is seen.
        xlabel, ylabel: names of the axes, with units.
        log, logx: logarithmic vertical, horizontal axis. On the horizontal one 0 stands a step before the smallest
            value.

    Returns:
        The figure.
    """
    lines = {name: np.asarray(values, float) for name, values in results.items()}
    positions = {name: _own(x, name, len(values)) for name, values in lines.items()}
    written = {value: None for own in positions.values() for value in own}
    at = _where(list(written), logx)
    with style():
        figure, axis = plt.subplots(figsize=(PAGE / DPI, HEIGHT / DPI), layout="constrained")
        for name, values in lines.items():
            marker = "o" if len(values) <= MOST_MARKED else ""
            axis.plot([at[value] for value in positions[name]], values, label=name, marker=marker)
        axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear", xscale="log" if logx else "linear")
        axis.set_title(wrap(title, PAGE), loc="left", weight="bold")
        _write_positions(axis, at, logx)
        if log:
            _write_powers(axis)
        if len(lines) > MOST_LABELS:
            figure.legend(loc="outside right upper", frameon=False)
        elif len(lines) > 1:
            _name_lines(figure, axis)
    return figure


def spectrum_curves(batches: Mapping[str, np.ndarray], title: str = "", logx: bool = False) -> Figure:
    """Draw the mean power spectrum of each batch: power against frequency, from coarse to fine.

    Args:
        batches: name -> (N, H, W, 3) images in [-1, 1]; any sizes.
        title: what the figure shows.
        logx: logarithmic frequencies, on which a power of the frequency is a straight line.

    Returns:
        The figure; each line is divided by its sum, so that shapes are compared and not contrast.
    """
    lines = {}
    for name, images in batches.items():
        x, values = spectra.profile(images)
        mean = values.mean(axis=0)
        lines[name] = mean / mean.sum()
    energy = "mean energy of a wave (a curve sums to 1)"
    return curves(lines, x, title, "frequency (cycles per pixel)", energy, log=True, logx=logx)


def _own(x: Sequence | Mapping | None, name: str, count: int) -> list:
    own = range(count) if x is None else x[name] if isinstance(x, Mapping) else x
    return np.asarray(own).tolist()


def _where(values: list, logx: bool) -> dict[float | str, float]:
    """Return where each value stands on the horizontal axis."""
    if any(isinstance(value, str) for value in values):
        return {value: float(i) for i, value in enumerate(values)}
    positive = sorted(value for value in values if value > 0)
    if not logx or not positive:
        return {value: value for value in values}
    step = positive[1] / positive[0] if len(positive) > 1 else 10
    return {value: value or positive[0] / step for value in values}


def _write_positions(axis: Axes, at: Mapping[float | str, float], logx: bool) -> None:
    """Write the values below the axis where they are few; one that stands too near the one before it stays away."""
    words = any(isinstance(value, str) for value in at)
    if len(at) > MOST_TICKS and not words:
        return
    scale = np.log if logx else float
    places = sorted(at.items(), key=lambda pair: pair[1])
    far = NEAREST * (scale(places[-1][1]) - scale(places[0][1]))
    kept = places[:1]
    for value, place in places[1:]:
        if words or scale(place) - scale(kept[-1][1]) >= far:
            kept.append((value, place))
    axis.set_xticks(
        [place for _, place in kept], [value if isinstance(value, str) else f"{value:g}" for value, _ in kept]
    )
    axis.xaxis.set_minor_locator(NullLocator())


def _write_powers(axis: Axes) -> None:
    low, high = axis.get_ylim()
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 300 else (1,)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_locator(NullLocator())


def _name_lines(figure: Figure, axis: Axes) -> None:
    """Write the name of each line beside its end, moved up or down as little as keeps the names apart."""
    ends = []
    for line in axis.lines:
        x, y = line.get_data()
        seen = np.flatnonzero(np.isfinite(y))
        if len(seen):
            ends.append((float(x[seen[-1]]), float(y[seen[-1]]), wrap(line.get_label(), PAGE / 4), line.get_color()))
    ends.sort(key=lambda end: end[1])
    sides = axis.get_yaxis_transform()
    texts = [
        axis.annotate(
            name, (x, y), xytext=(1.02, y), textcoords=sides, color=colour, va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.4, "shrinkA": 1, "shrinkB": 2,
                        "relpos": (0, 0.5)},
        )
        for x, y, name, colour in ends
    ]  # fmt: skip
    figure.draw_without_rendering()  # from here on it is known where a value is on the page
    apart = np.array([LINE * (text.get_text().count("\n") + 1) for text in texts])
    offsets = np.cumsum(apart) - apart / 2
    wanted = [axis.transData.transform((x, y))[1] for x, y, *_ in ends]
    low, high = axis.bbox.y0, max(axis.bbox.y1 - apart.sum(), axis.bbox.y0)
    found = isotonic_regression(np.array(wanted) - offsets, y_min=low, y_max=high) + offsets
    for text, place in zip(texts, found, strict=True):
        text.set_position((1.02, axis.transData.inverted().transform((0, place))[1]))
