"""Scores of finished pictures against what the ascent itself reports."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
from support.networks import pictures, shapesnet

LAYER = "mixed1"


def test_the_score_is_the_activation_that_the_ascent_reports():
    objective = 2.0 * fv.channel(LAYER, [3, 5, 8]) - fv.layer("mixed0", "mean")
    result = fv.maximize(shapesnet(), objective, size=48, steps=5)
    np.testing.assert_allclose(fv.score(shapesnet(), objective, result.images, batch=2), result.activations, rtol=1e-4)


def test_one_unit_fits_any_number_of_images():
    images = pictures(4, 48)
    expected = shapesnet().activations(images, LAYER)[..., 7].mean(axis=(1, 2))
    np.testing.assert_allclose(fv.score(shapesnet(), fv.channel(LAYER, 7), images), expected, rtol=1e-5)


@pytest.mark.slow
def test_robustness_is_the_share_that_a_change_leaves():
    images, objective = pictures(3, 48), fv.channel(LAYER, [3, 5, 8])
    np.testing.assert_allclose(fv.robustness(shapesnet(), objective, images, fv.Jitter(0)), 1.0, rtol=1e-5)
    turn = fv.Rotate(90, low=90)
    expected = fv.score(shapesnet(), objective, np.rot90(images, axes=(1, 2))) / fv.score(
        shapesnet(), objective, images
    )
    np.testing.assert_allclose(fv.robustness(shapesnet(), objective, images, turn), expected, rtol=1e-3)
    # Noise of single pixels does not survive interpolation; a picture made under the change does.
    options = {"size": 64, "steps": 40}
    plain = fv.maximize(shapesnet(), objective, **options)
    robust = fv.maximize(shapesnet(), objective, transforms=[fv.Rotate(30)], **options)
    left = [fv.robustness(shapesnet(), objective, r.images, fv.Rotate(30)).mean() for r in (plain, robust)]
    assert left[1] > left[0] + 0.05


def test_units_and_images_must_fit():
    with pytest.raises(ValueError, match="2 units and 3 images"):
        fv.score(shapesnet(), fv.channel(LAYER, [1, 2]), pictures(3, 48))


BAD = {
    "uint8": np.zeros((1, 64, 64, 3), np.uint8),
    "0 to 255": np.full((1, 64, 64, 3), 200.0, np.float32),
    "one image without a batch": np.zeros((64, 64, 3), np.float32),
    "one colour": np.zeros((1, 64, 64, 1), np.float32),
    "none": np.zeros((0, 64, 64, 3), np.float32),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_batch_of_images_gets_no_answer(name):
    """A picture without a batch ended the whole process."""
    backbone = shapesnet()
    unit, image = fv.channel("mixed2", 3), BAD[name]
    for ask in (
        lambda: backbone.activations(image, "mixed2"),
        lambda: backbone.dead_channels(image, "mixed2"),
        lambda: fv.score(backbone, unit, image),
    ):
        with pytest.raises(ValueError, match=r"(batch of images|must lie in|must be floats in) "):
            ask()


def test_a_dead_start_has_no_score_and_no_robustness():
    """A ReLU swallows NaN."""
    images = np.stack([np.full((64, 64, 3), np.nan, np.float32), fv.photograph("china", 64)])
    for values in (
        fv.score(shapesnet(), fv.channel("mixed2", 3), images),
        fv.robustness(shapesnet(), fv.channel("mixed2", 3), images, fv.Jitter(4), draws=2),
    ):
        assert np.isnan(values[0]) and np.isfinite(values[1])
    with pytest.raises(ValueError, match="images must lie"):
        shapesnet().activations(images, "mixed2")
    with pytest.raises(ValueError, match="draws must be a whole number"):
        fv.robustness(shapesnet(), fv.channel("mixed2", 3), images, fv.Jitter(4), draws=0)


def test_robustness_is_a_mean_over_draws():
    class Fade(fv.Jitter):
        def __call__(self, images, seed, step):
            return images * np.float32([1.0, 0.5, 0.0][step])

    backbone, unit, images = shapesnet(), fv.channel("mixed0", 3), fv.photograph("china", 64)[None]
    plain = fv.score(backbone, unit, images)
    shares = [fv.score(backbone, unit, images * np.float32(factor)) / plain for factor in (1.0, 0.5, 0.0)]
    np.testing.assert_allclose(
        fv.robustness(backbone, unit, images, Fade(4), draws=3), np.mean(shares, axis=0), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("backbone", "objective", "name"), [(None, fv.channel(LAYER, 7), "backbone"), ("shapesnet", 7, "objective")]
)
def test_what_is_no_network_or_objective_is_named(backbone, objective, name):
    backbone = backbone and shapesnet()
    with pytest.raises((TypeError, ValueError), match=name):
        fv.score(backbone, objective, pictures(1, 48))


def test_an_image_too_small_for_the_layer_is_refused():
    inputs = keras.Input((None, None, 3))
    backbone = fv.Backbone(keras.Model(inputs, keras.layers.Conv2D(2, 20, name="wide")(inputs)))
    with pytest.raises(ValueError, match="17 x 17 pixels are too small for 'wide'"):
        fv.score(backbone, fv.channel("wide", 0), pictures(1, 17))
