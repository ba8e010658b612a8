"""Projections against numpy and scipy, and what each promises to keep."""

import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent.projections import (
    Bilateral,
    ClipContribution,
    ClipNorm,
    GaussianBlur,
    Projection,
    WeightDecay,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from support.networks import pictures

MAKE = {
    "blur": lambda sigma: GaussianBlur(sigma),
    "bilateral": lambda sigma: Bilateral(sigma, np.asarray(sigma) / 2, radius=4),
    "clip norm": lambda amount: ClipNorm(20 * np.asarray(amount)),
    "clip contribution": lambda amount: ClipContribution(20 * np.asarray(amount)),
    "decay": lambda amount: WeightDecay(np.asarray(amount) / 5),
}
every_kind = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


def apply(projection, images, gradient=None, jit=False):
    """What the engine does at a step that is due for every image."""
    values = {
        name: tf.constant(np.broadcast_to(value, len(images)), images.dtype)
        for name, value in projection.values.items()
    }
    if gradient is None:
        gradient = pictures(len(images), images.shape[2], seed=9)[:, : images.shape[1]]
    run = tf.function(projection.project, autograph=False, jit_compile=jit)
    return run(tf.constant(images), values, tf.constant(gradient)).numpy()


def pixel_measure(images, gradient=None):
    """The measure of the two clips, in numpy: (N, H, W)."""
    return np.linalg.norm(images, axis=-1) if gradient is None else np.abs((images * gradient).sum(axis=-1))


@every_kind
def test_nothing_of_it_changes_nothing(make):
    images = pictures(3, 11)
    np.testing.assert_array_equal(apply(make(0.0), images), images)


@every_kind
@pytest.mark.parametrize("jit", [False, True], ids=["plain", "xla"])
def test_each_image_has_its_own_numbers_with_and_without_xla(make, jit):
    amounts, images = [0.0, 0.7, 2.0], pictures(3, 14)[:, :10]
    gradient = pictures(3, 14, seed=9)[:, :10]
    together = apply(make(amounts), images, gradient, jit)
    np.testing.assert_array_equal(together[0], images[0])
    assert np.abs(together[1:] - images[1:]).mean(axis=(1, 2, 3)).min() > 0.01
    for i, amount in enumerate(amounts):
        alone = apply(make(amount), images[i : i + 1], gradient[i : i + 1])
        np.testing.assert_allclose(together[i], alone[0], atol=2e-6)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5, 9.0, 40.0])
@pytest.mark.parametrize("sides", [(16, 16), (9, 20), (1, 5)], ids=str)
def test_blur_is_scipys(sigma, sides):
    images = pictures(2, 20)[:, : sides[0], : sides[1]]
    expected = gaussian_filter(images.astype(float), sigma, mode="reflect", truncate=12, axes=(1, 2))
    np.testing.assert_allclose(apply(GaussianBlur(sigma), images), expected, atol=2e-6)
    exact = apply(GaussianBlur(sigma), images.astype(float))
    np.testing.assert_allclose(exact, expected, atol=1e-7)  # sigma itself is a float32


@settings(max_examples=15, deadline=None)
@given(sigma=st.floats(0, 1e6, width=32), seed=st.integers(0, 99), level=st.floats(-1, 1, width=32))
@example(sigma=18.0, seed=1, level=1.0)
def test_blur_keeps_the_mean_and_the_range_and_never_sharpens(sigma, seed, level):
    images = np.clip(pictures(2, 12, seed) + np.float32(level), -1, 1)
    blurred = apply(GaussianBlur(sigma), images)
    assert np.abs(blurred).max() <= 1 + 1e-6
    # Means in float64: numpy's own, in float32, would be off by more than the blur is.
    images, blurred = images.astype(float), blurred.astype(float)
    np.testing.assert_allclose(blurred.mean(axis=(1, 2)), images.mean(axis=(1, 2)), rtol=0, atol=1e-6)
    assert (blurred.std(axis=(1, 2)) <= images.std(axis=(1, 2)) + 1e-6).all()


def test_an_endless_blur_is_the_mean():
    images = pictures(2, 12)
    blurred = apply(GaussianBlur(1e6), images)
    np.testing.assert_allclose(
        blurred, np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape), atol=1e-6
    )


