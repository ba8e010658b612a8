"""A copy with average pooling averages, shares the weights and leaves the original alone."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
from featviz_helpers.models.digest import digest
from featviz_helpers.models.pooling import average_pooling
from support.networks import pictures


def small():
    image = keras.Input((None, None, 3))
    pooled = keras.layers.MaxPooling2D(2, name="pool")(keras.layers.Conv2D(4, 3, padding="same", name="conv")(image))
    return fv.Backbone(keras.Model(image, pooled), name="small")


def test_each_window_is_averaged():
    backbone, images = small(), pictures(2, 16)
    averaged = average_pooling(backbone)
    before = backbone.activations(images, "conv")
    windows = before.reshape(2, 8, 2, 8, 2, 4)
    np.testing.assert_allclose(averaged.activations(images, "conv"), before, atol=1e-6)
    np.testing.assert_allclose(averaged.activations(images, "pool"), windows.mean(axis=(2, 4)), atol=1e-6)
    np.testing.assert_allclose(backbone.activations(images, "pool"), windows.max(axis=(2, 4)), atol=1e-6)


def test_a_published_network_keeps_its_names_its_weights_and_what_lies_below_its_first_pool():
    backbone, images = fv.Backbone(keras.applications.VGG16(weights=None, include_top=False)), pictures(1, 64)
    averaged = average_pooling(backbone)
    assert averaged.layers == backbone.layers
    assert averaged.default_layer == backbone.default_layer
    for one, other in zip(backbone.model.get_weights(), averaged.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    below, above = "block1_conv2", "block2_conv1"
    np.testing.assert_allclose(averaged.activations(images, below), backbone.activations(images, below), atol=1e-6)
    assert np.abs(averaged.activations(images, above) - backbone.activations(images, above)).max() > 1e-4


def test_a_network_without_maxima_is_refused():
    image = keras.Input((None, None, 3))
    backbone = fv.Backbone(keras.Model(image, keras.layers.Conv2D(4, 3)(image)), name="bare")
    with pytest.raises(ValueError, match="bare has no maximum pooling"):
        average_pooling(backbone)
    with pytest.raises(ValueError, match="backbone must be"):
        average_pooling("shapesnet")


def squared(x):
    return x * x


def test_an_activation_of_ones_own_is_kept():
    image = keras.Input((None, None, 3))
    bent = keras.layers.Conv2D(4, 3, padding="same", activation=squared, name="bent")(image)
    backbone = fv.Backbone(keras.Model(image, keras.layers.MaxPooling2D(2, name="pool")(bent)), name="own")
    images = pictures(2, 16)
    expected = backbone.activations(images, "bent")
    np.testing.assert_allclose(average_pooling(backbone).activations(images, "bent"), expected, atol=1e-6)


def test_the_averaging_twin_has_a_digest_of_its_own():
    backbone = small()
    assert digest(backbone, ["pool"], 32) != digest(average_pooling(backbone), ["pool"], 32)
    assert digest(backbone, ["conv"], 32) == digest(average_pooling(backbone), ["conv"], 32)
