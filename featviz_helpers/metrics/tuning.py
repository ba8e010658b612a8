"""Tuning curves: how strongly a channel answers to each direction and fineness of lines, and to each hue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..common.checks import whole_number
from ..data import shapes
from ..models.backbone import Backbone

LEAST = 4  # images; the mean of fewer says little
EDGES = {
    "orientation_deg": np.arange(0.0, 181.0, 15.0),
    "frequency_cpp": np.geomspace(shapes.COARSE[0], shapes.FINE[1], 9),
    "hue_deg": np.arange(0.0, 361.0, 30.0),
}


@dataclass(frozen=True)
class TuningCurve:
    """Mean responses of all channels to images in bins of one property.

    Attributes:
        centres: (B,) middle of each bin, in degrees or in cycles per pixel.
        counts: (B,) images in it.
        responses: (B, C) mean activation; NaN where there are fewer than 4 images.
    """

    centres: np.ndarray
    counts: np.ndarray
    responses: np.ndarray


def tuning_curves(backbone: Backbone, layer: str = "auto", count: int = 3200, seed: int = 1) -> dict[str, TuningCurve]:
    """Measure how a layer's channels answer to direction, fineness and hue, on drawings of Shapes.

    Args:
        backbone: a network for images of 64 pixels; ShapesNet.
        layer: layer name, or "auto".
        count: images drawn, 32 up.
        seed: of the draw.

    Returns:
        "orientation_deg" (the direction of lines, 0 to 180), "frequency_cpp" (cycles per pixel) and "hue_deg" (0 to
        360), each with its curve.

    Raises:
        ValueError: an unknown layer, or a count out of range.
    """
    drawn = shapes.draw(whole_number("count", count, 32), seed)
    answers = backbone.activations(drawn.images, layer)
    responses = answers.mean(axis=tuple(range(1, answers.ndim - 1))) if answers.ndim > 2 else answers
    return {name: _curve(drawn.key[name].to_numpy(float), edges, responses) for name, edges in EDGES.items()}


def _curve(values: np.ndarray, edges: np.ndarray, responses: np.ndarray) -> TuningCurve:
    defined = np.isfinite(values)
    bins = np.digitize(values[defined], edges[1:-1])
    counts = np.bincount(bins, minlength=len(edges) - 1)
    sums = np.zeros((len(counts), responses.shape[1]))
    np.add.at(sums, bins, responses[defined])
    means = np.where(counts[:, None] >= LEAST, sums / np.maximum(counts, 1)[:, None], np.nan)
    middle = np.sqrt(edges[1:] * edges[:-1]) if edges[0] > 0 else (edges[1:] + edges[:-1]) / 2
    return TuningCurve(middle, counts, means)
