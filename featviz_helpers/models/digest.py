"""One short hash of all that a cut network's answers depend on: weights, layers, and how images are prepared for it."""

import hashlib
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from .backbone import Backbone
from .graph import nodes
from .relu import nonlinearity, shape_of

SIDE = 64  # pixels, at most, of the image whose preparation is looked at
# What layers without weights, or with the same ones, may differ in.
SETTINGS = (
    "strides",
    "padding",
    "pool_size",
    "dilation_rate",
    "cropping",
    "axis",
    "axes",
    "epsilon",
    "scale",
    "offset",
)


def digest(backbone: Backbone, layers: Sequence[str], size: int) -> str:
    """Return the hash, in hexadecimal.

    Args:
        backbone: the network.
        layers: layer names.
        size: side of the images in pixels.
    """
    found = hashlib.blake2b(digest_size=16)
    network = backbone.truncate(*layers)
    for array in network.get_weights():
        found.update(np.ascontiguousarray(array))
    if not backbone.traits.trusted:  # the course's own are known by their weights
        found.update(repr(_calls(network)).encode())
    side = min(size, SIDE)
    ramp = tf.reshape(tf.linspace(-1.0, 1.0, 3 * side * side), (1, side, side, 3))
    prepared = np.asarray(backbone.preprocess(ramp), np.float32)
    found.update((np.round(prepared, 3) + 0.0).tobytes())  # rounded: machines differ in the last bits
    return found.hexdigest()


def _calls(network: keras.Model) -> list[tuple]:
    """Return every call in a network: of which kind, with which settings, and which calls it reads. No names."""
    place, found = {id(network.inputs[0]): 0}, []
    for number, node in enumerate(nodes(network), start=1):
        layer = node.operation
        settings = [(name, str(getattr(layer, name))) for name in SETTINGS if hasattr(layer, name)]
        reads = [place[id(tensor)] for tensor in node.input_tensors]
        found.append((type(layer).__name__, settings, shape_of(layer), nonlinearity(layer), reads))
        place |= {id(tensor): number for tensor in node.outputs}
    return found
