"""Class activation maps: which places of a layer's map speak for the objective."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from ..ascent.term import Objective
from ..common.checks import flag, whole_number
from ..models.backbone import Backbone
from ..models.graph import outputs
from .backprop import guided_backprop
from .baselines import Baseline, baseline_images
from .probe import Probe


def grad_cam(
    backbone: Backbone,
    objective: Objective,
    images: np.ndarray,
    layer: str | None = None,
    relu: bool = True,
    enlarge: bool = True,
    batch: int | None = None,
) -> np.ndarray:
    """Return Grad-CAM (Selvaraju et al., 2017): the layer's channels, weighted by their mean gradient.

    Args:
        backbone, objective, images, batch: as for `gradient`.
        layer: a layer with a map below the objective; None takes the last one below the class scores that has more
            than one place.
        relu: keep what speaks for the objective only; False keeps both signs.
        enlarge: bring the map to the size of the image, bilinearly; False returns the layer's own places.

    Returns:
        (N, H, W) float32, or (N, h, w).

    Raises:
        ValueError: a layer that has no map or is not below the objective; see also `Probe`.
    """
    relu, enlarge = flag("relu", relu), flag("enlarge", enlarge)
    probe = Probe(backbone, objective, images, batch=batch)
    layer = _below(probe, layer)
    network = backbone.truncate(layer, *probe.objective.layers)

    def run(pictures: tf.Tensor, weights: tf.Tensor, units: list) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            maps, *outputs = keras.tree.flatten(network(backbone.preprocess(pictures), training=False))
            value = probe.weighted(outputs, weights, units)
        slope = tape.gradient(value, maps)
        return tf.einsum("nhwc,nc->nhw", maps, tf.reduce_mean(slope, axis=(1, 2)))

    function = probe.compiled(("grad_cam", layer), network, run)
    parts = [
        function(tf.constant(probe.images[rows]), *probe.units(rows)).numpy()
        for rows, _ in probe.pairs(len(probe.images), 1)
    ]
    maps = np.concatenate(parts)
    maps = np.maximum(maps, 0.0) if relu else maps
    return _enlarged(maps, probe.images.shape[1:3]) if enlarge else maps


def guided_grad_cam(
    backbone: Backbone,
    objective: Objective,
    images: np.ndarray,
    layer: str | None = None,
    batch: int | None = None,
) -> np.ndarray:
    """Return guided backpropagation where Grad-CAM is positive: their product, (N, H, W, 3) float32.

    Arguments and errors as for `grad_cam`.
    """
    where = grad_cam(backbone, objective, images, layer, batch=batch)
    return guided_backprop(backbone, objective, images, batch) * where[..., None]


def score_cam(
    backbone: Backbone,
    objective: Objective,
    images: np.ndarray,
    layer: str | None = None,
    channels: int | None = 64,
    baseline: Baseline = "grey",
    seed: int = 0,
    batch: int | None = None,
) -> np.ndarray:
    """Return Score-CAM (Wang et al., 2020), which needs no gradient.

    Each channel's map, brought to [0, 1] and enlarged, uncovers the image on the baseline; what that adds to the
    objective is the channel's weight. (The softmax that the paper's pseudocode puts over the weights is left out: it
    makes them depend on the scale of the scores.) What is negative in the weighted sum is dropped.

    Args:
        backbone, objective, images, layer, batch: as for `grad_cam`.
        channels: how many of an image's channels are tried, those whose map varies most; None tries all, at one call
            each.
        baseline, seed: as for `baseline_images`.

    Returns:
        (N, H, W) float32.

    Raises:
        ValueError: as for `grad_cam`.
    """
    probe = Probe(backbone, objective, images, batch=batch)
    layer, size = _below(probe, layer), probe.images.shape[1:3]
    start = baseline_images(probe.images, baseline, seed)
    maps = np.moveaxis(backbone.activations(probe.images, layer, probe.batch), -1, 1)  # (N, C, h, w)
    count = maps.shape[1] if channels is None else min(whole_number("channels", channels, 1), maps.shape[1])
    chosen = np.argsort(-maps.var(axis=(2, 3)), axis=1, kind="stable")[:, :count]
    maps = np.take_along_axis(maps, chosen[..., None, None], axis=1)
    low, high = maps.min(axis=(2, 3), keepdims=True), maps.max(axis=(2, 3), keepdims=True)
    masks = np.divide(maps - low, high - low, out=np.zeros_like(maps), where=high > low)

    way = probe.images - start

    def uncovered(rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        pictures = np.empty((len(rows), *way.shape[1:]), np.float32)
        for picture, row, mask in zip(pictures, rows, _enlarged(masks[rows, numbers], size), strict=True):
            for colour in range(3):  # a fifth of the time of mask[..., None] * way
                np.multiply(way[row, ..., colour], mask, out=picture[..., colour])
            picture += start[row]
        return pictures

    bare = probe.values(1, lambda rows, _: start[rows])
    total = np.einsum("nc,nchw->nhw", probe.values(count, uncovered) - bare, maps)
    return _enlarged(np.maximum(total, 0.0), size)


def _below(probe: Probe, layer: str | None) -> str:
    """Return the name of a layer with a map below the objective."""
    backbone = probe.backbone
    if layer is not None:
        backbone.check_map(layer)
        layer = backbone.resolve(layer)
        if layer not in {one.name for one in backbone.truncate(*probe.objective.layers).operations}:
            raise ValueError(f"The objective does not read '{layer}' of {backbone.name}: choose a layer below it.")
        return layer
    if probe.objective.layers != (backbone.logits,):
        raise ValueError(f"An objective in '{probe.objective.layers[0]}' needs layer=, one with a map below it.")
    names, tensors = list(backbone.layers), outputs(backbone.model)
    below = [name for name in backbone.maps if names.index(name) < names.index(backbone.logits)]
    wide = [name for name in below if tuple(tensors[name].shape[1:3]) != (1, 1)]  # an average may keep its dimensions
    if not wide:
        raise ValueError(f"It needs a layer of more than one place; {backbone.name} has none below its class scores.")
    return wide[-1]


def _enlarged(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    return tf.image.resize(maps[..., None], size)[..., 0].numpy()
