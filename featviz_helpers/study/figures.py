"""The figures of a study: its best pictures, distance against parameter, methods and controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..plots.line_plots import axis_places
from ..plots.pictures import compare
from ..plots.style import DPI, LINE, PAGE, PALETTE, style
from . import statistics
from .controls import OWN
from .methods import method
from .verdict import is_control

if TYPE_CHECKING:
    from .study import Study

MOST = 6  # channels on the sheet of pictures


def pictures(study: Study, table: pd.DataFrame) -> Figure:
    """Draw, for each channel, its strongest image and each method's picture with the lowest distance, tones spread."""
    shown = study.plan.channels[:MOST]
    rows = {"strongest image": np.stack([study.scores.sets[channel][0] for channel in shown])}
    for name in study.plan.methods:
        images, part = study.pictures(name), table[table["method"] == name].reset_index(drop=True)
        # Where every start was dead, the first one: it is drawn as such.
        best = part["exemplar_distance"].fillna(np.inf).groupby(part["channel"]).idxmin()
        rows[name] = images[best.loc[shown]]
    return compare(rows, [f"channel {channel}" for channel in shown], stretch=True)


@style()
def curves(table: pd.DataFrame, label: str) -> Figure:
    """Draw the distance against each method's parameter, with intervals over channels.

    Parameters are on a logarithmic axis, where 0 stands a step before the smallest, but for those that count octaves
    or say how they scale, and those below 0.
    """
    means = statistics.curves(table)
    names = list(means["method"].unique())
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    size = (PAGE / 4 * columns / DPI, PAGE / 5 * rows / DPI)
    figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axis, name in zip(axes.flat, names, strict=False):
        part = means[means["method"] == name]
        values = part["value"].tolist()
        logx = name not in ("scale", "octaves") and min(values) >= 0 and max(values) > 0
        at = axis_places(values, logx)
        first, last = at[values[0]], at[values[-1]]
        middle = np.sqrt(first * last) if logx else (first + last) / 2
        written = [values[0], min(values, key=lambda value: abs(at[value] - middle)), values[-1]]
        lengths = [part["mean"] - part["low"], part["high"] - part["mean"]]
        axis.errorbar(list(at.values()), part["mean"], lengths, marker="o")
        axis.set(title=name, xlabel=method(name).parameter, xscale="log" if logx else "linear")
        axis.set_xticks([at[value] for value in written], [f"{value:g}" for value in written])
        axis.set_xticks([], minor=True)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("distance")
    figure.suptitle(f"{label} to the channel's own images: lower is closer", weight="bold")
    return figure


@style()
def controls(held_out: pd.DataFrame, scored: pd.DataFrame, label: str) -> Figure:
    """Draw every method and every control on the same two axes: distance, and specificity beside "others minus own"."""
    groups = [(name, part, PALETTE[0]) for name, part in held_out.groupby("method", sort=False)]
    groups += [(name, part, "0.5") for name, part in scored.groupby("control", sort=False)]
    size = (PAGE / DPI, (len(groups) + 5) * 1.4 * LINE / DPI)
    figure, axes = plt.subplots(1, 2, figsize=size, sharey=True, layout="constrained")

    def draw(axis: Axes, column: str, row: float, part: pd.DataFrame, **look: Any) -> None:
        mean, low, high = statistics.interval(part.groupby("channel")[column].mean())
        axis.errorbar(mean, row, xerr=[[mean - low], [high - mean]], fmt="o", **look)

    for row, (_, part, colour) in enumerate(groups):
        draw(axes[0], "exemplar_distance", row, part, color=colour)
        draw(axes[1], "others_minus_own", row + 0.3, part, color=colour, markerfacecolor="white", alpha=0.4)
        draw(axes[1], "specificity", row, part, color=colour)
    axes[0].set_yticks(range(len(groups)), [name for name, _, _ in groups])
    axes[0].set(xlabel="distance to its own images (lower is closer)")
    axes[1].set(xlabel="specificity (hollow: others minus own)")
    figure.suptitle(f"{label}: means over channels, with 95 % intervals", weight="bold")
    axes[1].axvline(0, color="0.3", linewidth=0.8)
    axes[0].invert_yaxis()
    return figure