def bilateral_by_hand(image, sigma, tone, radius):
    image = np.asarray(image, float)
    padded = np.pad(image, [(radius, radius), (radius, radius), (0, 0)], mode="symmetric")
    result = np.zeros_like(image)
    down, right = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    for i, j in np.ndindex(image.shape[:2]):
        near = padded[i : i + 2 * radius + 1, j : j + 2 * radius + 1]
        colours = ((near - image[i, j]) ** 2).sum(axis=-1)
        weights = np.exp(-(down**2 + right**2) / (2 * sigma**2) - colours / (2 * tone**2))
        result[i, j] = (weights[..., None] * near).sum(axis=(0, 1)) / weights.sum()
    return result


@pytest.mark.parametrize(("sigma", "tone", "radius"), [(1.0, 0.3, None), (2.0, 1.0, 3), (0.8, 0.05, 1), (3.0, 2.0, 9)])
def test_bilateral_is_the_formula(sigma, tone, radius):
    images = 0.5 * pictures(2, 12)[:, :8]
    projection = Bilateral(sigma, tone, radius=radius)
    expected = [bilateral_by_hand(image, sigma, tone, projection.radius) for image in images]
    np.testing.assert_allclose(apply(projection, images), expected, atol=2e-6)


def test_bilateral_with_a_wide_tone_is_a_blur():
    images = pictures(2, 16)
    blurred = apply(GaussianBlur(1.0), images)
    np.testing.assert_allclose(apply(Bilateral(1.0, 1e3, radius=6), images), blurred, atol=1e-5)


def test_bilateral_keeps_an_edge_that_a_blur_destroys_and_both_remove_small_noise():
    clean = np.full((1, 24, 24, 3), -0.6, np.float32)
    clean[:, :, 12:] = 0.6
    noisy = clean + 0.04 * pictures(1, 24)
    blurred, kept = apply(GaussianBlur(1.5), noisy), apply(Bilateral(1.5, 0.3), noisy)

    def contrast(images):
        return (images[0, :, 12] - images[0, :, 11]).mean()

    assert contrast(clean) == pytest.approx(1.2)
    assert contrast(kept) > 1.15 and contrast(blurred) < 0.5
    for images in (blurred, kept):
        flat = images[0, :, :6] - clean[0, :, :6]
        assert flat.std() < 0.4 * (noisy - clean)[0, :, :6].std()


def test_the_bilateral_window_follows_the_largest_sigma_or_its_radius():
    assert Bilateral([0.5, 1.6], 0.2).radius == 4 and Bilateral(0.0, 0.2).radius == 1
    assert Bilateral(0.5, 0.2, radius=3).structure == Bilateral(2.0, 0.5, radius=3).structure
    assert Bilateral(1.0, 0.2).structure != Bilateral(2.0, 0.2).structure
    assert Bilateral(0.5, 0.25).describe() == {
        "name": "Bilateral", "every": 4.0, "sigma": 0.5, "tone": 0.25, "radius": 1,
    }  # fmt: skip


@pytest.mark.parametrize("percentile", [0.0, 10.0, 37.5, 50.0, 99.0, 100.0])
@pytest.mark.parametrize("kind", [ClipNorm, ClipContribution])
def test_clips_clear_exactly_the_pixels_below_the_percentile(kind, percentile):
    images, gradient = pictures(3, 16)[:, :12], pictures(3, 16, seed=4)[:, :12]
    measure = pixel_measure(images, gradient if kind is ClipContribution else None)
    threshold = np.percentile(measure, percentile, axis=(1, 2), keepdims=True)
    expected = np.where((measure < threshold)[..., None], 0, images)
    clipped = apply(kind(percentile), images, gradient)
    np.testing.assert_array_equal(clipped, expected)
    cleared = (clipped == 0).all(axis=-1).sum(axis=(1, 2))
    np.testing.assert_array_equal(cleared, np.ceil(percentile / 100 * (16 * 12 - 1)))


