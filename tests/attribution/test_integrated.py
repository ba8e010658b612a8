"""Integrated gradients: what adds up exactly, and the error that is reported where it does not."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.attribution.baselines import baseline_images
from featviz_helpers.attribution.integrated import integrated_gradients
from featviz_helpers.attribution.probe import Probe
from support.attribution_networks import identity, linear
from support.networks import pictures, shapesnet

CLASSES = fv.class_score([4, 9, 21])


@pytest.mark.parametrize("baseline", ["grey", "black", "blur", "noise", np.float32([0.1, -0.5, 1.0])])
def test_a_linear_network_is_exact_in_one_step(baseline):
    backbone, weights = linear()
    images = pictures(3, 8)
    found = integrated_gradients(backbone, fv.class_score(1), images, baseline, steps=1)
    way = images - baseline_images(images, baseline)
    np.testing.assert_allclose(found.maps, (way * weights[..., 1]).sum(axis=-1), rtol=1e-4, atol=1e-5)
    assert found.error.max() < 1e-4
    assert found.steps.tolist() == [1, 1, 1]


def test_squares_are_exact_too_and_a_pixel_on_the_baseline_has_nothing():
    images = pictures(2, 16)
    images[:, :5] = -1.0
    found = integrated_gradients(identity(), fv.layer("copy"), images, "black", steps=1)
    np.testing.assert_allclose(found.maps, 0.5 * (images**2 - 1).sum(axis=-1), atol=1e-6)
    assert not found.maps[:, :5].any()


def test_the_map_adds_up_to_the_difference_of_the_scores():
    images = pictures(3, 48)
    found = integrated_gradients(shapesnet(), CLASSES, images, steps=2)
    scores = [fv.score(shapesnet(), CLASSES, batch) for batch in (images, np.zeros_like(images))]
    np.testing.assert_allclose(found.difference, scores[0] - scores[1], rtol=1e-4, atol=1e-4)
    error = np.abs(found.maps.sum(axis=(1, 2)) - found.difference) / np.abs(found.difference)
    np.testing.assert_allclose(found.error, error, atol=1e-4)
    assert found.error.max() <= 0.05


def test_doubling_uses_what_is_there_and_stops_image_by_image():
    images = pictures(3, 48)
    images[1] *= 1e-3  # next to the baseline, one step is enough
    doubled = integrated_gradients(shapesnet(), CLASSES, images, steps=1, tolerance=0.0, most_steps=16)
    direct = integrated_gradients(shapesnet(), CLASSES, images, steps=16, tolerance=1e9)
    assert doubled.steps.max() == 16
    np.testing.assert_allclose(doubled.maps, direct.maps, atol=1e-4 * np.abs(direct.maps).max())
    early = integrated_gradients(shapesnet(), CLASSES, images, steps=1, tolerance=0.02)
    assert early.steps[1] < early.steps.max()
    assert early.error.max() <= 0.02


def test_a_bound_that_is_reached_leaves_its_error_on_the_map():
    found = integrated_gradients(shapesnet(), CLASSES, pictures(3, 48), steps=1, tolerance=1e-6, most_steps=3)
    assert found.steps.tolist() == [2, 2, 2]
    assert found.error.max() > 1e-6


def test_noise_is_keyed_by_the_image_and_the_seed():
    images = pictures(3, 16)
    together = baseline_images(images, "noise", seed=3)
    np.testing.assert_array_equal(baseline_images(images[2:], "noise", seed=3), together[2:])
    assert np.abs(baseline_images(images, "noise", seed=4) - together).mean() > 0.3
    assert np.abs(together[0] - together[1]).mean() > 0.3


def test_a_blur_keeps_the_mean_and_loses_the_grain():
    images = pictures(1, 64)
    blurred = baseline_images(images, "blur")
    assert blurred.mean() == pytest.approx(images.mean(), abs=0.02)
    assert blurred.std() < 0.15 * images.std()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"baseline": "gray"}, "no baseline 'gray': did you mean grey.*blur, noise, or an array"),
        ({"baseline": np.zeros((5, 5, 3))}, r"shape \(5, 5, 3\) does not fit images of shape \(3, 48, 48, 3\)"),
        ({"baseline": np.full(3, 2.0)}, r"A baseline must be one of .* in \[-1, 1\]; got \[2.0"),
        ({"baseline": ["grey"]}, r"A baseline must be one of grey, .*; got \['grey'\]"),
        ({"baseline": [[0.0], [0.0, 1.0]]}, "A baseline must be one of grey"),
        ({"baseline": None}, "A baseline must be one of grey, black, blur, noise, or an array of numbers.*; got None"),
        ({"seed": "a"}, "seed must be a whole number"),
        ({"steps": 0}, "steps must be a whole number, 1 or more; got 0"),
        ({"most_steps": 8}, "most_steps must be a whole number, 32 or more; got 8"),
        ({"tolerance": -1}, "tolerance must be a number"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        integrated_gradients(shapesnet(), CLASSES, pictures(3, 48), **options)


def test_many_steps_need_no_bound(monkeypatch):
    seen = []

    def mean_slope(self, variants, make, rows=None):
        seen.append(variants)
        return np.zeros((len(self.images), variants), np.float32), np.zeros_like(self.images)

    monkeypatch.setattr(Probe, "mean_slope", mean_slope)
    found = integrated_gradients(shapesnet(), CLASSES, pictures(3, 48), steps=2000)
    assert found.steps.tolist() == [2000] * 3 and seen == [2, 1999]