@style()
def verdict(shares: Mapping[str, pd.DataFrame], distances: pd.DataFrame, title: str = "") -> Figure:
    """Draw how close every contestant comes, and how much of its channel's own images' specificity it carries.

    Args:
        shares: one or two; name of a judge -> `verdict.specificity_table`; the first one's order is that of the rows.
        distances: `verdict.chosen_pictures` of the first judge.
        title: what the figure shows.

    Returns:
        The figure: means over channels with 95 % intervals, controls in grey.
    """
    first = next(iter(shares.values())).sort_values("specificity")
    names = first["contestant"].tolist()
    figure, axes = plt.subplots(
        1, 2, figsize=(PAGE / DPI, (len(names) + 4) * 1.4 * LINE / DPI), sharey=True, layout="constrained",
        width_ratios=(2, 3),
    )  # fmt: skip
    for row, name in enumerate(names):
        own = distances[distances["method"] == name].groupby("channel")["exemplar_distance"].mean()
        _bar(axes[0], row, *statistics.interval(own), "0.5" if is_control(name) else PALETTE[0], "o")
    for number, (judge, table) in enumerate(shares.items()):
        ceiling = table.loc[table["contestant"] == OWN, "specificity"].iloc[0] / 100
        for row, name in enumerate(names):
            mean, low, high = table.set_index("contestant").loc[name, ["specificity", "low", "high"]] / ceiling
            colour = ("0.6", "0.75")[number] if is_control(name) else PALETTE[number]
            _bar(axes[1], row + 0.26 * (number - 0.5), mean, low, high, colour, "os"[number])
        axes[1].plot([], [], "os"[number], color=PALETTE[number], label=judge)
    axes[1].axvline(0, color="0.3", linewidth=0.8)
    axes[1].legend(loc="lower right", frameon=False)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set(xlabel=f"{next(iter(shares))} to its own images")
    axes[1].set(xlabel="specificity, in % of that of the channel's own images")
    figure.suptitle(title, weight="bold", x=0.01, ha="left")
    return figure


@style()
def intervals(series: Mapping[str, pd.DataFrame], title: str = "", xlabel: str = "") -> Figure:
    """Draw numbers with their intervals, filled where the interval lies on one side of zero and pale where it does not.

    Args:
        series: one or two; name -> table with the columns mean, low and high. The first one's rows are those of the
            figure, from top to bottom.
        title: what the figure shows.
        xlabel: name of the axis, with its unit.

    Returns:
        The figure.
    """
    names = list(next(iter(series.values())).index)
    figure, axis = plt.subplots(figsize=(PAGE / DPI, (len(names) + 4) * 1.4 * LINE / DPI), layout="constrained")
    for number, (label, table) in enumerate(series.items()):
        for row, name in enumerate(names):
            mean, low, high = table.loc[name, ["mean", "low", "high"]]
            sure = low > 0 or high < 0
            look = {} if sure else {"markerfacecolor": "white", "alpha": 0.6}
            _bar(axis, row + 0.26 * (number - 0.5), mean, low, high, PALETTE[number], "os"[number], **look)
        axis.plot([], [], "os"[number], color=PALETTE[number], label=label)
    axis.axvline(0, color="0.3", linewidth=0.8)
    axis.legend(loc="best", frameon=False)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel=xlabel)
    axis.invert_yaxis()
    figure.suptitle(title, weight="bold", x=0.01, ha="left")
    return figure


def _bar(axis: Axes, row: float, mean: float, low: float, high: float, colour: str, marker: str, **look: Any) -> None:
    axis.errorbar(mean, row, xerr=[[mean - low], [high - mean]], fmt=marker, color=colour, **look)