@settings(max_examples=15, deadline=None)
@given(
    percentile=st.floats(0, 100, width=32),
    shades=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_ties_are_kept_or_cleared_together(percentile, shades, seed):
    """Few grey levels, so that most pixels have equals; 1/8 steps, so that numpy and TensorFlow round nothing."""
    grey = np.random.default_rng(seed).integers(1, shades + 1, (1, 9, 9, 1)) / 8
    images = (grey * [1, 0, 0]).astype(np.float32)
    threshold = np.percentile(images[..., 0] ** 2, percentile)
    kept = images[..., 0] ** 2 >= threshold
    np.testing.assert_array_equal(apply(ClipNorm(percentile), images)[..., 0], np.where(kept, images[..., 0], 0))
    assert kept.any()


@pytest.mark.parametrize("percentile", [0.0, 50.0, 100.0])
def test_clips_leave_images_without_differences_alone(percentile):
    flat = np.full((1, 8, 8, 3), 0.4, np.float32)
    np.testing.assert_array_equal(apply(ClipNorm(percentile), flat), flat)
    images = pictures(1, 8)
    np.testing.assert_array_equal(apply(ClipContribution(percentile), images, np.zeros_like(images)), images)


@pytest.mark.parametrize(("pixels", "percentile"), [(46, 60), (51, 30), (76, 36), (61, 25), (61, 50)])
def test_a_percentile_that_is_a_pixel_keeps_that_pixel(pixels, percentile):
    """Its rank is whole. A little more, as percentile * (last / 100) is in float32, would clear one pixel too many."""
    rank, order = percentile * (pixels - 1) // 100, np.random.default_rng(0).permutation(pixels)
    images = np.zeros((1, 1, pixels, 3), np.float32)
    images[0, 0, :, 1] = np.where(order <= rank, 1e-4, 0.5) + order * 1e-6
    assert (apply(ClipNorm(percentile), images) == 0).all(axis=-1).sum() == rank


def test_the_contribution_is_what_the_objective_loses_without_the_pixel():
    """For a linear objective the first-order estimate is exact: clear each pixel in turn and see."""
    images, weights = pictures(1, 6).astype(float), pictures(1, 6, seed=5).astype(float)
    lost = np.zeros((6, 6))
    for i, j in np.ndindex(6, 6):
        without = images.copy()
        without[0, i, j] = 0
        lost[i, j] = abs((weights * images).sum() - (weights * without).sum())
    clipped = apply(ClipContribution(30), images.astype(np.float32), weights.astype(np.float32))
    weakest = np.argsort(lost.ravel())[: int(np.ceil(0.3 * 35))]
    np.testing.assert_array_equal(np.flatnonzero((clipped[0] == 0).all(axis=-1)), np.sort(weakest))


def test_decay_is_a_share():
    images = pictures(2, 6)
    np.testing.assert_allclose(apply(WeightDecay([0.25, 0.01]), images), images * [[[[0.75]]], [[[0.99]]]], rtol=1e-6)


def test_every_is_a_number_of_the_projection_and_may_differ_per_image():
    assert GaussianBlur(1.0).values["every"] == 4 and WeightDecay(0.1).values["every"] == 1
    np.testing.assert_array_equal(ClipNorm(20, every=[1, 3]).values["every"], [1, 3])
    assert ClipNorm(20, every=[1, 3]).structure == ClipNorm(30).structure != ClipContribution(30).structure


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianBlur(-0.5), r"GaussianBlur: sigma must be 0 or more pixels; got -0\.5\. 0 leaves"),
        (lambda: GaussianBlur([1, -2, -3]), r"sigma must be .*got -2, -3\."),
        (lambda: GaussianBlur(np.nan), r"sigma must be a finite number"),
        (lambda: Bilateral(-1, 0.1), r"Bilateral: sigma must be 0 or more pixels; got -1"),
        (lambda: Bilateral(1, -0.1), r"Bilateral: tone must be 0 or more; got -0\.1\. 0 leaves"),
        (
            lambda: Bilateral(1, 0.1, radius=0),
            r"radius must be a whole number from 1 to 256; got 0\. Left out, it is 2 sigma",
        ),
        (lambda: Bilateral(1, 0.1, radius=1.5), r"radius must be a whole number.*got 1\.5"),
        (lambda: ClipNorm(101), r"ClipNorm: percentile must be from 0 to 100; got 101\. Half"),
        (lambda: ClipContribution([50, -1]), r"ClipContribution: percentile must be from 0 to 100; got -1\."),
        (lambda: WeightDecay(1.0), r"WeightDecay: amount must be from 0 to below 1; got 1\."),
        (lambda: WeightDecay(-0.1), r"WeightDecay: amount must be from 0 to below 1; got -0\.1\."),
        (
            lambda: WeightDecay(0.1, every=0),
            r"every must be a whole number from 1 to 1,000,000; got 0\. 1 is after every",
        ),
        (lambda: GaussianBlur(1, every=[4, 2.5]), r"every must be a whole number from 1 to 1,000,000; got 2\.5\."),
    ],
)
def test_wrong_numbers_are_refused_with_what_is_allowed(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_projection_without_its_method_says_so():
    class Nothing(Projection):
        pass

    with pytest.raises(TypeError, match="Nothing defines no projection"):
        Nothing(every=2).project(tf.zeros([1, 4, 4, 3]), {}, None)
