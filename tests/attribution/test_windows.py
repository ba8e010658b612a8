"""Occlusion on networks where what is lost can be written down."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.attribution.windows import Windows, occlusion
from support.attribution_networks import linear
from support.networks import pictures, shapesnet


@pytest.mark.parametrize("batch", [None, 7])
@pytest.mark.parametrize(("window", "stride", "places"), [(2, 2, [0, 2, 4, 6]), (3, 2, [0, 2, 4, 5]), (8, 1, [0])])
def test_a_linear_network_loses_what_stood_under_the_window(window, stride, places, batch):
    backbone, weights = linear()
    images = pictures(3, 8)
    share = (images * weights[..., 1]).sum(axis=-1)
    expected = [
        [[one[top : top + window, left : left + window].sum() for left in places] for top in places] for one in share
    ]
    found = occlusion(backbone, fv.class_score(1), images, window, stride, enlarge=False, batch=batch)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_pixel_has_the_mean_of_its_windows():
    windows = Windows.over((5, 5), 3, 2)
    spread = windows.spread(np.array([[[1.0, 3.0], [5.0, 7.0]]]))[0]
    assert spread[0].tolist() == [1, 1, 2, 3, 3]
    assert spread[2].tolist() == [3, 3, 4, 5, 5]
    assert np.ptp(occlusion(shapesnet(), fv.class_score(1), pictures(1, 48), window=48)) == 0


def test_a_window_of_the_images_own_colour_changes_nothing():
    images = np.full((1, 48, 48, 3), 0.25, np.float32)
    assert not occlusion(shapesnet(), fv.class_score(1), images, 8, 8, baseline=np.full(3, 0.25)).any()
    assert occlusion(shapesnet(), fv.class_score(1), images, 8, 8).any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": 49}, "window must be a whole number from 1 to 48; got 49.*images of 48 x 48"),
        ({"window": 0}, "window must be a whole number from 1 to 48"),
        ({"window": 8, "stride": 0}, "stride must be a whole number from 1 to 8; got 0"),
        ({"window": 8, "stride": 9}, "leaves pixels uncovered"),
        ({"baseline": "white"}, "no baseline 'white'"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        occlusion(shapesnet(), fv.class_score(1), pictures(1, 48), **options)
