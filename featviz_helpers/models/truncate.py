"""Cut a Keras model at given layers and fold batch norm into the convolutions before it.

At inference a batch norm multiplies each channel by a constant and adds another, and so does a convolution:
gamma (W * x + b - mean) / sqrt(var + eps) + beta  is a convolution with kernel  s W  and bias  beta + s (b - mean),
where  s = gamma / sqrt(var + eps)  (Jacob et al., 2018, section 3.2). It saves a pass over memory at every layer.
"""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from ..common.errors import NotFinite


def redirected_relu(inputs: tf.Tensor) -> tf.Tensor:
    """ReLU whose gradient also passes below zero.

    A unit that is off everywhere passes no gradient, so an ascent cannot start from it. Letting the gradient through
    for the first steps lifts such a unit over zero; after that the plain ReLU takes over. The forward pass is exact.
    """
    return _redirected(inputs)


def _redirected(inputs: tf.Tensor, **limits: float | None) -> tf.Tensor:
    return inputs + tf.stop_gradient(keras.activations.relu(inputs, **limits) - inputs)


def truncate_and_fold(
    model: keras.Model, names: tuple[str, ...], logits: str | None, precision: str, relu: str, fold: bool
) -> keras.Model:
    """Return a copy of `model` that ends at the layers `names`; see `Backbone.truncate` for the arguments.

    Raises:
        NotFinite: weights that are NaN or infinite.
    """
    redirect = relu == "redirected"
    outputs = [model.get_layer(name).output for name in names]
    cut = keras.Model(model.input, outputs if len(names) > 1 else outputs[0], name=model.name)
    folded = _foldable(cut, keep=names) if fold else {}
    producers = {conv: norm for norm, conv in folded.items()}

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name in folded:
            return keras.layers.Identity(name=layer.name, dtype=precision)
        if redirect and isinstance(layer, keras.layers.ReLU):
            limits = {name: getattr(layer, name) for name in ("negative_slope", "max_value", "threshold")}
            return keras.layers.Activation(functools.partial(_redirected, **limits), name=layer.name, dtype=precision)
        config = layer.get_config() | {"dtype": precision}
        if redirect and getattr(layer, "activation", None) is keras.activations.relu:
            config["activation"] = redirected_relu
        if layer.name in producers:
            config["use_bias"] = True
        if layer.name == logits:
            config["activation"] = "linear"  # class scores are taken before the softmax
        return layer.__class__.from_config(config)

    def call(layer: keras.layers.Layer, *inputs, **options):
        # The recorded call of a batch norm carries options that an identity does not know.
        return layer(*inputs) if isinstance(layer, keras.layers.Identity) else layer(*inputs, **options)

    copied = _cloned(cut, copy, call)
    for layer in cut.layers:
        if layer.name in producers:
            norm = cut.get_layer(producers[layer.name])
            copied.get_layer(layer.name).set_weights(_folded_weights(layer, norm))
        elif layer.name not in folded and layer.weights:
            copied.get_layer(layer.name).set_weights(layer.get_weights())
    # Found here, because a ReLU of some processors' kernels turns a NaN into a zero, and the layer would look dead.
    for layer in copied.layers:
        if not all(np.isfinite(values).all() for values in layer.get_weights()):
            raise NotFinite(f"Layer '{layer.name}' of {model.name} has weights that are not finite numbers.")
    copied.trainable = False
    return copied


def _cloned(cut: keras.Model, copy: Callable, call: Callable) -> keras.Model:
    """Clone a model for images of any size: Keras gives a network with a classifier a fixed one."""
    own = cut.inputs[0]
    free = keras.Input((None, None, own.shape[-1]), dtype=own.dtype)
    try:
        return keras.models.clone_model(cut, input_tensors=free, clone_function=copy, call_function=call)
    except ValueError:  # one that ends in Flatten and Dense really needs its size
        return keras.models.clone_model(cut, clone_function=copy, call_function=call)


def _foldable(model: keras.Model, keep: tuple[str, ...]) -> dict[str, str]:
    """Map each batch norm to the convolution it can be folded into: one that nothing else reads."""
    readers: dict[str, list[str]] = {}
    for layer in model.layers:
        for source in sources(layer):
            readers.setdefault(source.name, []).append(layer.name)
    pairs = {}
    for layer in model.layers:
        if not isinstance(layer, keras.layers.BatchNormalization):
            continue
        (source,) = sources(layer)
        linear = isinstance(source, keras.layers.Conv2D) and source.activation is keras.activations.linear
        if linear and readers[source.name] == [layer.name] and source.name not in keep:
            pairs[layer.name] = source.name
    return pairs


def sources(layer: keras.layers.Layer) -> list:
    """Return the layers whose outputs a layer of a functional model reads."""
    if isinstance(layer, keras.layers.InputLayer):
        return []
    return [tensor._keras_history.operation for tensor in keras.tree.flatten(layer.input)]


def _folded_weights(conv: keras.layers.Conv2D, norm: keras.layers.BatchNormalization) -> list[np.ndarray]:
    kernel = conv.kernel.numpy().astype(np.float64)
    bias = conv.bias.numpy().astype(np.float64) if conv.use_bias else 0.0
    gamma = norm.gamma.numpy().astype(np.float64) if norm.scale else 1.0
    beta = norm.beta.numpy().astype(np.float64) if norm.center else 0.0
    scale = gamma / np.sqrt(norm.moving_variance.numpy().astype(np.float64) + norm.epsilon)
    shift = beta + scale * (bias - norm.moving_mean.numpy().astype(np.float64))
    return [(kernel * scale).astype(np.float32), shift.astype(np.float32)]
