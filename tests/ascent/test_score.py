"""Scores of finished pictures against what the ascent itself reports."""

import featviz_helpers as fv
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
