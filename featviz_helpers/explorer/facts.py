"""What can be said of a channel in numbers: where its picture stands, what it prefers, which others are alike."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..data.image_sets import ImageSet
from ..data.images import from_uint8
from ..exemplars.tables import Exemplars
from ..metrics.answer_key import Grader
from ..metrics.tuning import tuning_curves
from ..models.backbone import Backbone
from ..models.receptive_field import Field, effective_field, receptive_field

SAMPLE = 512  # images whose responses say which channels are alike
ALIKE = 6  # nearest channels that are named
BINS = 32  # of a histogram
ALMOST = 99.99  # percent, the most of four digits that is not all


def standing(exemplars: Exemplars, layer: str, activations: np.ndarray) -> pd.DataFrame:
    """Return where the pictures' activations stand among those of the images: one row per channel."""
    rows = []
    for number, activation in enumerate(activations):
        strongest = exemplars.rows(layer, number)["activation"].iloc[0]
        alive = np.isfinite(activation)
        above = exemplars.percentile(layer, number, activation) if alive else np.nan
        above = min(above, ALMOST) if above < 100 else above
        share = activation / strongest if alive and strongest > 0 else np.nan
        rows.append({"picture": activation, "strongest": strongest, "above": above, "times": share})
    return pd.DataFrame(rows)


def histograms(exemplars: Exemplars, layer: str) -> list[dict[str, Any]]:
    """Return for each channel how its mean activations on the images are distributed: low, high and shares of bins."""
    curves = exemplars.quantiles.query("layer == @layer and pooling == 'mean'")
    found = []
    for _, curve in curves.groupby("channel", sort=True):
        values, levels = curve["activation"].to_numpy(float), curve["quantile"].to_numpy(float)
        low, high = float(values[0]), float(values[-1])
        if high > low:
            edges = np.linspace(low, high, BINS + 1)
            # At equal values the highest quantile counts: the share of images up to there.
            last = np.r_[values[1:] > values[:-1], True]
            below = np.interp(edges, values[last], levels[last])
            shares = np.diff(below)
            shares[0] += below[0]
        else:
            shares = np.zeros(BINS)
            shares[0] = 1.0
        found.append({"low": low, "high": high, "shares": shares})
    return found


def responses(backbone: Backbone, data: ImageSet, layer: str, meta: Mapping[str, Any]) -> np.ndarray:
    """Return the mean activation of every channel on images spread evenly over the data set: (N, C).

    Args:
        backbone: the network.
        data: the images.
        layer: layer name.
        meta: of the layer's exemplars; images that could not be read then are left out.
    """
    chosen, parts = spread(data, SAMPLE, meta["damaged"]), []
    for block in np.array_split(chosen, -(-len(chosen) // 32)):
        answer = backbone.activations(np.stack([data.load(int(i), meta["size"]) for i in block]), layer)
        parts.append(answer.mean(axis=(1, 2)) if answer.ndim == 4 else answer)
    return np.concatenate(parts)


def spread(data: ImageSet, count: int, damaged: Container[str]) -> np.ndarray:
    """Return the positions of so many images, spread evenly over those that can be read; of all, if there are no more.

    Args:
        data: the images.
        count: how many.
        damaged: names of those that cannot be read.
    """
    whole = np.array([i for i, name in enumerate(data.names) if name not in damaged])
    return whole[np.unique(np.linspace(0, len(whole) - 1, min(count, len(whole))).astype(int))]


def most_selective(answers: np.ndarray, labels: Sequence[str | None], label: str) -> int:
    """Return the channel that tells the images of one class best from all others.

    Args:
        answers: (N, C) responses.
        labels: (N,) classes of the images.
        label: the class. How far its mean lies above that of the others counts, in standard deviations of the channel.
    """
    inside = np.array([one == label for one in labels])
    deviation = answers.std(axis=0)
    gap = answers[inside].mean(axis=0) - answers[~inside].mean(axis=0)
    return int(np.argmax(np.divide(gap, deviation, out=np.full_like(gap, -np.inf), where=deviation > 0)))


def seen_field(backbone: Backbone, data: ImageSet, layer: str, meta: Mapping[str, Any]) -> Field:
    """Return what a unit of a layer really sees of images of the data set, or what it could see where none moves it.

    Args:
        backbone, data, layer, meta: as for `responses`.
    """
    size = meta["size"]
    images = np.stack([data.load(int(i), size) for i in spread(data, 8, meta["damaged"])])
    try:
        return effective_field(backbone, layer, images)
    except ValueError:  # no image moves the unit in the middle
        return receptive_field(backbone, layer, size)


def nearest_channels(answers: np.ndarray) -> list[list[tuple[int, float]]]:
    """Return for each channel those whose responses to the same images are most alike: (channel, correlation).

    Args:
        answers: (N, C) responses; a channel that never changes has no neighbours and is nobody's.
    """
    centred = answers - answers.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    alive = length > 1e-6 * max(length.max(), 1e-12)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=alive)
    alike = unit.T @ unit
    np.fill_diagonal(alike, -np.inf)
    alike[:, ~alive] = -np.inf
    order = np.argsort(-alike, axis=1, kind="stable")[:, :ALIKE]
    return [
        [(int(other), float(alike[own, other])) for other in order[own] if np.isfinite(alike[own, other])] * bool(live)
        for own, live in enumerate(alive)
    ]


def answer_key_facts(
    backbone: Backbone, layer: str, pictures: np.ndarray, reached: np.ndarray
) -> tuple[pd.DataFrame, dict[str, dict[str, list]]]:
    """Return what the answer key says: one row per channel, and the tuning curves.

    Args:
        backbone: ShapesNet.
        layer: layer name.
        pictures: (C, H, W, 3) uint8, one of each channel.
        reached: (C,) their activations; NaN for a channel without a picture, which has no grade.
    """
    grader = Grader(backbone, layer)
    alive = np.isfinite(reached)[:, None, None, None]
    grades = grader.grade(np.where(alive, from_uint8(pictures), np.nan), range(len(pictures)))
    key = grader.key.drop(columns="channel")
    curves = {
        name: {"x": curve.centres.tolist(), "y": curve.responses.T.tolist()}
        for name, curve in tuning_curves(backbone, layer).items()
    }
    return pd.concat([grades[["grade"]], key], axis=1), curves
