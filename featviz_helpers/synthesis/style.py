"""Texture and style by a network: pictures whose channels are active together as often as those of another.

A Gram matrix holds the mean product of each two channels' activations, not where they were nor on how large an image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..ascent.maximize import maximize
from ..ascent.parameterizations import Fourier
from ..ascent.per_image import Numbers
from ..ascent.result import Result
from ..ascent.term import Objective, Term
from ..common.arrays import as_array
from ..common.checks import is_list, numbers, refusal, shown, whole_number
from ..data.images import check_range
from ..models.backbone import Backbone
from ..models.relu import shape_of
from .inversion import FeatureDistance
from .single import one_picture

Pictures = np.ndarray | Sequence[np.ndarray]
Layers = Sequence[str] | Mapping[str, float]


def gram(activation: tf.Tensor) -> tf.Tensor:
    """Return the mean product of each two channels over the map: (N, h, w, C) -> (N, C, C)."""
    shape = tf.shape(activation)
    flat = tf.reshape(activation, [shape[0], shape[1] * shape[2], activation.shape[3]])
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(shape[1] * shape[2], activation.dtype)


class GramDistance(Term):
    """How far the Gram matrix of a picture is from a wanted one: |G(x) - G_0| / |G_0|, sums of absolute values.

    0 at the image that the matrix is of, at any shuffle of its features, and 1 for a picture without any activation;
    so layers weigh alike.

    Args:
        layer: name of a layer with a map.
        grams: (N, C, C), one for all pictures or one per picture; see `gram_matrices`.
        power: 1, or 2 for squares (Gatys et al., 2015), which leave all but the largest entries alone.

    Raises:
        ValueError: another power.
    """

    kind = "Gram distance"

    def __init__(self, layer: str, grams: np.ndarray, power: int = 1) -> None:
        super().__init__(layer, gram=np.asarray(grams, np.float32))
        self.static = (whole_number("power", power, 1, 2),)

    def value(self, activation: tf.Tensor, units: dict[str, tf.Tensor]) -> tf.Tensor:
        wanted = units["gram"]
        return self._size(gram(activation) - wanted) / tf.maximum(self._size(wanted), 1e-12)

    def _size(self, matrices: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.abs(matrices) if self.static == (1,) else matrices**2, axis=(1, 2))

    def key(self, image: int) -> tuple:
        """Leave the matrix out, whose last bits differ from batch to batch: a start must not."""
        return (self.kind,)

    def check(self, backbone: Backbone) -> None:
        backbone.check_map(self.layer)
        channels, own = backbone.layers[self.layer], self.units["gram"].shape
        if own[1:] != (channels, channels):
            wanted = f"{channels} x {channels}"
            raise ValueError(f"Gram matrices of '{self.layer}' of {backbone.name} must be {wanted}; got {own}.")


def gram_matrices(backbone: Backbone, images: Pictures, layer: str = "auto", batch: int = 32) -> np.ndarray:
    """Return the Gram matrix of a layer for each image.

    Args:
        backbone: the network.
        images: (N, H, W, 3) in [-1, 1], or a list of (H, W, 3) of any sizes.
        layer: name of a layer with a map.
        batch: images at once.

    Returns:
        (N, C, C) float32: G[i, j] = mean over the map of a_i a_j.

    Raises:
        ValueError: images outside [-1, 1] or too small, or a layer without a map.
    """
    backbone.check_map(layer)
    if isinstance(images, np.ndarray):
        several = [check_range(images, name="style")]
    elif is_list(images) and len(list(images)):
        several = [one_picture("style, each of its images,", one)[None] for one in images]
    else:
        raise refusal("style", "images (N, H, W, 3) in [-1, 1], or a list of (H, W, 3)", images)
    features = (backbone.activations(one, layer, batch) for one in several)
    return np.concatenate([gram(tf.constant(one)).numpy() for one in features])


def style_distance(
    backbone: Backbone,
    style: Pictures,
    layers: Layers | None = None,
    blend: Sequence[float] | np.ndarray | None = None,
    power: int = 1,
) -> Objective:
    """Return the mean Gram distance of several layers, an objective to be subtracted.

    Args:
        backbone: the network.
        style: (N, H, W, 3) in [-1, 1], one for all pictures or one per picture, or a list of (H, W, 3) of any sizes.
        layers: names of layers with a map, which weigh alike, or name -> weight; `style_layers` by default.
        blend: a share of each style image, or (M, N) for M pictures. The shares are brought to a sum of 1, and the
            matrices are averaged with them: that is the matrix of a picture with as much room for each style.
        power: see `GramDistance`.

    Raises:
        ValueError: weights below 0 or all 0, another number of shares than of images; see also `gram_matrices`.
    """
    layers = style_layers(backbone) if layers is None else layers
    if not is_list(layers) and not isinstance(layers, Mapping):
        raise refusal("layers", "a list of names, or name -> weight", layers)
    if not len(list(layers)) or not all(isinstance(name, str) for name in layers):
        raise refusal("layers", "a list of names, or name -> weight", layers)
    named = layers if isinstance(layers, Mapping) else dict.fromkeys(layers, 1.0)
    weights = _shares("The weights of the layers", list(named.values()), len(named))[0]
    terms = []
    for layer, weight in zip(named, weights, strict=True):
        grams = gram_matrices(backbone, style, layer)
        if blend is not None:
            grams = np.einsum("mn,ncd->mcd", _shares("blend", blend, len(grams)), grams)
        terms.append(float(weight) * GramDistance(layer, grams, power))
    return reduce(add, terms)


def style_layers(backbone: Backbone, count: int = 4) -> list[str]:
    """Return the layers of a style by default: the first rectified map at each resolution (Gatys et al., 2016).

    In a network of branches it is the first map that joins them. VGG16 gives block1_conv1, block2_conv1 and so on.

    Args:
        backbone: the network.
        count: how many resolutions, from the finest down, 1 or more; of those that the network has.
    """
    count, side = whole_number("count", count, 1), backbone.size
    layers = [backbone.model.get_layer(name) for name in backbone.maps]
    layers = [layer for layer in layers if _joins(layer) or shape_of(layer)] or layers
    network = keras.Model(backbone.model.inputs, [layer.output for layer in layers])
    shapes = network.compute_output_shape((1, side, side, 3))
    found: dict[int, keras.Layer] = {}
    for layer, shape in zip(layers, [shapes] if isinstance(shapes, tuple) else shapes, strict=True):
        halved = round(np.log2(side / shape[1]))
        if halved not in found or _joins(layer) > _joins(found[halved]):
            found[halved] = layer
    return [layer.name for layer in found.values()][:count]


def _joins(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.Concatenate)


def gram_texture(
    backbone: Backbone,
    style: Pictures,
    layers: Layers | None = None,
    *,
    blend: Sequence[float] | np.ndarray | None = None,
    power: int = 1,
    **options: Any,
) -> Result:
    """Look for pictures with the Gram matrices of images (Gatys, Ecker and Bethge, 2015, Texture Synthesis).

    Args:
        backbone, style, layers, blend, power: see `style_distance`.
        options: of `maximize`, such as `size`, `steps`, `seed` or `transforms`; in Fourier space by default, because
            networks whose strides are not smoothed draw a grid in pixels.

    Returns:
        The result; `-result.activations` are the distances that were reached.

    Raises:
        ValueError: see `style_distance` and `maximize`.
    """
    distance = style_distance(backbone, style, layers, blend, power)
    return maximize(backbone, -1.0 * distance, **{"parameterization": Fourier()} | options)


def style_transfer(
    backbone: Backbone,
    content: np.ndarray,
    style: Pictures,
    layers: Layers | None = None,
    *,
    content_layer: str = "auto",
    content_weight: Numbers = 1.0,
    blend: Sequence[float] | np.ndarray | None = None,
    power: int = 1,
    **options: Any,
) -> Result:
    """Look for pictures with the features of one image and the Gram matrices of another (Gatys et al., 2016).

    It climbs  -(content_weight * feature distance + mean Gram distance),  both relative, from the content.

    Args:
        backbone, style, layers, blend, power: see `style_distance`.
        content: (N, H, W, 3) in [-1, 1], whose size the pictures have.
        content_layer: whose features are to be met.
        content_weight: 0 or more, or one per picture.
        options: of `maximize`, such as `steps`, `seed`, `penalties` or another `start` of the same size (None: noise);
            none that changes the size. In Fourier space by default. Transforms move the picture against the content.

    Returns:
        The result. Its `terms` are the feature distance and then the Gram distance of each layer.

    Raises:
        ValueError: a weight below 0, another size; see also `style_distance` and `maximize`.
    """
    content = check_range(content, name="content")
    size = content.shape[1:3]
    if sized := [name for name in ("size", "octaves", "tile") if name in options]:
        raise ValueError(f"style_transfer takes no {sized[0]}: the features of the content belong to its size, {size}.")
    settings: dict[str, Any] = {"start": content, "parameterization": Fourier()} | options
    if settings["start"] is None:
        settings["size"] = size
    elif check_range(settings["start"], name="start").shape[1:3] != size:
        raise ValueError(f"start must have the size of the content, {size}; got {shown(settings['start'])}.")
    if min(numbers("content_weight", content_weight)) < 0:
        raise refusal("content_weight", "0 or more, or a list of such numbers", content_weight)
    kept = FeatureDistance(backbone.resolve(content_layer), backbone.activations(content, content_layer))
    distance = style_distance(backbone, style, layers, blend, power)
    return maximize(backbone, -1.0 * (content_weight * kept + distance), **settings)


def _shares(name: str, weights: Any, count: int) -> np.ndarray:
    """Return weights as (M, count) rows with a sum of 1."""
    allowed = f"{count} numbers, one for each"
    given = as_array(name, weights, allowed, 0, 1, 2)
    rows = np.atleast_2d(given.astype(float))
    if given.dtype.kind == "b" or rows.shape[-1] != count:
        raise refusal(name, allowed, weights)
    if not np.isfinite(rows).all() or rows.min() < 0 or not rows.sum(axis=1).all():
        raise refusal(name, "0 or more, and not all 0", weights)
    return rows / rows.sum(axis=1, keepdims=True)
