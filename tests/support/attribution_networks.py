"""Networks whose attribution can be written down."""

import featviz_helpers as fv
import keras
import numpy as np

layers = keras.layers


def identity() -> fv.Backbone:
    """A map that is the image itself: half its sum of squares has the image as its gradient."""
    inputs = keras.Input((None, None, 3))
    copy = layers.Conv2D(3, 1, use_bias=False, name="copy")
    model = keras.Model(inputs, copy(inputs), name="identity")
    copy.set_weights([np.eye(3, dtype=np.float32)[None, None]])
    return fv.Backbone(model)


def linear(size: int = 8) -> tuple[fv.Backbone, np.ndarray]:
    """Two class scores that are linear in the image, and their weights (size, size, 3, 2)."""
    inputs = keras.Input((size, size, 3))
    copy, dense = layers.Conv2D(3, 1, use_bias=False, name="copy"), layers.Dense(2, name="scores")
    model = keras.Model(inputs, dense(layers.Flatten()(copy(inputs))), name="linear")
    copy.set_weights([np.eye(3, dtype=np.float32)[None, None]])
    kernel = np.random.default_rng(5).normal(size=(size * size * 3, 2)).astype(np.float32)
    dense.set_weights([kernel, np.float32([0.3, -0.2])])
    return fv.Backbone(model), kernel.reshape(size, size, 3, 2)


def pooled(cap: float | None = None) -> tuple[fv.Backbone, np.ndarray, np.ndarray]:
    """One ReLU between two 1 x 1 layers, averaged over the image: the network, and its two matrices."""
    inputs = keras.Input((None, None, 3))
    first, last = layers.Conv2D(6, 1, use_bias=False, name="first"), layers.Dense(2, use_bias=False, name="scores")
    hidden = layers.ReLU(max_value=cap, name="hidden")(first(inputs))
    model = keras.Model(inputs, last(layers.GlobalAveragePooling2D()(hidden)), name="pooled")
    generator = np.random.default_rng(3)
    matrices = [generator.normal(size=shape).astype(np.float32) for shape in ((3, 6), (6, 2))]
    first.set_weights([matrices[0][None, None]])
    last.set_weights([matrices[1]])
    return fv.Backbone(model), *matrices
