"""Networks that have forgotten: the same numbers as before, in another order (Adebayo et al., 2018).

A map that stays the same when the weights are shuffled does not come from what the network has learned.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from ..common.checks import is_list, refusal, whole_number
from ..data.images import check_range
from ..models.backbone import Backbone


def randomised(
    backbone: Backbone, layers: Sequence[str] | None = None, seed: int = 0, images: np.ndarray | None = None
) -> Backbone:
    """Return a copy of a network in which the weights of some layers are permuted, each array within itself.

    Every array keeps its histogram. Of a batch norm, scale and offset are permuted like other weights; its mean and
    variance are kept, or measured anew on images, because shuffled weights may drive them far away.

    Args:
        backbone: the network; it is not changed.
        layers: names of layers with weights, or "logits"; None permutes all.
        seed: of the permutations; a layer's own does not depend on which others are permuted.
        images: (N, H, W, 3) in [-1, 1] on which batch norm is measured anew, in one batch as in training; None keeps
            its statistics.

    Raises:
        ValueError: a layer that is not there or has no weights, or a seed below 0.
    """
    seed = whole_number("seed", seed, 0, 2**63 - 1)
    known = weighted_layers(backbone)
    if layers is not None and (not is_list(layers) or not all(isinstance(name, str) for name in layers)):
        raise refusal("layers", "a list of layer names, or None for all", layers)
    names = known if layers is None else [backbone.resolve(name) for name in layers]
    if empty := [name for name in names if name not in known]:
        raise ValueError(f"'{empty[0]}' of {backbone.name} has no weights that could be permuted.")
    copied = keras.models.clone_model(backbone.model)
    for own, layer in zip(backbone.model.layers, copied.layers, strict=True):
        layer.set_weights([_value(weight, own.name in names, seed) for weight in own.weights])
    if images is not None:
        _measure(copied, backbone.preprocess(tf.constant(check_range(images))))
    return Backbone(copied, f"{backbone.name} randomised", backbone.preprocess, backbone.default_layer, backbone.traits)


def cascade(
    backbone: Backbone, seed: int = 0, images: np.ndarray | None = None, count: int | None = None
) -> Iterator[tuple[str, Backbone]]:
    """Yield networks whose layers are permuted one after the other, from the class scores down.

    Args:
        backbone, seed, images: as for `randomised`.
        count: how many networks, spread evenly from the topmost layer alone to all, at most one per layer; None is one
            per layer.

    Raises:
        ValueError: a count out of range; see also `randomised`.

    Yields:
        The name of the lowest layer that is permuted, and the network.
    """
    names = weighted_layers(backbone)[::-1]
    count = len(names) if count is None else whole_number("count", count, 1, 10_000)
    depths = np.linspace(1, len(names), count).round().astype(int)
    for depth in dict.fromkeys(depths.tolist()):
        yield names[depth - 1], randomised(backbone, names[:depth], seed, images)


def weighted_layers(backbone: Backbone) -> list[str]:
    """Return the names of the layers with weights, in the order of the network."""
    return [layer.name for layer in backbone.model.layers if layer.weights]


def _value(weight: keras.Variable, permute: bool, seed: int) -> np.ndarray:
    value = weight.numpy()
    if not permute or weight.name.startswith("moving_"):
        return value
    generator = np.random.default_rng([seed, zlib.crc32(weight.path.encode())])
    return generator.permutation(value.ravel()).reshape(value.shape)


def _measure(model: keras.Model, inputs: tf.Tensor) -> None:
    """Replace the statistics of every batch norm by those of these images, each measured behind those below it."""
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [(layer.momentum, layer.trainable) for layer in norms]
    for layer in norms:
        layer.momentum, layer.trainable = 0.0, True  # forget what was before; a frozen one would measure nothing

    def call(layer: keras.Operation, *given: tf.Tensor, **options: object) -> tf.Tensor:
        # Dropout would draw without a seed, so that batch norm alone runs as in training.
        if isinstance(layer, keras.Layer) and "training" in inspect.signature(layer.call).parameters:
            options["training"] = layer in norms
        return layer(*given, **options)

    measuring = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
    tf.function(measuring)(inputs)  # called as it is, it would keep every map of every image until its end
    for layer, (momentum, trainable) in zip(norms, before, strict=True):
        layer.momentum, layer.trainable = momentum, trainable
