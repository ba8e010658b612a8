"""Class activation maps against the formula, on networks where it can be written down."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.attribution.backprop import guided_backprop
from featviz_helpers.attribution.cams import grad_cam, guided_grad_cam, score_cam
from support.attribution_networks import pooled
from support.networks import pictures, shapesnet

CLASSES = [4, 9]


def cam(backbone, images, classes, layer, dense):
    """Zhou et al. (2016): the map's channels weighted by the class's weights behind the average."""
    maps = backbone.activations(images, layer)
    weights = backbone.model.get_layer(dense).kernel.numpy()[:, classes].T
    return np.einsum("nhwc,nc->nhw", maps, weights) / np.prod(maps.shape[1:3])


def test_before_an_average_and_a_linear_layer_it_is_cam():
    images = pictures(2, 64)
    expected = cam(shapesnet(), images, CLASSES, "mixed4", "logits")
    raw = grad_cam(shapesnet(), fv.class_score(CLASSES), images, relu=False, enlarge=False)
    assert np.abs(raw - expected).max() < 1e-5 * np.abs(expected).max()
    assert raw.min() < 0
    positive = grad_cam(shapesnet(), fv.class_score(CLASSES), images, enlarge=False)
    np.testing.assert_array_equal(positive, np.maximum(raw, 0))
    large = grad_cam(shapesnet(), fv.class_score(CLASSES), images, batch=1)
    np.testing.assert_allclose(large, tf.image.resize(positive[..., None], (64, 64))[..., 0], atol=1e-6)


@pytest.mark.slow
@pytest.mark.real
def test_on_a_real_network_too():
    lite0, images = fv.load_model("lite0"), np.stack([fv.photograph(name, 224) for name in ("china", "flower")])
    expected = cam(lite0, images, [9, 985], "top_activation", "predictions")
    raw = grad_cam(lite0, fv.class_score([9, 985]), images, relu=False, enlarge=False)
    assert np.abs(raw - expected).max() < 1e-5 * np.abs(expected).max()


def test_any_layer_below_and_any_objective_above():
    images = pictures(2, 64)
    maps = grad_cam(shapesnet(), fv.channel("mixed3", 7), images, layer="mixed1", relu=False, enlarge=False)
    network = shapesnet().truncate("mixed1", "mixed3")
    inputs = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        low, high = network(inputs)
        value = tf.reduce_mean(high[..., 7], axis=(1, 2))
    weights = tf.reduce_mean(tape.gradient(value, low), axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(maps, tf.reduce_sum(weights * low, axis=-1), atol=1e-6 * np.abs(maps).max())


@pytest.mark.slow
def test_guided_grad_cam_is_the_product():
    images, objective = pictures(2, 64), fv.class_score(CLASSES)
    both = guided_grad_cam(shapesnet(), objective, images, "mixed3")
    parts = guided_backprop(shapesnet(), objective, images), grad_cam(shapesnet(), objective, images, "mixed3")
    np.testing.assert_allclose(both, parts[0] * parts[1][..., None], rtol=1e-6)


def test_score_cam_by_hand():
    backbone, first, last = pooled()
    images = pictures(2, 8)
    maps = np.maximum(images @ first, 0)
    masks = (maps - maps.min(axis=(1, 2), keepdims=True)) / np.ptp(maps, axis=(1, 2), keepdims=True)
    scores = np.stack(
        [np.maximum((images * masks[..., k, None]) @ first, 0).mean(axis=(1, 2)) @ last[:, 1] for k in range(6)], axis=1
    )
    found = score_cam(backbone, fv.class_score(1), images, "hidden", channels=None, batch=5)
    expected = np.maximum(np.einsum("nhwc,nc->nhw", maps, scores), 0)  # without biases, grey has a score of 0
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())
    assert expected.max() > 0
    few = score_cam(backbone, fv.class_score(1), images, "hidden", channels=1)
    loudest, each = maps.var(axis=(1, 2)).argmax(axis=-1), np.arange(2)
    alone = np.maximum(maps[each, ..., loudest] * scores[each, loudest][:, None, None], 0)
    np.testing.assert_allclose(few, alone, atol=1e-6)


@pytest.mark.parametrize(
    ("objective", "layer", "words"),
    [
        (fv.class_score(1), "avg_pool", "'avg_pool' of shapesnet has no map; the highest layer below.*'mixed4'"),
        (fv.channel("mixed1", 1), "mixed3", "does not read 'mixed3' of shapesnet: choose a layer below it"),
        (fv.channel("mixed1", 1), None, "An objective in 'mixed1' needs layer="),
        (fv.class_score(1), "mixed7", "no layer 'mixed7'"),
    ],
)
@pytest.mark.parametrize("method", [grad_cam, score_cam])
def test_mistakes_are_explained_in_a_sentence(method, objective, layer, words):
    with pytest.raises(ValueError, match=words):
        method(shapesnet(), objective, pictures(1, 48), layer)


def kept(size=4, depth=1):
    """A network whose average keeps its dimensions: a map of one place just below the scores."""
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(5, 3, activation="relu", name="wide")(inputs) if depth else inputs
    x = keras.layers.GlobalAveragePooling2D(keepdims=True, name="one_place")(x)
    model = keras.Model(inputs, keras.layers.Dense(size)(keras.layers.Flatten()(x)), name="kept")
    return fv.Backbone(model)


def test_the_default_layer_has_more_than_one_place():
    images, backbone = pictures(2, 16), kept()
    found = grad_cam(backbone, fv.class_score(1), images, relu=False)
    np.testing.assert_array_equal(found, grad_cam(backbone, fv.class_score(1), images, "wide", relu=False))
    assert np.ptp(found, axis=(1, 2)).min() > 0
    with pytest.raises(ValueError, match="needs a layer of more than one place; kept has none"):
        grad_cam(kept(depth=0), fv.class_score(1), images)


def test_score_cam_on_noise_has_a_seed():
    images, ask = pictures(1, 48), (shapesnet(), fv.class_score(1))
    one, other, same = (score_cam(*ask, images, channels=3, baseline="noise", seed=seed) for seed in (1, 2, 1))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0
