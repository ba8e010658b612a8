"""Texture grown pixel by pixel: what must hold whatever the picture, and two textures whose answer is known."""

import numpy as np
import pytest
from featviz_helpers.synthesis import efros_leung, nearest_patches
from featviz_helpers.synthesis.texture import _Growth
from skimage import data
from skimage.transform import resize
from support.networks import pictures


def grow(source, **options):
    return efros_leung(source.astype(np.float32), progress=False, **options)


def checkerboard(side, square=2):
    rows, columns = np.indices((side, side)) // square
    return np.repeat((1.0 - 2.0 * ((rows + columns) % 2))[..., None], 3, axis=2)


def test_every_pixel_is_a_pixel_of_the_source():
    source = pictures(1, 20)[0]
    texture = grow(source, size=(24, 30), window=5)
    assert texture.image.shape == (24, 30, 3) and texture.origins.shape == (24, 30, 2)
    rows, columns = np.moveaxis(texture.origins, -1, 0)
    np.testing.assert_array_equal(texture.image, source[rows, columns].astype(np.float32))


def test_one_colour_gives_one_colour():
    texture = grow(np.full((12, 12, 3), 0.3), size=20, window=5)
    np.testing.assert_allclose(texture.image, 0.3, rtol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_checkerboard_goes_on(seed):
    image = grow(checkerboard(16), size=26, window=7, seed=seed).image
    larger = checkerboard(30)
    assert any(np.array_equal(image, larger[i : i + 26, j : j + 26]) for i in range(4) for j in range(4)), (
        "some part of the endless board"
    )


def test_each_pixel_comes_from_a_window_almost_as_close_as_the_closest():
    """Measured window by window, without the products of matrices."""
    source, window, tolerance = pictures(1, 14)[0].astype(float), 5, 0.1
    growth = _Growth(source, 16, 16, window, tolerance, 0)
    half, ramp = window // 2, np.arange(window) - window // 2
    near = np.exp(-0.5 * (np.hypot(*np.meshgrid(ramp, ramp)) / (window / 6.4)) ** 2)
    tried = 0
    while len(places := growth.next()):
        image, known = growth.image.copy(), growth.known.copy()
        growth.fill(places)
        for row, column in places[:3]:
            frame = np.s_[row - half : row + half + 1, column - half : column + half + 1]
            distances = {}
            for i, j in np.ndindex(14 - window + 1, 14 - window + 1):
                difference = (source[i : i + window, j : j + window] - image[frame]) ** 2
                distances[i + half, j + half] = (difference.sum(axis=-1) * near * known[frame]).sum()
            taken = distances[tuple(growth.origins[row, column])]
            assert taken <= (1 + tolerance) * min(distances.values()) + 1e-6
            tried += 1
    assert tried > 20


def test_a_larger_window_copies_more_and_the_same_seed_gives_the_same_picture():
    gravel = resize(data.gravel(), (96, 96), anti_aliasing=True)[:40, :40]
    source = np.repeat(2.0 * gravel[..., None] - 1.0, 3, axis=2)
    copied = [grow(source, size=40, window=window).copied for window in (5, 11, 21)]
    assert copied[0] + 0.05 < copied[1] < copied[2] - 0.02
    np.testing.assert_array_equal(grow(source, size=16, window=5).image, grow(source, size=16, window=5).image)
    assert not np.array_equal(grow(source, size=16, window=5).image, grow(source, size=16, window=5, seed=1).image)


def test_the_nearest_patch_is_found():
    """Against a loop over all patches; a copied piece is at 0."""
    source, other = pictures(2, 14).astype(np.float32)
    nearest = nearest_patches(other, source, side=5, every=3)
    by_hand = [
        min(((other[i : i + 5, j : j + 5] - source[k : k + 5, m : m + 5]) ** 2).mean() for k, m in np.ndindex(10, 10))
        / source.var()
        for i in range(0, 10, 3)
        for j in range(0, 10, 3)
    ]
    np.testing.assert_allclose(nearest, by_hand, rtol=1e-3)
    np.testing.assert_allclose(nearest_patches(source[3:, 2:], source, side=5), 0, atol=1e-5)
    with pytest.raises(ValueError, match="side must be a whole number from 1 to 8; got 9"):
        nearest_patches(other, source[:8], side=9)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"window": 4}, "window must be odd and at most the smaller side of the source, 12 pixels; got 4"),
        ({"window": 13}, "at most the smaller side of the source, 12 pixels; got 13"),
        ({"window": 1}, "window"),
        ({"size": 5000}, "size"),
        ({"size": (8, 2)}, "size"),
        ({"tolerance": -1}, "tolerance"),
        ({"source": np.zeros((12, 12))}, "source must be one picture"),
        ({"source": np.zeros((1100, 1100, 3)), "window": 31}, "The number of windows in the source must be from 1 to"),
        ({"source": np.full((12, 12, 3), 7.0)}, r"\[-1, 1\]"),
    ],
)
def test_what_cannot_be_grown_is_refused(change, says):
    with pytest.raises(ValueError, match=says):
        grow(**({"source": np.zeros((12, 12, 3)), "size": 8, "window": 5} | change))
