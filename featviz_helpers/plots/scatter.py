"""Points on flat maps, side by side and in rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..common.checks import flag, instance, refusal
from .style import DPI, LINE, PAGE, PALETTE, style, wrap

EIGHTHS = 8  # a frame is so many eighths as high as it is wide: the size of a figure hardly depends on rounding
ROOM = 0.06  # of the wider direction: the margin around the outermost points
DOT = 3.0  # square points
PALE = "0.75"  # points of no group


def point_maps(
    rows: Mapping[str, Mapping[str, np.ndarray]],
    groups: Sequence[str | None] | None = None,
    title: str | None = None,
    one_scale: bool = True,
) -> Figure:
    """Draw points at their places on flat maps, each map in a frame, with the same scale across and up.

    Args:
        rows: words on the left -> heading -> places (N, 2), across and up.
        groups: one name per point, drawn in its colour; None is pale grey. At most seven names.
        title: what the figure shows; best as a sentence that says what is seen.
        one_scale: the maps of a row are drawn on one scale; otherwise each fills its frame.

    Returns:
        The figure.

    Raises:
        ValueError: no maps, other numbers of places than of groups, places that are not finite, or too many names.
    """
    instance("title", title, str | None, "text or None")
    checked = _checked(rows, groups)
    names = list(dict.fromkeys(group for group in groups or [] if group is not None))
    if len(names) > len(PALETTE):
        raise refusal("groups", f"at most {len(PALETTE)} names, or None for the rest", names)
    frames = [_frames(list(maps.values()), flag("one_scale", one_scale)) for maps in checked.values()]
    with style():
        figure, axes = _panels(checked, frames)
        for row, (name, maps), limits in zip(axes, checked.items(), frames, strict=True):
            row[0].set_ylabel(name)
            for axis, (heading, places), frame in zip(row, maps.items(), limits, strict=False):
                _draw(axis, places, frame, groups, names)
                axis.set_title(heading, pad=3)
        if names:
            marks = axes[0, 0].get_legend_handles_labels()
            figure.legend(*marks, loc="outside lower center", ncols=len(PALETTE), frameon=False, markerscale=2)
        if title:
            figure.suptitle(wrap(title, PAGE), x=0, ha="left", weight="bold")
    return figure


def _checked(rows: object, groups: object) -> dict[str, dict[str, np.ndarray]]:
    """Return the places as arrays, or say what is no map."""
    maps = list(rows.values()) if isinstance(rows, Mapping) else []
    if not maps or not all(isinstance(one, Mapping) and one for one in maps):
        raise refusal("rows", "words on the left -> heading -> places (N, 2), one map at least", rows)
    found = {name: {head: np.asarray(places) for head, places in one.items()} for name, one in rows.items()}
    count = None if groups is None else len(instance("groups", groups, Sequence, "a list of names"))
    for name, one in found.items():
        for head, places in one.items():
            shaped = places.ndim == 2 and places.shape[1:] == (2,) and len(places) == (count or len(places)) > 0
            if places.dtype.kind not in "fiu" or not shaped or not np.isfinite(places).all():
                wanted = f"{count or 'N'} places (across, up), all finite"
                raise refusal(f"rows[{name!r}][{head!r}]", wanted, places)
    return found


def _frames(maps: Sequence[np.ndarray], one_scale: bool) -> list[np.ndarray]:
    """Return the limits of each map of a row, ((left, right), (bottom, top)): boxes of one shape around the points."""
    corners = np.stack([[places.min(axis=0), places.max(axis=0)] for places in maps]).astype(float)
    if one_scale:
        corners[:, 0], corners[:, 1] = corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)
    half = np.maximum(np.ptp(corners, axis=1) / 2, 1e-9)
    half += ROOM * half.max(axis=1, keepdims=True)
    shape = min(np.ceil(EIGHTHS * (half[:, 1] / half[:, 0]).max()) / EIGHTHS, 1.0)
    across = np.maximum(half[:, 0], half[:, 1] / shape)
    half = np.stack([across, across * shape], axis=1)
    middle = corners.mean(axis=1)
    return list(np.stack([middle - half, middle + half], axis=2))


def _panels(maps: Mapping[str, Mapping], frames: Sequence[list[np.ndarray]]) -> tuple[Figure, np.ndarray]:
    """Return a figure and its axes (rows, columns), each row as high as its frames; those beyond its maps are gone."""
    columns = max(map(len, maps.values()))
    high = [PAGE / columns * float(np.ptp(limits[0][1]) / np.ptp(limits[0][0])) for limits in frames]
    size = (PAGE / DPI, (sum(high) + 2 * LINE * (len(high) + 1)) / DPI)
    figure, axes = plt.subplots(
        len(high), columns, figsize=size, height_ratios=high, squeeze=False, layout="constrained"
    )
    for row, limits in zip(axes, frames, strict=True):
        for axis in row[len(limits) :]:
            axis.remove()
    return figure, axes


def _draw(
    axis: Axes, places: np.ndarray, frame: np.ndarray, groups: Sequence[str | None] | None, names: Sequence[str]
) -> None:
    colours = dict(zip(names, PALETTE, strict=False))
    axis.set(xticks=[], yticks=[], xlim=frame[0], ylim=frame[1])
    axis.set_aspect("equal", adjustable="box")
    axis.spines[:].set(visible=True, color="0.6")
    listed = np.array([None] * len(places) if groups is None else list(groups), object)
    plain = PALE if names else PALETTE[0]
    for name, colour in {None: plain, **colours}.items():
        part = places[[one == name for one in listed]]
        if len(part):
            axis.scatter(*part.T, s=DOT, color=colour, label=name or "_others", linewidths=0)
