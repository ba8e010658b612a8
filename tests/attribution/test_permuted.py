"""Permuted networks: every histogram stays, the original too, and what batch norm knows is as it says."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
from featviz_helpers.attribution.permuted import cascade, randomised, weighted_layers
from featviz_helpers.attribution.ranks import rank_correlation
from scipy.stats import spearmanr
from support.networks import pictures, shapesnet


def changed(backbone):
    """The layers whose weights differ from ShapesNet's."""
    pairs = zip(shapesnet().model.layers, backbone.model.layers, strict=True)
    return {
        a.name for a, b in pairs
        if any(not np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))
    }  # fmt: skip


def test_permuting_keeps_every_histogram_and_the_original():
    before = [array.copy() for array in shapesnet().model.get_weights()]
    other = randomised(shapesnet())
    for original, kept, permuted in zip(
        before, shapesnet().model.get_weights(), other.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(original, kept)
        np.testing.assert_array_equal(np.sort(original.ravel()), np.sort(permuted.ravel()))
    assert changed(other) == set(weighted_layers(shapesnet()))


@pytest.mark.slow
def test_only_what_is_named_is_permuted_and_a_layer_always_alike():
    top = randomised(shapesnet(), ["logits"], seed=2)
    assert changed(top) == {"logits"}
    np.testing.assert_array_equal(
        top.model.get_layer("logits").get_weights()[0],
        randomised(shapesnet(), seed=2).model.get_layer("logits").get_weights()[0],
    )
    images = pictures(2, 48)
    np.testing.assert_array_equal(top.activations(images, "mixed4"), shapesnet().activations(images, "mixed4"))
    assert np.abs(top.activations(images, "logits") - shapesnet().activations(images, "logits")).max() > 0.1


@pytest.mark.slow
def test_statistics_are_kept_or_measured_anew():
    norms = [layer.name for layer in shapesnet().model.layers if layer.name.endswith("_bn")]
    images = pictures(8, 48)
    kept, anew = randomised(shapesnet()), randomised(shapesnet(), images=images)
    for name in norms:
        own, same, other = (b.model.get_layer(name) for b in (shapesnet(), kept, anew))
        np.testing.assert_array_equal(own.moving_variance, same.moving_variance)
        assert other.momentum == own.momentum
    for name in ("stem1_bn", "mixed2_b0_bn", "mixed4_b2_bn"):  # what leaves a batch norm has its offset as its mean
        leaving = anew.activations(images, name)
        np.testing.assert_allclose(leaving.mean(axis=(0, 1, 2)), anew.model.get_layer(name).beta, atol=2e-3)
        assert np.abs(leaving.std(axis=(0, 1, 2)) - 1).max() < 0.06


@pytest.mark.slow
def test_a_cascade_goes_down_from_the_class_scores():
    names, networks = zip(*cascade(shapesnet(), count=3), strict=True)
    layers = weighted_layers(shapesnet())
    assert (names[0], names[-1]) == ("logits", layers[0])
    assert [len(changed(network)) for network in networks] == [1, round((1 + len(layers)) / 2), len(layers)]
    assert changed(networks[1]) == set(layers[layers.index(names[1]) :])


def test_only_batch_norm_runs_as_in_training():
    """Dropout would draw another mask each time, and the statistics above it with it."""
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, name="first")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(keras.layers.Dropout(0.5)(x))
    x = keras.layers.BatchNormalization(name="above")(keras.layers.Conv2D(4, 3)(x))
    backbone = fv.Backbone(keras.Model(inputs, x, name="dropped"))
    images = pictures(4, 16)
    one, two = (randomised(backbone, seed=1, images=images).model for _ in range(2))
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    sums = one.get_layer("first")(images).numpy()
    np.testing.assert_allclose(one.get_layer("norm").moving_mean, sums.mean(axis=(0, 1, 2)), rtol=1e-4, atol=1e-6)
    assert np.abs(one.get_layer("above").moving_variance.numpy() - 1).max() > 1e-3


def test_a_frozen_network_is_measured_too():
    inputs = keras.Input((None, None, 3))
    x = keras.layers.BatchNormalization(name="norm")(keras.layers.Conv2D(4, 3, name="first")(inputs))
    model, images = keras.Model(inputs, x, name="frozen"), pictures(4, 16)
    model.trainable = False
    other = randomised(fv.Backbone(model), seed=1, images=images).model
    sums = other.get_layer("first")(images).numpy()
    np.testing.assert_allclose(other.get_layer("norm").moving_mean, sums.mean(axis=(0, 1, 2)), rtol=1e-4, atol=1e-6)
    assert not other.get_layer("norm").trainable


def test_a_layer_without_weights_is_refused():
    with pytest.raises(ValueError, match="'mixed4' of shapesnet has no weights"):
        randomised(shapesnet(), ["mixed4"])


def test_rank_correlation_is_spearmans():
    first, second = np.random.default_rng(0).normal(size=(2, 3, 6, 6)).round(1)  # with ties
    second[1], second[2] = np.exp(first[1]), -first[2]
    found = rank_correlation(first, second)
    np.testing.assert_allclose(found, [spearmanr(a.ravel(), b.ravel())[0] for a, b in zip(first, second, strict=True)])
    assert found[1:].tolist() == pytest.approx([1.0, -1.0])
    assert rank_correlation(first, second, absolute=True)[2] == pytest.approx(1.0)
    assert np.isnan(rank_correlation(np.ones((1, 4, 4)), np.ones((1, 4, 4)))).all()
    with pytest.raises(ValueError, match="must have one shape"):
        rank_correlation(first, second[:2])


@pytest.mark.slow
def test_guided_backprop_does_not_know_the_class_and_grad_cam_does():
    shapes = fv.shapes.draw(8, seed=5)
    objectives = [fv.class_score(((shapes.labels + shift) % 32).tolist()) for shift in (0, 7)]

    def agreement(method):
        return rank_correlation(*(method(shapesnet(), objective, shapes.images) for objective in objectives)).mean()

    magnitude = fv.attribution.magnitude
    assert agreement(lambda *given: magnitude(fv.attribution.guided_backprop(*given))) > 0.9
    assert agreement(lambda *given: fv.attribution.grad_cam(*given, relu=False)) < 0.4
