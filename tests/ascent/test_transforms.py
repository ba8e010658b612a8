"""Transforms against numpy: where every pixel goes, how the draws fall, and gradients that are true adjoints."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent.transform_base import apply_all
from featviz_helpers.ascent.warp import roll, warp
from featviz_helpers.common.random_streams import step_uniform
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import pictures

KINDS = {
    "jitter": fv.Jitter(5),
    "scale": fv.Scale(1.3),
    "rotate": fv.Rotate(40),
    "pad": fv.Compose(fv.Pad(3), fv.Jitter(6)),
    "flip": fv.Flip(0.5, 0.5),
    "standard": fv.standard(0.25),
}


def plane(image, rows, columns):
    """Bilinear values of the endlessly repeated image, in plain numpy: (H, W, C) at (...) places -> (..., C)."""
    high, wide = image.shape[:2]
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    total = 0.0
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        down, right = np.abs(1 - i - (rows - top)), np.abs(1 - j - (columns - left))
        total = total + (down * right)[..., None] * image[(top + i) % high, (left + j) % wide]
    return total


def centred(high, wide):
    return np.meshgrid(np.arange(high) - (high - 1) / 2, np.arange(wide) - (wide - 1) / 2, indexing="ij")


@pytest.mark.parametrize(
    "transform",
    [fv.Jitter(0), fv.Scale(1), fv.Rotate(0), fv.Rotate(360, low=360), fv.Pad(4), fv.Flip(0), fv.standard(0)],
)
def test_ranges_of_nothing_change_nothing(transform):
    images = pictures(3, 13)
    np.testing.assert_allclose(transform(images), images, atol=1e-4)


@pytest.mark.parametrize("turns", [1, 2, 3, -1])
@pytest.mark.parametrize("side", [12, 13])
def test_rotation_by_right_angles_is_rot90(turns, side):
    images = pictures(2, side)
    turned = fv.Rotate(90 * turns, low=90 * turns)(images)
    np.testing.assert_allclose(turned, np.rot90(images, turns, axes=(1, 2)), atol=1e-4)


@pytest.mark.parametrize("pad", [0, 2])
def test_jitter_is_a_roll_with_or_without_the_gather(pad):
    images, draws = pictures(4, 11), step_uniform(3, 7, 0, 4, 2)
    numbers = {"pixels": tf.constant([5.0, 5.0, 2.0, 0.0])}
    shifts = np.floor(draws * (2 * numbers["pixels"].numpy()[:, None] + 1)) - numbers["pixels"].numpy()[:, None]
    padding = {"pixels": tf.fill([4], float(pad))}
    moved = apply_all([fv.Pad(pad), fv.Jitter(5)], tf.constant(images), tf.constant(draws), [padding, numbers]).numpy()
    canvas = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    for image, shift, got in zip(canvas, shifts.astype(int), moved, strict=True):
        expected = np.roll(image, shift, axis=(0, 1))[pad : pad + 11, pad : pad + 11]
        np.testing.assert_allclose(got, expected, atol=1e-5)
    alone = apply_all([fv.Jitter(5)], tf.constant(images), tf.constant(draws), [numbers]).numpy()
    expected = [np.roll(image, shift, axis=(0, 1)) for image, shift in zip(images, shifts.astype(int), strict=True)]
    np.testing.assert_array_equal(alone, expected)


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.7])
def test_scale_reads_the_repeated_plane_closer_to_the_centre(factor):
    images = pictures(2, 14)
    rows, columns = centred(14, 14)
    expected = [plane(image, rows / factor + 6.5, columns / factor + 6.5) for image in images]
    np.testing.assert_allclose(fv.Scale(factor, low=factor)(images), expected, atol=1e-4)


def test_rotation_by_any_angle_reads_the_repeated_plane():
    images, angle = pictures(2, 15), np.radians(33)
    rows, columns = centred(15, 15)
    # Counter-clockwise on the screen, where rows count downwards.
    source = rows * np.cos(angle) + columns * np.sin(angle), columns * np.cos(angle) - rows * np.sin(angle)
    expected = [plane(image, source[0] + 7, source[1] + 7) for image in images]
    np.testing.assert_allclose(fv.Rotate(33, low=33)(images), expected, atol=1e-4)


def test_flip_mirrors():
    images = pictures(2, 9)
    np.testing.assert_allclose(fv.Flip(1)(images), images[:, :, ::-1], atol=1e-5)
    np.testing.assert_allclose(fv.Flip(0, 1)(images), images[:, ::-1], atol=1e-5)


def test_one_gather_for_a_chain_is_the_chain_one_after_another():
    # Whole steps only, so that interpolating once or three times is the same.
    images = pictures(3, 12)
    turn, shift, flip = fv.Rotate(90, low=90), fv.Jitter(4), fv.Flip(1)
    together = fv.Compose(turn, shift, flip)(images, seed=5)
    jittered = apply_all(
        [shift],
        tf.constant(turn(images)),
        tf.stack([step_uniform(5, key, 0, 1, 5)[0, 1:3] for key in range(3)]),
        [{"pixels": tf.fill([3], 4.0)}],
    )
    np.testing.assert_allclose(together, flip(jittered.numpy()), atol=1e-4)


def test_a_change_that_is_not_geometric_keeps_its_place_in_the_chain():
    class Darker(fv.ascent.Transform):
        def apply(self, images, draws, values):
            return images * tf.cast(tf.range(images.shape[1])[None, :, None, None] < 4, tf.float32)

    images = pictures(2, 8)
    upside_down = fv.Flip(0, 1)
    dark = np.where(np.arange(8)[None, :, None, None] < 4, images, 0)
    np.testing.assert_allclose(fv.Compose(Darker(), upside_down)(images), dark[:, ::-1], atol=1e-5)
    later = np.where(np.arange(8)[None, :, None, None] < 4, images[:, ::-1], 0)
    np.testing.assert_allclose(fv.Compose(upside_down, Darker())(images), later, atol=1e-5)


@pytest.mark.parametrize("pad", [0, 3])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_gradient_is_the_adjoint(pad, seed):
    generator = np.random.default_rng(seed)
    matrix = np.zeros((3, 3, 3), np.float32)
    matrix[:, :2] = generator.normal(0, [1.0, 1.0, 20.0], (3, 2, 3))
    images, target = (tf.constant(generator.uniform(-1, 1, (3, 9, 12, 3)), tf.float32) for _ in range(2))
    with tf.GradientTape() as tape:
        tape.watch(images)
        product = tf.reduce_sum(warp(images, tf.constant(matrix), tf.fill([3], float(pad))) * target)
    adjoint = tf.reduce_sum(tape.gradient(product, images) * images)
    np.testing.assert_allclose(product, adjoint, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", KINDS)
def test_gradients_agree_with_finite_differences(name):
    transform = KINDS[name]
    images, direction, target = (tf.constant(pictures(2, 10, seed)) for seed in (0, 1, 2))
    parts = transform.parts
    draws = tf.constant(np.stack([step_uniform(1, key, 0, 1, sum(p.draws for p in parts))[0] for key in range(2)]))
    numbers = [{k: tf.constant(np.broadcast_to(v, 2)) for k, v in part.values.items()} for part in parts]

    def value(batch):
        return tf.reduce_sum(apply_all(parts, batch, draws, numbers) * target)

    with tf.GradientTape() as tape:
        tape.watch(images)
        there = value(images)
    slope = tf.reduce_sum(tape.gradient(there, images) * direction)
    # The map is linear, so that a difference over a large step is exact.
    np.testing.assert_allclose(slope, value(images + direction) - there, rtol=1e-3, atol=1e-3)


def drawn(transform, count=400):
    """What the matrices of many steps say: (count, 3, 3)."""
    draws = tf.constant(step_uniform(0, 0, 0, count, transform.draws))
    values = {k: tf.constant(np.broadcast_to(v, count)) for k, v in transform.values.items()}
    return transform.matrix(draws, values).numpy()


def test_draws_cover_the_stated_range_and_nothing_else():
    shifts = -drawn(fv.Jitter(3))[:, :2, 2]
    assert set(np.unique(shifts)) == set(range(-3, 4))
    factors = 1 / drawn(fv.Scale(1.5))[:, 0, 0]
    assert 1 / 1.5 <= factors.min() < 0.68 and 1.48 < factors.max() <= 1.5 + 1e-5
    assert 0.45 < np.mean(factors > 1) < 0.55  # log-uniform
    one_sided = 1 / drawn(fv.Scale(1.4, low=1))[:, 0, 0]
    assert 1 - 1e-5 <= one_sided.min() < 1.02 and one_sided.max() > 1.38
    matrices = drawn(fv.Rotate(20))
    angles = np.degrees(np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0]))
    assert -20 <= angles.min() < -19 and 19 < angles.max() <= 20 and abs(angles.mean()) < 2
    flips = drawn(fv.Flip(0.25))[:, 1, 1]
    assert 0.18 < np.mean(flips == -1) < 0.32


@pytest.mark.parametrize("name", KINDS)
def test_images_of_a_batch_and_steps_draw_differently(name):
    images = np.repeat(pictures(1, 24), 6, axis=0)
    first, later = KINDS[name](images), KINDS[name](images, step=1)
    assert len(np.unique(first.round(4), axis=0)) > 1
    assert np.abs(first - later).max() > 0.01
    np.testing.assert_array_equal(first, KINDS[name](images))
    assert np.abs(first - KINDS[name](images, seed=1)).max() > 0.01


def test_every_image_has_its_own_range():
    images = np.repeat(pictures(1, 16), 3, axis=0)
    moved = fv.Compose(fv.Scale([1, 1, 2]), fv.Rotate([0, 90, 0], low=[0, 90, 0]))(images)
    np.testing.assert_allclose(moved[0], images[0], atol=1e-5)
    np.testing.assert_allclose(moved[1], np.rot90(images[1]), atol=1e-4)
    assert np.abs(moved[2] - images[2]).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_transforms_compile_under_xla(name):
    transform = KINDS[name]
    images = tf.constant(pictures(2, 16))
    needed = sum(part.draws for part in transform.parts)
    draws = tf.constant(np.stack([step_uniform(0, key, 0, 1, needed)[0] for key in range(2)]))
    numbers = [{k: tf.constant(np.broadcast_to(v, 2)) for k, v in part.values.items()} for part in transform.parts]

    @tf.function(jit_compile=True)
    def slope(batch):
        with tf.GradientTape() as tape:
            tape.watch(batch)
            seen = apply_all(transform.parts, batch, draws, numbers)
            value = tf.reduce_sum(seen**2)
        return seen, tape.gradient(value, batch)

    seen, gradient = slope(images)
    np.testing.assert_allclose(seen, transform(images.numpy()), atol=1e-4)
    assert np.abs(gradient).max() > 0.1


def test_roll_moves_each_image_by_its_own_shift_and_its_gradient_moves_back():
    images, target = tf.constant(pictures(3, 9)), pictures(3, 9, seed=1)
    shifts = np.array([[2, -3], [0, 0], [-8, 8]])
    with tf.GradientTape() as tape:
        tape.watch(images)
        moved = roll(images, tf.constant(shifts, tf.int32))
        value = tf.reduce_sum(moved * target)
    np.testing.assert_array_equal(moved, [np.roll(i, s, (0, 1)) for i, s in zip(images.numpy(), shifts, strict=True)])
    back = [np.roll(t, (-s[0], -s[1]), (0, 1)) for t, s in zip(target, shifts, strict=True)]
    np.testing.assert_array_equal(tape.gradient(value, images), back)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fv.Jitter(-1), "0 or more"),
        (lambda: fv.Jitter([]), "one per image"),
        (lambda: fv.Jitter(float("nan")), "finite"),
        (lambda: fv.Jitter(9)(pictures(1, 9)), "larger than that"),
        (lambda: fv.Scale(0), "above 0"),
        (lambda: fv.Scale(1.2, low=0), "above 0"),
        (lambda: fv.Scale(0.9), "empty range"),
        (lambda: fv.Scale(1.1, low=[1.0, 1.2]), "empty range"),
        (lambda: fv.Rotate(720), "degrees, from -360 to 360; got high 720"),
        (lambda: fv.Rotate(10, low=20), "empty range"),
        (lambda: fv.Pad(-2), "0 or more"),
        (lambda: fv.Flip(1.5), "probability from 0 to 1"),
        (lambda: fv.Compose(), "at least one"),
        (lambda: fv.standard(-1), "between 0 and 20"),
    ],
)
def test_bad_ranges_are_refused_with_a_reason(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("first", [fv.Jitter(5), fv.Scale(0.7, low=0.7)])
def test_a_margin_changes_nothing_that_came_before_it(first):
    images = pictures(2, 24)
    np.testing.assert_allclose(fv.Compose(first, fv.Pad(8))(images, seed=1), first(images, seed=1), atol=1e-4)


def test_a_picture_is_mirrored_across_and_down_independently():
    matrices = drawn(fv.Flip(0.5, 0.5))
    across, down = matrices[:, 1, 1] == -1, matrices[:, 0, 0] == -1
    assert 0.4 < np.mean(across) < 0.6 and 0.4 < np.mean(across == down) < 0.6


def test_numbers_for_another_count_of_images_are_refused():
    with pytest.raises(ValueError, match="Jitter has numbers for 2 images; got 3 images"):
        fv.Compose(fv.Rotate(5), fv.Jitter([1, 2]))(pictures(3, 16))
