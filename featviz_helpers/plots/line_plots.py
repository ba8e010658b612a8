"""Lines: values over steps or settings, power over frequency."""

from collections.abc import Mapping, Sequence
from numbers import Real

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, MultipleLocator, NullLocator
from matplotlib.transforms import Bbox
from sklearn.isotonic import isotonic_regression

from ..common.checks import flag, instance, is_list, refusal
from ..data.images import as_pictures
from ..metrics import spectra
from .style import DPI, LINE, PAGE, style, wrap

HEIGHT = 400  # pixels
MOST_LABELS = 6  # lines that are named at their ends; more get a legend
MOST_MARKED = 40  # points of a line that are marked; more are a line without gaps
MOST_TICKS = 9  # positions that are written out below the axis
NEAREST = 0.05  # of the axis: from one written position to the next
SIDES = ((2, 3, "left"), (2, -9, "left"), (-2, 3, "right"), (-2, -9, "right"))  # points: where a note may stand


def curves(
    results: Mapping[str, Sequence[float]], x: Sequence[float | str] | Mapping[str, Sequence[float]] | None = None,
    title: str = "", xlabel: str = "step", ylabel: str = "mean activation", log: bool = False, logx: bool = False,
    levels: Mapping[str, float] | None = None, notes: Mapping[str, Sequence[object]] | None = None,
    every: float | None = None,
) -> Figure:  # fmt: skip
    """Draw one line per name, named at its end; the points of a short line are marked.

    Args:
        results: name -> values; NaN leaves a gap.
        x: positions, shared or name -> positions of its own; 0, 1, 2, ... by default. Words stand at equal distances.
        title: what the figure shows; best as a sentence that says what is seen.
        xlabel, ylabel: names of the axes, with units.
        log, logx: logarithmic vertical, horizontal axis. On the horizontal one 0 stands a step before the smallest
            value; words are never on one.
        levels: name -> value, a dotted line across the figure, such as what photographs have.
        notes: name of a line -> one word or number for each of its points, written beside it, above the right of it
            if there is room.
        every: distance between the values written below the axis, such as a stride; by default what fits.

    Returns:
        The figure.
    """
    instance("title", title, str, "text")
    for name, value in {"log": log, "logx": logx}.items():
        flag(name, value)
    lines = _lines(results)
    positions = {name: _own(x, name, len(values)) for name, values in lines.items()}
    written = {value: None for own in positions.values() for value in own}
    logx = logx and not any(isinstance(value, str) for value in written)
    at = axis_places(list(written), logx)
    with style():
        figure, axis = plt.subplots(figsize=(PAGE / DPI, HEIGHT / DPI), layout="constrained")
        for name, values in lines.items():
            marker = "o" if len(values) <= MOST_MARKED else ""
            places = [at[value] for value in positions[name]]
            axis.plot(places, values, label=name, marker=marker)
            _annotate(axis, places, values, (notes or {}).get(name, ()))
        for name, value in (levels or {}).items():
            axis.plot([min(at.values()), max(at.values())], [value] * 2, label=name, color="0.45", linestyle=":")
        axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear", xscale="log" if logx else "linear")
        axis.set_title(wrap(title, PAGE), loc="left", weight="bold")
        _write_positions(axis, at, logx)
        if every and not any(isinstance(value, str) for value in at):
            axis.xaxis.set_major_locator(MultipleLocator(every))
            axis.xaxis.set_major_formatter("{x:g}")  # or the words of the positions stay, and the others have none
        if log:
            _write_powers(axis.yaxis, axis.get_ylim())
        if len(axis.lines) > MOST_LABELS:
            figure.legend(loc="outside right upper", frameon=False)
        elif len(axis.lines) > 1:
            _name_lines(figure, axis)
        if notes:
            _part_notes(figure, axis)
    return figure


