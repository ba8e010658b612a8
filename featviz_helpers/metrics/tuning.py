"""Tuning curves: how strongly a channel answers to each direction and fineness of lines, and to each hue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..common.checks import whole_number
from ..data import shapes
from ..models.backbone import Backbone

LEAST = 4  # images; the mean of fewer says little
# Full turn, and step from bin to bin. Directions and hues are drawn around a few centres, such as 0 and 60: a bin has a
# centre in its middle, and not two halves of one on either side of its border.
TURNS = {"orientation_deg": (180.0, 15.0), "hue_deg": (360.0, 30.0)}
FREQUENCIES = np.geomspace(shapes.COARSE[0], shapes.FINE[1], 9)


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
    measured = {name: drawn.key[name].to_numpy(float) for name in ("orientation_deg", "frequency_cpp", "hue_deg")}
    known = {name: np.isfinite(values) for name, values in measured.items()}
    curves = {}
    for name, values in measured.items():
        bins, centres = _circular(values[known[name]], *TURNS[name]) if name in TURNS else _bands(values[known[name]])
        curves[name] = _curve(bins, centres, responses[known[name]])
    return curves


def _circular(values: np.ndarray, turn: float, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of each angle, and the middles of the bins: 0, `step`, ..."""
    return np.round(values / step).astype(int) % round(turn / step), np.arange(0.0, turn, step)


def _bands(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.digitize(values, FREQUENCIES[1:-1]), np.sqrt(FREQUENCIES[1:] * FREQUENCIES[:-1])


def _curve(bins: np.ndarray, centres: np.ndarray, responses: np.ndarray) -> TuningCurve:
    counts = np.bincount(bins, minlength=len(centres))
    sums = np.zeros((len(counts), responses.shape[1]))
    np.add.at(sums, bins, responses)
    return TuningCurve(
        centres, counts, np.where(counts[:, None] >= LEAST, sums / np.maximum(counts, 1)[:, None], np.nan)
    )
