"""The algebra of objectives is exact, and each objective reads the number it names."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import pictures, shapesnet

A = fv.channel("mixed1", [3, 4])
B = fv.neuron("mixed2", [5, 6], place=(0.25, 0.75))


def value_and_gradient(objective, images):
    """Objective values (N,) and gradients, read from the terms themselves, without the ascent."""
    backbone = shapesnet()
    objective = objective.resolve(backbone).broadcast(len(images))
    with tf.GradientTape() as tape:
        images = tf.constant(images)
        tape.watch(images)
        total = 0.0
        for term in objective.terms:
            units = {name: tf.constant(values) for name, values in term.units.items()}
            total += term.weight * term.value(backbone.truncate(term.layer)(images), units)
    return total.numpy(), tape.gradient(total, images).numpy()


COMBINATIONS = {
    "A - B": (A - B, 1, -1),
    "2 A + 3 B": (2 * A + 3 * B, 2, 3),
    "-(A + B)": (-(A + B), -1, -1),
    "-A + B * 0.5": (-A + B * 0.5, -1, 0.5),
    "A - (B - A)": (A - (B - A), 2, -1),
}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_gradient_of_a_combination_is_the_combination_of_gradients(name):
    objective, a, b = COMBINATIONS[name]
    images = pictures(2, 64)
    (value_a, slope_a), (value_b, slope_b) = value_and_gradient(A, images), value_and_gradient(B, images)
    value, slope = value_and_gradient(objective, images)
    np.testing.assert_allclose(value, a * value_a + b * value_b, rtol=1e-5, atol=1e-6)
    expected = a * slope_a + b * slope_b
    assert np.abs(slope - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.slow
@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_compiled_ascent_climbs_the_same_combination(name):
    """One plain step moves the image along the combined gradient, divided by its standard deviation."""
    objective, a, b = COMBINATIONS[name]
    images = 0.5 * pictures(2, 64)
    slope = a * value_and_gradient(A, images)[1] + b * value_and_gradient(B, images)[1]
    slope /= slope.std(axis=(1, 2, 3), keepdims=True)
    result = fv.maximize(shapesnet(), objective, start=images, steps=1, optimizer=fv.GradientAscent(0.01))
    moved = (result.images - images) / 0.01
    assert np.abs(moved - slope).max() < 1e-3 * np.abs(slope).max()


@given(st.floats(-8, 8, width=32), st.floats(-8, 8, width=32))
@settings(max_examples=25)
def test_weights_follow_the_laws_of_arithmetic(a, b):
    def weights(objective):
        return np.array([term.weight[0] for term in objective.terms], np.float64)

    np.testing.assert_allclose(weights(a * (A + B)), weights(a * A + a * B))
    np.testing.assert_allclose(weights((A * a) * b), weights(A) * np.float32(a) * np.float64(b), rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(weights(-(A - B)), weights(B - A)[::-1])


def test_each_objective_reads_what_it_names():
    backbone, images = shapesnet(), pictures(2, 64)
    maps = backbone.activations(images, "mixed2")
    scores = backbone.activations(images, "logits")
    vector = np.random.default_rng(1).normal(size=maps.shape[-1]).astype(np.float32)
    height, width = maps.shape[1:3]
    expected = [
        (fv.channel("mixed2", [7, 9]), [maps[0, :, :, 7].mean(), maps[1, :, :, 9].mean()]),
        (fv.neuron("mixed2", 7), maps[:, height // 2, width // 2, 7]),
        (fv.neuron("mixed2", 7, place=(1.0, 0.0)), maps[:, -1, 0, 7]),
        (fv.layer("mixed2"), 0.5 * (maps**2).sum(axis=(1, 2, 3))),
        (fv.layer("mixed2", "mean"), maps.mean(axis=(1, 2, 3))),
        (fv.class_score(4), scores[:, 4]),
        (fv.direction("mixed2", vector), maps.mean(axis=(1, 2)) @ vector),
    ]
    for objective, value in expected:
        np.testing.assert_allclose(value_and_gradient(objective, images)[0], value, rtol=2e-4, atol=1e-5)


def test_the_gradient_of_the_layer_objective_is_the_activation():
    """DeepDream (2015) sets the layer's gradient to its activation: that is ascent on half the sum of squares."""
    network, images = shapesnet().truncate("mixed2"), tf.constant(pictures(1, 64))
    with tf.GradientTape() as tape:
        tape.watch(images)
        maps = network(images)
    by_hand = tape.gradient(maps, images, output_gradients=maps).numpy()
    slope = value_and_gradient(fv.layer("mixed2"), images.numpy())[1]
    assert np.abs(slope - by_hand).max() <= 1e-5 * np.abs(by_hand).max()


def test_keys_follow_the_unit_not_the_batch():
    alone = fv.channel("mixed2", 62).keys()[0]
    assert fv.channel("mixed2", [3, 62]).broadcast(2).keys()[1] == alone
    assert fv.channel("mixed2", [3, 62]).broadcast(2).keys()[0] != alone


def test_names_read_like_formulas():
    assert (2 * A - B).broadcast(2).names()[1] == "2 mixed1:4 - neuron mixed2:6"
    assert fv.layer("mixed1").names() == ["sum of squares mixed1"]
    assert (-fv.class_score(3)).names() == ["-class logits:3"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: A * B, "cannot be multiplied"),
        (lambda: A * float("nan"), "finite number"),
        (lambda: fv.channel("mixed2", 1.5), "whole number"),
        (lambda: fv.channel("mixed2", []), "whole number"),
        (lambda: fv.neuron("mixed2", 1, place=(2, 0)), "between 0 and 1"),
        (lambda: fv.layer("mixed2", "sum"), "one of 'squares', 'mean'"),
        (lambda: fv.direction("mixed2", np.full(4, np.inf)), "vector of finite numbers"),
        (lambda: fv.maximize(shapesnet(), fv.direction("mixed2", np.ones(3))), "needs 120 numbers; got 3"),
    ],
)
def test_mistakes_are_explained(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_keys_and_names_of_a_list_beside_a_single_unit():
    objective = 2 * A + fv.channel("mixed0", 1)
    assert objective.names() == ["2 mixed1:3 + mixed0:1", "2 mixed1:4 + mixed0:1"]
    assert objective.keys() == objective.broadcast(2).keys()


def test_lists_of_different_lengths_are_named():
    with pytest.raises(ValueError, match="lists of 2 entries does not fit 3 images"):
        (A + fv.channel("mixed1", [1, 2, 3])).names()
    with pytest.raises(ValueError, match="lists of 2 entries does not fit 3 images"):
        fv.score(shapesnet(), A + fv.channel("mixed1", [1, 2, 3]), pictures(3, 48))


def test_a_direction_that_is_infinite_in_float32_is_refused():
    with pytest.raises(ValueError, match="vector of finite numbers"):
        fv.direction("mixed2", np.full(120, 1e300))