def spectrum_curves(batches: Mapping[str, np.ndarray], title: str = "", logx: bool = False) -> Figure:
    """Draw the mean power spectrum of each batch: power against frequency, from coarse to fine.

    Args:
        batches: name -> (N, H, W, 3) images in [-1, 1]; any sizes. Dead starts are left out.
        title: what the figure shows.
        logx: logarithmic frequencies, on which a power of the frequency is a straight line.

    Returns:
        The figure; each line is divided by its sum, so that shapes are compared and not contrast.

    Raises:
        ValueError: nothing of a batch has a spectrum: dead starts, or pictures of one colour.
    """
    instance("title", title, str, "text")
    lines = {}
    for name, images in instance("batches", batches, Mapping, "a mapping: name -> images (N, H, W, 3)").items():
        x, values = spectra.profile(as_pictures(images, f"batches[{name!r}]"))
        total = values.sum(axis=1)
        seen = values[np.isfinite(total) & (total > 0)]  # not a dead start, nor a picture of one colour
        if not len(seen):
            raise refusal(f"batches[{name!r}]", "pictures, one at least no dead start and not of one colour", images)
        mean = seen.mean(axis=0)
        lines[name] = mean / mean.sum()
    energy = "mean energy of a wave (a curve sums to 1)"
    return curves(lines, x, title, "frequency (cycles per pixel)", energy, log=True, logx=logx)


def _lines(results: object) -> dict[str, np.ndarray]:
    """Return name -> values as floats, or say what is no line."""
    lines = {}
    for name, values in instance("results", results, Mapping | pd.DataFrame, "a mapping: name -> values").items():
        try:
            lines[name] = np.asarray(values, float)
        except (ValueError, TypeError):
            lines[name] = np.empty(0)
        if lines[name].ndim != 1 or not len(lines[name]):
            raise refusal(f"results[{name!r}]", "a list of numbers", values)
    if not lines:
        raise refusal("results", "a mapping with at least one line", results)
    return lines


def _own(x: Sequence | Mapping | None, name: str, count: int) -> list:
    own = range(count) if x is None else x.get(name) if isinstance(x, Mapping) else x
    own = own.tolist() if hasattr(own, "tolist") else own
    several = list(own) if is_list(own) else []
    if len(several) != count or not all(isinstance(value, str | Real) and value == value for value in several):
        raise refusal("x", f"the {count} positions of '{name}', numbers or words", own)
    return several


def axis_places(values: list, logx: bool) -> dict[float | str, float]:
    """Return where each value stands on the horizontal axis; 0 on a logarithmic one a step before the smallest.

    Raises:
        ValueError: numbers that have no place on a logarithmic axis.
    """
    if any(isinstance(value, str) for value in values):
        return {value: float(i) for i, value in enumerate(values)}
    if not logx:
        return {value: value for value in values}
    positive = sorted(value for value in values if value > 0)
    if not positive or min(values) < 0:
        raise refusal("x", "numbers from 0 upward, one of them above 0, where logx is True", values)
    step = positive[1] / positive[0] if len(positive) > 1 else 10
    return {value: value or positive[0] / step for value in values}


def _write_positions(axis: Axes, at: Mapping[float | str, float], logx: bool) -> None:
    """Write the values below the axis where they are few and were chosen, not measured.

    One that stands too near the one before it stays away.
    """
    words = any(isinstance(value, str) for value in at)
    measured = not words and any(f"{value:.3g}" != f"{value:g}" for value in at)
    if measured or (len(at) > MOST_TICKS and not words):
        if logx:
            _write_powers(axis.xaxis, axis.get_xlim())
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


def _annotate(axis: Axes, places: Sequence[float], values: np.ndarray, words: Sequence[object]) -> None:
    """Write a word beside each point, in the colour of the line that was drawn last."""
    colour = axis.lines[-1].get_color()
    for place, value, word in zip(places, values, words, strict=False):
        note = axis.annotate(str(word), (place, value), SIDES[0][:2], textcoords="offset points", color=colour)
        note.set_path_effects([withStroke(linewidth=1.5, foreground="white")])  # legible where a line goes through


def _part_notes(figure: Figure, axis: Axes) -> None:
    """Move a note that stands on an earlier one to another side of its point, where one is free."""
    figure.draw_without_rendering()
    taken: list[Bbox] = []
    annotations = [text for text in axis.texts if isinstance(text, Annotation)]
    for note in (one for one in annotations if one.anncoords == "offset points"):
        for *offset, side in (*SIDES, SIDES[0]):  # where no side is free, the first
            note.set(position=offset, horizontalalignment=side)
            if not any(note.get_window_extent().overlaps(other) for other in taken):
                break
        taken.append(note.get_window_extent())


def _write_powers(axis: Axis, limits: tuple[float, float]) -> None:
    low, high = limits
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 300 else (1,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


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
