"""Cut a Keras model at given layers and fold batch norm into the convolutions before it.

At inference a batch norm multiplies each channel by a constant and adds another, and so does a convolution:
gamma (W * x + b - mean) / sqrt(var + eps) + beta  is a convolution with kernel  s W  and bias  beta + s (b - mean),
where  s = gamma / sqrt(var + eps)  (Jacob et al., 2018, section 3.2). It saves a pass over memory at every layer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from ..common.errors import NotFinite, first_line
from .graph import calls, outputs, readers, sources
from .relu import check_relus, ruled, shape_of

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)


@dataclass(frozen=True)
class Cut:
    """How a network is cut; see `Backbone.truncate`.

    Attributes:
        names: the layers at which it ends.
        precision: a Keras dtype policy.
        relu: the name of a ReLU rule.
        fold: whether batch norm is folded.
        linear: the layer whose output is taken before its activation (class scores before the softmax), or None.
    """

    names: tuple[str, ...]
    precision: str = "float32"
    relu: str = "plain"
    fold: bool = True
    linear: str | None = None


def whole(model: keras.Model, cut: Cut) -> keras.Model:
    """Return the original's layers up to where it is cut, with nothing copied or changed."""
    tensors = outputs(model)
    ends = [tensors[name] for name in cut.names]
    return keras.Model(model.inputs[0], ends if len(ends) > 1 else ends[0], name=model.name)


def truncate_and_fold(model: keras.Model, cut: Cut) -> keras.Model:
    """Return a copy of a flat functional model that ends where `cut` says.

    Raises:
        NotFinite: weights that are NaN or infinite.
        ValueError: a rule for ReLUs where there are other nonlinearities.
    """
    part = whole(model, cut)
    check_relus(part.operations, cut.relu, cut.linear, model.name)
    folded = _foldable(part, keep=cut.names) if cut.fold else {}
    producers = {conv: norm for norm, conv in folded.items()}

    def copy(layer: keras.Operation) -> keras.Operation:
        if layer.name in folded:
            return keras.layers.Identity(name=layer.name, dtype=cut.precision)
        return _copied(layer, cut, {"use_bias": True} if layer.name in producers else {})

    copied = _cloned(part, copy)
    for layer in part.layers:
        if layer.name in producers:
            norm = part.get_layer(producers[layer.name])
            copied.get_layer(layer.name).set_weights(_folded_weights(layer, norm))
        elif layer.name not in folded and layer.weights:
            copied.get_layer(layer.name).set_weights(layer.get_weights())
    # Found here, because a ReLU of some processors' kernels turns a NaN into a zero, and the layer would look dead.
    for layer in copied.layers:
        if not all(np.isfinite(values).all() for values in layer.get_weights()):
            raise NotFinite(f"Layer '{layer.name}' of {model.name} has weights that are not finite numbers.")
    copied.trainable = False
    return copied


def _copied(layer: keras.Operation, cut: Cut, changes: dict) -> keras.Operation:
    """Return a layer or operation of its own for the copy."""
    shape = None if cut.relu == "plain" else shape_of(layer)
    if shape and not getattr(layer, "weights", ()):
        return keras.layers.Activation(ruled(shape, cut.relu), name=layer.name, dtype=cut.precision)
    if not isinstance(layer, keras.Layer):  # an operation such as x + y has no weights and no precision of its own
        return type(layer).from_config(layer.get_config())
    config = layer.get_config() | {"dtype": cut.precision} | changes
    if shape:
        config["activation"] = ruled(shape, cut.relu)
    elif callable(getattr(layer, "activation", None)):  # the function itself: of one's own, its name says nothing
        config["activation"] = layer.activation
    if layer.name == cut.linear and "activation" in config:
        config["activation"] = "linear"
    try:
        return type(layer).from_config(config)
    except Exception as error:  # whatever a class of somebody else trips over
        raise ValueError(
            f"Layer '{layer.name}' ({type(layer).__name__}) cannot be copied from its configuration: "
            f"{first_line(error):.160}. Its get_config must hold all that its __init__ takes; or end below it."
        ) from error


def _call(layer: keras.Operation, *inputs, **options):
    """Call a copied layer as the original was called, and never as if in training."""
    if isinstance(layer, keras.layers.Identity | keras.layers.Activation):
        # The recorded call of a batch norm carries options that these do not know.
        return layer(*inputs)
    if isinstance(layer, keras.Layer) and "training" in inspect.signature(layer.call).parameters:
        options["training"] = False  # layers that turn or crop images at random think otherwise
    return layer(*inputs, **options)


def _cloned(part: keras.Model, copy: Callable) -> keras.Model:
    """Clone a model for images of any size: Keras gives a network with a classifier a fixed one."""
    own = part.inputs[0]
    free = keras.Input((None, None, own.shape[-1]), dtype=own.dtype)
    try:
        return keras.models.clone_model(part, input_tensors=free, clone_function=copy, call_function=_call)
    except (ValueError, TypeError):  # one that ends in Flatten and Dense really needs its size
        return keras.models.clone_model(part, clone_function=copy, call_function=_call)


def _foldable(model: keras.Model, keep: tuple[str, ...]) -> dict[str, str]:
    """Map each batch norm to the convolution it can be folded into: each is called once, and read by nothing else."""
    called, read, pairs = calls(model), readers(model), {}
    for layer in model.layers:
        if not isinstance(layer, keras.layers.BatchNormalization) or len(called[layer.name]) > 1:
            continue
        (source,) = sources(called[layer.name][0])
        # A subclass may do with its kernel what it likes, so the type itself counts.
        linear = type(source) in CONVOLUTIONS and source.activation is keras.activations.linear
        linear = linear and layer.axis in (-1, 3) and source.data_format == "channels_last"
        if linear and len(called[source.name]) == len(read[source.name]) == 1 and source.name not in keep:
            pairs[layer.name] = source.name
    return pairs


def _folded_weights(conv: keras.Layer, norm: keras.layers.BatchNormalization) -> list[np.ndarray]:
    kernel = conv.kernel.numpy().astype(np.float64)
    bias = conv.bias.numpy().astype(np.float64) if conv.use_bias else 0.0
    gamma = norm.gamma.numpy().astype(np.float64) if norm.scale else 1.0
    beta = norm.beta.numpy().astype(np.float64) if norm.center else 0.0
    scale = gamma / np.sqrt(norm.moving_variance.numpy().astype(np.float64) + norm.epsilon)
    shift = beta + scale * (bias - norm.moving_mean.numpy().astype(np.float64))
    if isinstance(conv, keras.layers.DepthwiseConv2D):  # kernel (h, w, channels, multiplier)
        return [(kernel * scale.reshape(kernel.shape[2:])).astype(np.float32), shift.astype(np.float32)]
    return [(kernel * scale).astype(np.float32), shift.astype(np.float32)]
