"""Quilting: every pixel is the source's, the seam is the cheapest of all, and a pattern that fits goes on."""

from itertools import product

import numpy as np
import pytest
from featviz_helpers.synthesis import efros_leung, quilt, seam
from support.networks import pictures
from test_texture import checkerboard


def test_a_seam_is_the_cheapest_of_all_that_there_are():
    for seed in range(5):
        costs = np.random.default_rng(seed).random((5, 4))
        ways = [way for way in product(range(4), repeat=5) if np.abs(np.diff(way)).max() <= 1]
        cheapest = min(costs[range(5), way].sum() for way in ways)
        found = seam(costs)
        assert np.abs(np.diff(found)).max() <= 1
        assert costs[range(5), found].sum() == pytest.approx(cheapest)
    np.testing.assert_array_equal(seam(np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])), [1, 1, 0, 0])


@pytest.mark.parametrize("size", [30, (24, 41)])
def test_every_pixel_is_a_pixel_of_the_source(size):
    source = pictures(1, 26)[0].astype(np.float32)
    made = quilt(source, size, block=9)
    height, width = (size, size) if isinstance(size, int) else size
    assert made.image.shape == (height, width, 3)
    rows, columns = np.moveaxis(made.origins, -1, 0)
    np.testing.assert_array_equal(made.image, source[rows, columns])


@pytest.mark.parametrize("size", [4, (4, 40), (40, 4)])
def test_a_result_no_larger_than_the_overlap_is_sewn_too(size):
    assert quilt(pictures(1, 26)[0], size, block=24).origins.min() >= 0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_checkerboard_goes_on(seed):
    image = quilt(checkerboard(16).astype(np.float32), 26, block=8, overlap=2, seed=seed).image
    larger = checkerboard(30)
    assert any(np.array_equal(image, larger[i : i + 26, j : j + 26]) for i in range(4) for j in range(4))


def test_it_copies_more_than_pixels_do_and_the_seed_decides():
    source = pictures(1, 32)[0].astype(np.float32)
    made = quilt(source, 48, block=12)
    assert made.copied > 0.8
    np.testing.assert_array_equal(made.image, quilt(source, 48, block=12).image)
    assert not np.array_equal(made.image, quilt(source, 48, block=12, seed=1).image)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"block": 21}, "block must be at most the smaller side of the source, 20 pixels; got 21"),
        ({"block": 3}, "block"),
        ({"overlap": 5}, "overlap must be a whole number from 1 to 4; got 5"),
        ({"overlap": 0}, "overlap"),
        ({"size": 5000}, "size"),
        ({"tolerance": -1}, "tolerance"),
        ({"source": np.zeros((20, 20))}, "source must be one picture"),
        ({"source": np.full((20, 20, 3), 7.0)}, r"\[-1, 1\]"),
        ({"source": np.zeros((1100, 1100, 3)), "block": 40}, "The number of squares in the source must be from 1 to"),
    ],
)
def test_what_cannot_be_sewn_is_refused(change, says):
    with pytest.raises(ValueError, match=says):
        quilt(**({"source": np.zeros((20, 20, 3)), "size": 24, "block": 8} | change))


@pytest.mark.parametrize("make", [quilt, efros_leung])
@pytest.mark.parametrize("size", [(24, 24, 24), ()])
def test_a_size_of_other_than_two_sides_is_refused(make, size):
    with pytest.raises(ValueError, match="An image size"):
        make(pictures(1, 26)[0], size)
