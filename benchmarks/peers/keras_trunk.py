"""InceptionV3 up to the measured layer in Keras 2 or 3, with the weights that `export.py` wrote."""

import re
from types import ModuleType

import numpy as np
from protocol import LAYER


def number(name: str) -> int:
    """Return the count that Keras appends to a layer's name: conv2d_7 -> 7, conv2d -> 0."""
    found = re.search(r"_(\d+)$", name)
    return int(found[1]) if found else 0


def build(keras: ModuleType, size: int | None) -> tuple:
    """Return the untrained trunk, and its (convolution, batch norm) pairs in the order in which Keras makes them.

    That order is also the order of torchvision's modules, which is why weights travel in it and not by name.
    """
    base = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(size, size, 3))
    model = keras.Model(base.input, base.get_layer(LAYER).output)
    kinds = (keras.layers.Conv2D, keras.layers.BatchNormalization)
    found = [[layer for layer in model.layers if isinstance(layer, kind)] for kind in kinds]
    ordered = [sorted(layers, key=lambda layer: number(layer.name)) for layers in found]
    return model, list(zip(*ordered, strict=True))


def load(keras: ModuleType, size: int, trunk: dict[str, np.ndarray]) -> object:
    """Return the trunk with its weights."""
    model, pairs = build(keras, size)
    for index, (convolution, norm) in enumerate(pairs):
        convolution.set_weights([trunk[f"kernel_{index}"]])
        norm.set_weights([trunk[f"{part}_{index}"] for part in ("beta", "mean", "variance")])
    return model
