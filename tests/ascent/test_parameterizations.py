"""Pixels, Fourier and MACO: there and back again, and what stays fixed."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent.parameterizations import NATURAL
from support.networks import pictures, shapesnet

SIZES = [(24, 24), (24, 25), (25, 24), (17, 31)]


def start(parameterization, height, width, count=2):
    return tf.constant(parameterization.start([0] * count, list(range(count)), height, width))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "parameterization", [fv.Pixels(), fv.Fourier(), fv.Fourier(decorrelate=False)], ids=["pixels", "Fourier", "plain"]
)
def test_an_image_comes_back_from_its_parameters(parameterization, size):
    images = tf.constant(0.9 * np.random.default_rng(0).uniform(-1, 1, (2, *size, 3)).astype(np.float32))
    np.testing.assert_allclose(parameterization.decode(parameterization.encode(images), *size), images, atol=1e-4)


def test_fourier_pulls_saturated_pixels_in_a_little():
    images = tf.constant(np.sign(pictures(1, 16)))
    decoded = fv.Fourier().decode(fv.Fourier().encode(images), 16, 16)
    assert 0 < np.abs(decoded - images).max() < 0.02 and np.isfinite(decoded).all()


@pytest.mark.parametrize("size", SIZES)
def test_maco_keeps_the_magnitudes_whatever_the_phases(size):
    maco = fv.MACO()
    # Undone: the squashing and the mixing of colours.
    colours = np.arctanh(maco.decode(start(maco, *size), *size).numpy().astype(np.float64)) @ np.linalg.inv(maco.mix).T
    waves = np.abs(np.fft.rfft2(colours, axes=(1, 2)))
    frequency = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None])
    frequency[0, 0] = np.inf
    side = np.sqrt(np.prod(size))
    for axis, (scale, power) in enumerate(NATURAL):
        expected = side * scale / frequency**power * (side / 224) ** (1 - power)
        np.testing.assert_allclose(waves[..., axis], np.broadcast_to(expected, waves.shape[:3]), rtol=0.02, atol=1e-3)


def test_maco_finds_the_phases_of_its_own_pictures():
    maco = fv.MACO()
    images = maco.decode(start(maco, 24, 25), 24, 25)
    np.testing.assert_allclose(maco.decode(maco.encode(images), 24, 25), images, atol=0.01)


def test_maco_of_two_sizes_has_one_contrast():
    maco = fv.MACO()
    small, large = (np.std(maco.decode(start(maco, side, side, 6), side, side)) for side in (64, 256))
    assert 0.85 < small / large < 1.15 and 0.2 < large < 0.6


@pytest.mark.parametrize("parameterization", [fv.Fourier(), fv.MACO()], ids=lambda p: type(p).__name__)
def test_gradients_pass_through_to_the_parameters(parameterization):
    target = tf.constant(pictures(2, 16))

    def value(parameters):
        return tf.reduce_sum(parameterization.decode(parameters, 16, 16) * target)

    parameters = start(parameterization, 16, 16)
    direction = tf.constant(np.random.default_rng(0).normal(size=parameters.shape).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        there = value(parameters)
    slope = tf.reduce_sum(tape.gradient(there, parameters) * direction)
    step = 1e-3
    numeric = (value(parameters + step * direction) - value(parameters - step * direction)) / (2 * step)
    np.testing.assert_allclose(slope, numeric, rtol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40, 41), (41, 40)])
@pytest.mark.parametrize("parameterization", [fv.Fourier(), fv.MACO()], ids=lambda p: type(p).__name__)
def test_waves_climb_at_any_size(parameterization, size):
    result = fv.maximize(
        shapesnet(), fv.channel("mixed1", [3, 5]), parameterization=parameterization, size=size, steps=16,
        optimizer=fv.Adam(0.05),
    )  # fmt: skip
    assert result.images.shape[1:3] == size
    assert (result.activations > result.history["objective"][0]).all()


def test_maco_starts_have_no_favourite_place():
    maco = fv.MACO()
    for size in (48, 49):
        images = maco.decode(maco.start([0] * 160, list(range(160)), size, size), size, size).numpy().mean(axis=3)
        for lines in (images.mean(axis=2), images.mean(axis=1)):  # rows, columns: (160, size)
            bias = np.abs(lines.mean(axis=0)) / lines.std(axis=0)
            assert bias.max() < 0.4  # of 160 draws each: about 0.08 is chance, and the worst of 48 is near 0.25


@pytest.mark.slow
def test_the_mask_of_maco_is_the_summed_gradient():
    unit, options = fv.channel("mixed1", [3, 8]), {"size": 48, "progress": False, "dead": "mark"}
    result = fv.maximize(shapesnet(), unit, parameterization=fv.MACO(), steps=1, snapshots=[0], **options)
    start = tf.Variable(result.snapshots[0])
    with tf.GradientTape() as tape:
        maps = shapesnet().truncate("mixed1")(shapesnet().preprocess(start))
        total = tf.reduce_sum(tf.gather(tf.reduce_mean(maps, axis=[1, 2]), [3, 8], batch_dims=1, axis=1))
    slope = np.abs(tape.gradient(total, start).numpy()).mean(axis=3)
    expected = np.minimum(slope / np.percentile(slope, 80, axis=(1, 2), keepdims=True), 1)
    np.testing.assert_allclose(result.transparency, expected, atol=0.05)
    longer = fv.maximize(shapesnet(), unit, parameterization=fv.MACO(), steps=6, octaves=fv.Octaves(2, 1.2), **options)
    assert longer.transparency.shape == (2, 48, 48)
    assert fv.maximize(shapesnet(), unit, steps=1, **options).transparency is None


@pytest.mark.slow
@pytest.mark.parametrize("make", [fv.Fourier, fv.MACO])
def test_waves_climb_alike_in_a_batch_of_any_size_until_a_relu_flips(make):
    """Pictures agree for the first steps, and activations at the end; see the docstring of Fourier."""
    channels, settings = [3, 10, 28, 33], {"steps": 24, "size": 64, "snapshots": [1, 4], "progress": False}
    alone, together = (
        fv.maximize(shapesnet(), fv.channel("mixed2", channels), parameterization=make(), batch=batch, **settings)
        for batch in (1, 4)
    )
    for step, tolerance in {1: 1e-5, 4: 3e-5}.items():
        np.testing.assert_allclose(alone.snapshots[step], together.snapshots[step], atol=tolerance)
    np.testing.assert_allclose(alone.activations, together.activations, rtol=0.05)


def test_waves_start_around_grey_with_the_strength_that_was_asked_for():
    coefficients = fv.Fourier(noise=0.02).start([0, 1], [0, 1], 48, 48)
    assert abs(coefficients.mean()) < 5 * 0.02 / np.sqrt(coefficients.size)
    assert coefficients.std() == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize("width", [20, 22, 24, 25, 27])
def test_maco_starts_from_the_phases_of_a_real_picture(width):
    phases = fv.MACO().start([0], [0], 16, width)
    mirror = np.roll(phases[:, :, ::-1], 1, axis=2)
    for column in [0, -1] if width % 2 == 0 else [0]:  # where a wave and its opposite are both stored
        pair = (phases + mirror)[0, :, [*range(1, 8), *range(9, 16)], column]
        np.testing.assert_allclose(np.sin(pair), 0.0, atol=1e-5)


def test_the_natural_magnitudes_are_those_of_photographs():
    crops = fv.open_images("photographs")
    images = np.stack([crops.load(i, 224) for i in range(0, len(crops), 16)])
    pixels = np.arctanh(np.clip(images, -0.999, 0.999)) @ np.linalg.inv(fv.Fourier().mix).T
    waves = np.abs(np.fft.rfft2(pixels, axes=(1, 2))).mean(axis=0) / 224
    frequency = np.hypot(np.fft.fftfreq(224)[:, None], np.fft.rfftfreq(224)[None])
    ring = (frequency > 0.05) & (frequency < 0.2)
    measured = waves[ring].mean(axis=0)
    expected = [(a / frequency[ring] ** b).mean() for a, b in NATURAL]
    np.testing.assert_allclose(measured / measured[0], np.array(expected) / expected[0], rtol=0.5)
