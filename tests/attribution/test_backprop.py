"""Guided backpropagation and the deconvnet, of classes and of units, by hand; the network stays as it was."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.attribution.backprop import deconvnet, guided_backprop, peak_neuron
from featviz_helpers.attribution.gradients import gradient
from support.attribution_networks import pooled
from support.networks import pictures, shapesnet


@pytest.mark.parametrize("cap", [None, 0.5])
def test_both_rules_by_hand(cap):
    backbone, first, last = pooled(cap)
    images = pictures(2, 8)
    sums = images @ first
    active = (sums > 0) & (sums < (cap or np.inf))
    assert (sums > 0.5).mean() > 0.1
    arrives = np.maximum(last[:, 1], 0.0) / 64
    guided = guided_backprop(backbone, fv.class_score(1), images)
    np.testing.assert_allclose(guided, (active * arrives) @ first.T, rtol=1e-4, atol=1e-7)
    deconv = deconvnet(backbone, fv.class_score(1), images)
    np.testing.assert_allclose(deconv, np.broadcast_to(arrives @ first.T, images.shape), rtol=1e-4, atol=1e-7)


def test_a_unit_below_the_top_is_seen_in_its_own_field_alone():
    images = pictures(2, 96)
    field = fv.receptive_field(shapesnet(), "mixed0", 96)
    row, column = (count // 2 for count in field.units)
    top, left, bottom, right = field.box(row, column)
    awake = int(shapesnet().activations(images, "mixed0")[:, row, column].min(axis=0).argmax())
    for method in (guided_backprop, deconvnet):
        maps = np.abs(method(shapesnet(), fv.neuron("mixed0", awake), images)).sum(axis=-1)
        inside = maps[:, top:bottom, left:right].sum(axis=(1, 2))
        np.testing.assert_allclose(inside, maps.sum(axis=(1, 2)), rtol=1e-5)
        assert inside.min() > 0
    assert bottom - top < 48


def test_the_peak_is_the_strongest_place_of_each_image():
    images = pictures(4, 64)
    objective = peak_neuron(shapesnet(), "mixed2", 5, images)
    strongest = shapesnet().activations(images, "mixed2")[..., 5].max(axis=(1, 2))
    np.testing.assert_allclose(fv.score(shapesnet(), objective, images), strongest, rtol=1e-5)
    assert deconvnet(shapesnet(), objective, images).shape == images.shape


@pytest.mark.slow
def test_the_network_is_left_as_it_was():
    backbone, images = fv.load_model("shapesnet"), pictures(2, 48)
    weights = [array.copy() for array in backbone.model.get_weights()]
    score, slope = backbone.model(images).numpy(), gradient(backbone, fv.class_score(3), images)
    for method in (guided_backprop, deconvnet, fv.attribution.grad_cam):
        method(backbone, fv.class_score(3), images)
    for before, after in zip(weights, backbone.model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(backbone.model(images).numpy(), score)
    np.testing.assert_array_equal(gradient(backbone, fv.class_score(3), images), slope)


@pytest.mark.parametrize(
    ("layer", "channel", "words"),
    [("logits", 1, "has no map"), ("mixed2", 120, "channels 0 to 119"), ("mixed2", 1.5, "channel must be a whole")],
)
def test_mistakes_are_explained_in_a_sentence(layer, channel, words):
    with pytest.raises(ValueError, match=words):
        peak_neuron(shapesnet(), layer, channel, pictures(1, 48))
