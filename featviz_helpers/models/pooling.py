"""A network that averages where it took the maximum: smoother gradients, for textures and styles."""

from __future__ import annotations

from dataclasses import replace

import keras

from ..common.checks import instance
from .backbone import Backbone


def average_pooling(backbone: Backbone) -> Backbone:
    """Return a network whose maximum pooling has become average pooling (Gatys, Ecker and Bethge, 2015).

    A maximum passes its gradient to one place of each window and nothing to the others, an average the same to all.
    The network was trained with maxima, so its answers change, and its class scores are no longer worth much.

    Args:
        backbone: the network, which stays as it is.

    Raises:
        ValueError: a network without maximum pooling, such as lite0, or no network.
    """
    instance("backbone", backbone, Backbone, "a network of load_model or a Backbone")
    model = backbone.model
    if not any(isinstance(layer, keras.layers.MaxPooling2D) for layer in model.layers):
        raise ValueError(f"{backbone.name} has no maximum pooling, so there is nothing to average.")
    copied = keras.models.clone_model(model, clone_function=_averaged)
    copied.set_weights(model.get_weights())
    traits = replace(backbone.traits, trusted=False)  # it is another network than the one that was tested
    return Backbone(copied, f"{backbone.name}, average pooling", backbone.preprocess, backbone.default_layer, traits)


def _averaged(layer: keras.Operation) -> keras.Operation:
    kind = keras.layers.AveragePooling2D if isinstance(layer, keras.layers.MaxPooling2D) else type(layer)
    config = layer.get_config()
    if callable(getattr(layer, "activation", None)):  # the function itself: of one's own, its name says nothing
        config["activation"] = layer.activation
    return kind.from_config(config)
