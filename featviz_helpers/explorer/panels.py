"""The panels of an explorer: each is one picture, and a sentence or two below it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..data.images import resize, to_uint8
from ..models.receptive_field import patch
from ..plots.maps import enlarge
from ..plots.overlays import tint
from ..plots.style import PALETTE
from .archive import LayerFacts, Made

SIDE = 224  # pixels of a panel
THUMBNAIL = 112  # of an image of the data set
COLUMNS = 3
GAP = 4


class Panel(NamedTuple):
    """A picture (H, W, 3) uint8, None where there is nothing to see, and the words below it."""

    image: np.ndarray | None
    words: str


def png(image: np.ndarray | None) -> bytes:
    """Return a picture as the content of a PNG file; an empty panel is one grey pixel."""
    file = io.BytesIO()
    Image.fromarray(np.full((1, 1, 3), 238, np.uint8) if image is None else image).save(file, "PNG")
    return file.getvalue()


def made(picture: Made, what: str, layer: LayerFacts, channel: int) -> Panel:
    """Return the panel of a picture that was made for a channel, and where it stands among the images.

    Args:
        picture: what was made.
        what: how it is called.
        layer, channel: whom it was made for.
    """
    image, activation = picture
    if not np.isfinite(activation):
        return Panel(None, f"{what}: none, the start has no gradient")
    return Panel(enlarged(image), f"{what}: activation {_standing(layer, channel, activation)}")


def strongest(layer: LayerFacts, channel: int, patches: bool) -> Panel:
    """Return the panel of the images that drive a channel most, strongest first, or of what the strongest unit saw."""
    if patches and layer.layer not in layer.backbone.maps:
        return Panel(None, "The layer has no map: each of its units sees the whole image")
    rows, size, images = layer.exemplars.rows(layer.layer, channel), layer.exemplars.meta["size"], []
    for row in rows.itertuples():
        image = layer.data.load(layer.data.index(row.path), size)
        images.append(patch(image, row.row, row.col, layer.field) if patches else image)
    picture, values = mosaic(resize(np.stack(images), THUMBNAIL)), rows["activation"]
    if values.iloc[0] <= 0:
        return Panel(picture, "The channel is silent on all images; these are the first of them")
    if patches:
        height, width = images[0].shape[:2]
        return Panel(picture, f"What the strongest unit saw in them: {height} × {width} pixels")
    words = f"Strongest of {layer.exemplars.meta['count']:,} images: {values.iloc[0]:.3g} to {values.iloc[-1]:.3g}"
    labels = [layer.data.labels[layer.data.index(path)] for path in rows["path"]]
    common = max(set(labels) - {None}, key=labels.count, default=None)
    return Panel(picture, words + (f"; {labels.count(common)} of {len(labels)} are “{common}”" if common else ""))


def histogram(layer: LayerFacts, channel: int, reached: float | None) -> Panel:
    """Return the panel of how the activations of all images are distributed, with a line where the picture stands."""
    curve = layer.histograms[channel]
    low, high = curve["low"], curve["high"]
    end = high if reached is None or not np.isfinite(reached) else max(high, reached)
    picture = np.full((THUMBNAIL, SIDE, 3), 255, np.uint8)
    shares, scale = curve["shares"], SIDE / max(end - low, 1e-12)
    edges = np.linspace(0, (high - low) * scale, len(shares) + 1).astype(int)
    for first, last, share in zip(edges[:-1], edges[1:], shares / shares.max(), strict=True):
        picture[THUMBNAIL - round(share * (THUMBNAIL - GAP)) :, first : max(last, first + 1)] = _colour(0)
    words = f"Mean activation of all images: {low:.3g} to {high:.3g}"
    if end > low and reached is not None and np.isfinite(reached):
        place = min(int((max(reached, low) - low) * scale), SIDE - 2)
        picture[:, place : place + 2] = _colour(1)
        words += f"; the orange line is the picture, at {reached:.3g}"
    return Panel(picture, words)


def live_map(layer: LayerFacts, channel: int, image: np.ndarray, name: str) -> Panel:
    """Return the panel of a channel's activation map over an image (H, W, 3) in [-1, 1]."""
    answer = layer.backbone.activations(image[None], layer.layer)[0, ..., channel]
    if answer.ndim == 0:
        return Panel(to_uint8(image), f"{name}: score {answer:.3g}; this layer has no map")
    over = tint(image, enlarge(answer, (image.shape[0], image.shape[1])))
    mean = _standing(layer, channel, float(answer.mean()))
    return Panel(to_uint8(over), f"{name}: highest place {answer.max():.3g}, mean {mean}")


def mosaic(images: Sequence[np.ndarray]) -> np.ndarray:
    """Lay pictures (N, h, w, 3) in [-1, 1] out in rows on white; return (H, W, 3) uint8."""
    height, width = images[0].shape[:2]
    lines = -(-len(images) // COLUMNS)
    sheet = np.full((lines * (height + GAP) - GAP, COLUMNS * (width + GAP) - GAP, 3), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = i // COLUMNS * (height + GAP), i % COLUMNS * (width + GAP)
        sheet[top : top + height, left : left + width] = to_uint8(image)
    return sheet


def enlarged(image: np.ndarray) -> np.ndarray:
    """Give every pixel of a small picture a square of them, so that a browser has nothing to smooth."""
    times = max(SIDE // image.shape[1], 1)
    return image.repeat(times, axis=0).repeat(times, axis=1)


def _standing(layer: LayerFacts, channel: int, activation: float) -> str:
    """Return an activation, and where it stands among those of the images."""
    above = layer.exemplars.percentile(layer.layer, channel, activation)
    if activation < layer.histograms[channel]["low"]:
        return f"{activation + 0.0:.3g}, below all images"
    share = {0: "none", 100: "all"}.get(above) or f"{min(above, 99.9):.3g} %"
    return f"{activation + 0.0:.3g}, above {share}{'' if above == 100 else ' of the'} images"


def _colour(number: int) -> tuple[int, ...]:
    return tuple(bytes.fromhex(PALETTE[number][1:]))
