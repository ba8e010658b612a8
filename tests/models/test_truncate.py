"""Truncated and folded networks say what the whole network says."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from support.networks import pictures, shapesnet, untidy_model


def close(one, other, tolerance=1e-4):
    one, other = np.asarray(one), np.asarray(other)
    return np.abs(one - other).max() <= tolerance * np.abs(other).max()


@pytest.mark.parametrize(
    "layer", ["plain", "plain_bn", "plain_relu", "biased", "biased_relu", "read_twice", "add", "after_relu_bn", "join"]
)
def test_every_layer_of_an_untidy_network_keeps_its_output(layer):
    model = untidy_model()
    whole = keras.Model(model.input, model.get_layer(layer).output)
    images = pictures(2, 33)
    assert close(fv.Backbone(model).truncate(layer)(images), whole(images))


def test_batch_norm_is_really_folded_where_it_can_be_and_only_there():
    folded = fv.Backbone(untidy_model()).truncate("join")
    left = {layer.name for layer in folded.layers if isinstance(layer, keras.layers.BatchNormalization)}
    assert left == {"not_foldable_bn", "after_relu_bn"}
    unfolded = fv.Backbone(untidy_model()).truncate("join", fold=False)
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in unfolded.layers) == 4


def test_class_scores_are_taken_before_the_softmax():
    model, images = untidy_model(), pictures(2, 33)
    scores = fv.Backbone(model).truncate("logits")(images)
    assert close(tf.nn.softmax(scores), model(images))
    assert not close(tf.reduce_sum(scores, axis=1), [1.0, 1.0])


def test_shapesnet_folds_at_every_mixed_layer():
    backbone, images = shapesnet(), pictures(2, 64)
    for layer in ("mixed0", "mixed2", "mixed4", "logits"):
        whole = keras.Model(backbone.model.input, backbone.model.get_layer(backbone.resolve(layer)).output)
        assert close(backbone.truncate(layer)(images), whole(images)), layer


def test_nothing_above_the_layer_is_left():
    names = [layer.name for layer in shapesnet().truncate("mixed1").layers]
    assert "mixed1" in names and not any(name.startswith(("mixed2", "logits")) for name in names)


def test_several_layers_come_as_a_list():
    low, high = shapesnet().truncate("mixed0", "mixed2")(pictures(1, 64))
    assert low.shape[-1] == shapesnet().layers["mixed0"] and high.shape[-1] == shapesnet().layers["mixed2"]


def test_redirected_relu_is_exact_forward_and_leaks_backward():
    backbone, images = shapesnet(), tf.constant(pictures(1, 64))
    plain, leaky = backbone.truncate("mixed1"), backbone.truncate("mixed1", relu="redirected")
    np.testing.assert_array_equal(plain(images), leaky(images))

    def slope(network):
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(network(images))
        return tape.gradient(total, images).numpy()

    assert not close(slope(leaky), slope(plain))


def test_a_network_of_one_size_takes_any_where_it_can():
    inputs = keras.Input((64, 64, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="maps")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    free = keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="classes")(pooled))
    flat = keras.Model(inputs, keras.layers.Dense(2, name="classes")(keras.layers.Flatten()(maps)))
    images = np.zeros((1, 40, 56, 3), np.float32)
    for layer in ("maps", "classes"):
        assert fv.Backbone(free).truncate(layer)(images).shape[0] == 1
    backbone = fv.Backbone(flat)
    assert backbone.truncate("maps")(images).shape == (1, 38, 54, 4)
    backbone.check_size((64, 64), "classes")
    with pytest.raises(ValueError, match="at least 64 pixels"):
        backbone.check_size((40, 40), "classes")


def test_a_network_that_takes_none_of_the_sizes_tried_is_refused():
    inputs = keras.Input((None, None, 3))
    wide = keras.layers.AveragePooling2D(1100, name="wide")(keras.layers.Conv2D(2, 1)(inputs))
    with pytest.raises(ValueError, match=r"takes none of the square images that were tried, of 32 to 1024 pixels"):
        fv.Backbone(keras.Model(inputs, wide)).truncate("wide")


def test_the_graph_is_walked_once_for_a_layer_and_a_size(monkeypatch):
    """Keras takes longer for the shapes of a deep network than the network for a small picture."""
    backbone, asked = shapesnet(), []
    monkeypatch.setattr("featviz_helpers.models.backbone.fits", lambda network, *size: asked.append(size) or True)
    for size in ((32, 32), (32, 32), (48, 32)):
        backbone.check_size(size, "auto")
        backbone.check_size(size, backbone.default_layer)
    assert asked == [(32, 32), (48, 32)]


def test_a_capped_relu_is_redirected_as_it_is():
    inputs = keras.Input((None, None, 3))
    capped = keras.layers.ReLU(max_value=0.5, negative_slope=0.1, name="capped")(keras.layers.Conv2D(4, 3)(inputs))
    backbone = fv.Backbone(keras.Model(inputs, capped))
    images = pictures(2, 16)
    plain, redirected = (backbone.truncate("capped", relu=relu)(images) for relu in ("plain", "redirected"))
    np.testing.assert_allclose(redirected, plain, atol=1e-6)
    assert plain.numpy().max() == 0.5


def test_the_forward_pass_is_compiled_once_for_images_of_every_number_and_size(caplog):
    traces = []

    def preprocess(images):
        traces.append(images.shape)  # Python runs while TensorFlow traces, and only then
        return 2.0 * images

    backbone = fv.Backbone(untidy_model(), preprocess=preprocess)
    for count, size in ((1, 33), (3, 40), (2, 64)):
        images = pictures(count, size)
        one, other = backbone.forward(images, "join", "pool")
        whole = keras.Model(backbone.model.input, [backbone.model.get_layer(name).output for name in ("join", "pool")])
        for answer, right in zip((one, other), whole(2.0 * images), strict=True):
            assert close(answer, right)
    assert len(traces) == 1
    layers = ("plain", "plain_bn", "plain_relu", "biased", "biased_bn", "biased_relu")
    for layer in layers:
        backbone.activations(images, layer)
    assert len(traces) == 1 + len(layers)
    assert not caplog.records, "TensorFlow warns of functions that are traced again and again"


def test_a_cut_needs_a_layer():
    with pytest.raises(ValueError, match="Name at least one layer of shapesnet"):
        shapesnet().truncate()


@pytest.mark.parametrize("method", [fv.Backbone.truncate, fv.Backbone.resolve])
def test_what_is_called_inside_a_graph_can_be_read_by_autograph(method):
    """It knows no `:=`, and would say so in red above every figure of a notebook that calls it in a tf.function."""
    assert tf.autograph.to_graph(method)
