"""Small networks with known properties, and numpy versions of what the engine does."""

import functools

import featviz_helpers as fv
import keras
import numpy as np

ASCENT_CHANNELS = [3, 5, 8, 11]


@functools.cache
def shapesnet() -> fv.Backbone:
    """The bundled network, loaded once."""
    return fv.load_model("shapesnet")


def untidy_model() -> keras.Model:
    """Every case that folding must get right, with batch norm statistics far from the identity."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(8, 3, use_bias=False, name="plain")(inputs)
    x = layers.BatchNormalization(scale=False, name="plain_bn")(x)
    x = layers.ReLU(name="plain_relu")(x)
    y = layers.Conv2D(6, 3, strides=2, padding="same", name="biased")(x)
    y = layers.BatchNormalization(center=False, name="biased_bn")(y)
    y = layers.Activation("relu", name="biased_relu")(y)
    shared = layers.Conv2D(6, 1, name="read_twice")(y)
    z = layers.BatchNormalization(name="not_foldable_bn")(shared)
    z = layers.Add(name="add")([z, shared])
    active = layers.Conv2D(6, 1, activation="relu", name="own_relu")(z)
    active = layers.BatchNormalization(name="after_relu_bn")(active)
    z = layers.Concatenate(name="join")([active, y])
    z = layers.GlobalAveragePooling2D(name="pool")(z)
    model = keras.Model(inputs, layers.Dense(5, activation="softmax", name="classes")(z), name="untidy")
    generator = np.random.default_rng(0)
    for layer in model.layers:
        weights = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            weights = [generator.uniform(0.2, 2.0, w.shape) for w in weights]
        elif weights:
            weights = [generator.normal(0.0, 0.3, w.shape) for w in weights]
        layer.set_weights(weights)
    return model


def pictures(count: int, size: int, seed: int = 0) -> np.ndarray:
    """Random pictures in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, (count, size, size, 3)).astype(np.float32)
