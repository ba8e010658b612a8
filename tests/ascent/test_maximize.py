"""The engine: what one step does, what a batch shares, what is reported."""

import os
import signal
import threading

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent import step as engine
from featviz_helpers.common.errors import DeadStart, NotFinite
from featviz_helpers.common.random_streams import image_key, step_uniform
from support.networks import ASCENT_CHANNELS, pictures, shapesnet, untidy_model

LAYER, SIZE = "mixed1", 48


def ascend(channels=ASCENT_CHANNELS, **options):
    """A short ascent on the bundled network."""
    return fv.maximize(shapesnet(), fv.channel(LAYER, channels), **({"size": SIZE, "steps": 6} | options))


def plain_gradient(images, channels):
    """The gradient of each image's mean activation, in a few lines of TensorFlow."""
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        means = tf.reduce_mean(shapesnet().truncate(LAYER)(images), axis=[1, 2])
        total = tf.reduce_sum(tf.gather(means, channels, batch_dims=1))
    return tape.gradient(total, images).numpy()


def relative(one, other):
    return np.abs(one - other).max() / np.abs(other).max()


def test_plain_steps_match_a_loop_written_by_hand():
    expected = ascend(steps=1, snapshots=[0], optimizer=fv.GradientAscent(0.02)).snapshots[0]
    for _ in range(3):
        slope = plain_gradient(expected, ASCENT_CHANNELS)
        expected = np.clip(expected + 0.02 * slope / slope.std(axis=(1, 2, 3), keepdims=True), -1, 1)
    assert relative(ascend(steps=3, optimizer=fv.GradientAscent(0.02)).images, expected) < 1e-3


def test_adam_matches_keras():
    start = ascend(steps=1, snapshots=[0]).snapshots[0]
    variable = tf.Variable(start)
    adam = keras.optimizers.Adam(0.05, epsilon=1e-8)
    for _ in range(3):
        slope = plain_gradient(variable.numpy(), ASCENT_CHANNELS)
        adam.apply_gradients([(tf.constant(-slope / slope.std(axis=(1, 2, 3), keepdims=True)), variable)])
        variable.assign(tf.clip_by_value(variable, -1, 1))
    assert np.abs(ascend(steps=3).images - variable.numpy()).mean() < 1e-3


def test_a_penalty_enters_with_its_gradient():
    weight, start = 2e-3, 0.5 * pictures(4, SIZE)
    images = tf.constant(start)
    with tf.GradientTape() as tape:
        tape.watch(images)
        variation = tf.reduce_sum(tf.abs(images[:, 1:] - images[:, :-1]), axis=[1, 2, 3])
        variation += tf.reduce_sum(tf.abs(images[:, :, 1:] - images[:, :, :-1]), axis=[1, 2, 3])
        paid = weight * variation * 224**2 / SIZE**2
    slope = plain_gradient(start, ASCENT_CHANNELS) - tape.gradient(paid, images).numpy()
    expected = start + 0.01 * slope / slope.std(axis=(1, 2, 3), keepdims=True)
    result = ascend(start=start, steps=1, penalties=[fv.TotalVariation(weight)], optimizer=fv.GradientAscent(0.01))
    assert np.abs(result.images - expected).max() < 1e-4
    np.testing.assert_allclose(result.history["TotalVariation"][0], paid, rtol=1e-4)


def test_total_variation_means_the_same_at_every_size():
    def stripes(size):
        wave = np.sin(2 * np.pi * np.arange(size) / 8)
        return tf.constant(np.broadcast_to(wave[None, :, None, None], (1, size, size, 3)), tf.float32)

    value = fv.TotalVariation(1.0).value
    assert value(tf.zeros([1, 32, 32, 3])).numpy() == 0.0
    np.testing.assert_allclose(value(stripes(64)), value(stripes(256)), rtol=0.02)


def test_the_history_has_every_step_and_the_end_is_seen_without_transforms():
    result = ascend(steps=9, transforms=[fv.Jitter(8)], penalties=[fv.TotalVariation(1e-4)])
    assert set(result.history) == {"objective", "gradient_norm", "TotalVariation"}
    assert all(values.shape == (9, 4) and np.isfinite(values).all() for values in result.history.values())
    maps = shapesnet().activations(result.images, LAYER)
    means = maps.mean(axis=(1, 2))[np.arange(4), ASCENT_CHANNELS]
    np.testing.assert_allclose(result.activations, means, rtol=1e-4)
    climbed = result.history["objective"] - result.history["TotalVariation"]
    assert (climbed[-1] > climbed[0]).all()


@pytest.mark.slow
def test_each_image_has_its_own_numbers():
    """A sweep over weights, ranges, step sizes and seeds is one batch, equal to its images one by one."""
    sweep = {
        "penalties": [fv.TotalVariation([0, 1e-3, 1e-2])],
        "transforms": [fv.Jitter([0, 4, 9])],
        "optimizer": fv.Adam([0.01, 0.05, 0.1]),
        "seed": [0, 1, 2],
    }
    together = ascend([3, 5, 8], **sweep)
    for i, channel in enumerate([3, 5, 8]):
        alone = ascend(
            channel,
            penalties=[fv.TotalVariation([0, 1e-3, 1e-2][i])],
            transforms=[fv.Jitter([0, 4, 9][i])],
            optimizer=fv.Adam([0.01, 0.05, 0.1][i]),
            seed=i,
        )
        assert np.abs(alone.images[0] - together.images[i]).mean() < 1e-3
        assert alone.labels[0] == together.labels[i]


@pytest.mark.slow
def test_start_and_draws_do_not_depend_on_the_batch():
    seen = []

    class Recorder(fv.ascent.Transform):
        draws = 2

        def apply(self, images, draws, values):
            # The step is compiled: only an operation inside the graph sees the real numbers.
            tf.numpy_function(lambda d: seen.append(d.copy()), [draws], [])
            return images

    together = ascend([3, 5, 8, 11], transforms=[Recorder()], snapshots=[0])
    draws_together = [step[2] for step in seen]
    seen.clear()
    alone = ascend([8], transforms=[Recorder()], snapshots=[0])
    np.testing.assert_array_equal(alone.snapshots[0][0], together.snapshots[0][2])
    np.testing.assert_array_equal([step[0] for step in seen], draws_together)
    assert len(seen) == 6 and not np.array_equal(seen[0], seen[1])


def test_gradients_agree_between_batch_sizes():
    start = 0.5 * pictures(1, SIZE)
    one = ascend([8], start=start, steps=1, optimizer=fv.GradientAscent(0.01)).images[0] - start[0]
    four = ascend([3, 5, 8, 11], start=start, steps=1, optimizer=fv.GradientAscent(0.01)).images[2] - start[0]
    assert relative(one, four) < 1e-4


def test_the_same_call_twice_is_bitwise_the_same_and_another_seed_is_not():
    one, two, other = (ascend(transforms=[fv.Jitter(4)], seed=seed).images for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).mean() > 0.01


def test_chunks_leave_no_trace_in_the_result(monkeypatch):
    whole = ascend(steps=12, transforms=[fv.Jitter(4)])
    monkeypatch.setattr("featviz_helpers.ascent.climb.SECONDS_PER_CHUNK", 1e-9)  # one step a chunk
    pieces = ascend(steps=12, transforms=[fv.Jitter(4)], snapshots=[5])
    np.testing.assert_array_equal(whole.images, pieces.images)
    for name, values in whole.history.items():
        np.testing.assert_array_equal(values, pieces.history[name])


def test_one_trace_serves_every_value():
    backbone = fv.Backbone(untidy_model())
    for seed, weight, pixels, step in ((0, 0.0, 0, 0.1), (1, 1e-3, 5, 0.05), (2, [1e-3, 0.0], [1, 2], 0.01)):
        fv.maximize(
            backbone,
            2.0 * fv.channel("join", [seed, seed + 1]) - fv.channel("plain_relu", 0),
            penalties=[fv.TotalVariation(weight)],
            transforms=[fv.Jitter(pixels)],
            optimizer=fv.Adam(step),
            steps=5 + seed,
            size=32,
            seed=seed,
            dead="mark",
        )
    assert list(engine.trace_counts(backbone).values()) == [1]


def test_the_network_is_traced_once_for_all_kinds_of_steps():
    backbone, calls = fv.Backbone(untidy_model()), []
    prepare = backbone.preprocess
    backbone.preprocess = lambda images: calls.append(tf.inside_function()) or prepare(images)
    kinds = ({}, {"transforms": [fv.Jitter(2)]}, {"penalties": [fv.L2(0.1)]}, {"parameterization": fv.Fourier()})
    for kind in kinds:
        fv.maximize(backbone, fv.channel("join", [0, 1]), steps=2, size=32, dead="mark", **kind)
    assert calls == [True, True], "one trace of the gradient and one of the value"
    assert len(engine.trace_counts(backbone)) == len(kinds)


class Crop(fv.ascent.Transform):
    """The middle of the image."""

    def apply(self, images, draws, values):
        return images[:, 8:-8, 8:-8]


@pytest.mark.parametrize("first", [0, 1])
def test_a_transform_may_cut_whatever_ran_before(first):
    kinds = [{"transforms": [Crop()]}, {}]
    backbone, seen = fv.Backbone(shapesnet().model), {}
    for kind in (first, 1 - first):
        climb = fv.maximize(backbone, fv.channel(LAYER, [3]), size=SIZE, steps=2, **kinds[kind])
        seen[kind] = climb.history["objective"][0]
    assert not np.allclose(seen[0], seen[1])


class Grey(fv.Pixels):
    def decode(self, parameters, height, width):
        return tf.repeat(tf.reduce_mean(parameters, axis=3, keepdims=True), 3, axis=3)


class GreyWaves(fv.Fourier):
    def decode(self, parameters, height, width):
        return Grey.decode(self, super().decode(parameters, height, width), height, width)


@pytest.mark.parametrize(("own", "parent"), [(Grey, fv.Pixels), (GreyWaves, fv.Fourier)])
def test_a_subclass_does_not_climb_as_its_parent_did(own, parent):
    backbone = fv.Backbone(shapesnet().model)
    fv.maximize(backbone, fv.channel(LAYER, [3]), size=SIZE, steps=2, parameterization=parent())
    climb = fv.maximize(backbone, fv.channel(LAYER, [3]), size=SIZE, steps=2, parameterization=own())
    again = fv.maximize(fv.Backbone(shapesnet().model), fv.channel(LAYER, [3]), size=SIZE, steps=2,
                        parameterization=own())  # fmt: skip
    np.testing.assert_array_equal(climb.history["objective"], again.history["objective"])


def test_ctrl_c_in_a_small_octave_leaves_a_mask_of_the_pictures_size(monkeypatch):
    step, calls = engine.Compiled.__call__, []

    def second_is_stopped(loop, *arguments):
        calls.append(loop)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return step(loop, *arguments)

    monkeypatch.setattr(engine.Compiled, "__call__", second_is_stopped)
    climb = ascend(parameterization=fv.MACO(), octaves=fv.Octaves(2, 1.4))
    assert climb.interrupted
    assert climb.transparency.shape == climb.images.shape[:3]


@pytest.mark.slow
def test_a_large_batch_is_cut_and_put_together_again():
    parts = ascend([3, 5, 8, 11, 3], batch=2, snapshots=[0, 6])
    whole = ascend([3, 5, 8, 11, 3])
    assert parts.images.shape == whole.images.shape and parts.history["objective"].shape == (6, 5)
    np.testing.assert_allclose(parts.activations, whole.activations, rtol=0.02)
    np.testing.assert_array_equal(parts.snapshots[6], parts.images)
    np.testing.assert_array_equal(parts.images[0], parts.images[4])  # same unit, same seed, same size of batch


def test_snapshots_are_the_run_stopped_there():
    result = ascend(steps=6, snapshots=[0, 2, 6])
    assert list(result.snapshots) == [0, 2, 6]
    np.testing.assert_array_equal(result.snapshots[2], ascend(steps=2).images)
    np.testing.assert_array_equal(result.snapshots[6], result.images)
    assert np.abs(result.snapshots[0]).max() <= 0.1


def dying_model(bias=-1e6):
    """A network whose channel 1 is off for every image."""
    model = untidy_model()
    kernel, old = model.get_layer("own_relu").get_weights()
    old[1] = bias
    model.get_layer("own_relu").set_weights([kernel, old])
    return fv.Backbone(model)


def test_a_dead_start_is_named_with_its_remedies():
    with pytest.raises(DeadStart, match=r"own_relu:1:.*stronger noise.*redirect=16"):
        fv.maximize(dying_model(), fv.channel("own_relu", [0, 1]), size=33, steps=3)


@pytest.mark.slow
def test_a_dead_start_can_be_marked_and_is_never_returned_as_a_picture():
    objective = fv.channel("own_relu", [0, 1])
    for batch in (None, 1):
        result = fv.maximize(
            dying_model(), objective, size=33, steps=3, dead="mark", batch=batch, penalties=[fv.TotalVariation(1e-3)]
        )
        np.testing.assert_array_equal(result.dead, [False, True])
        assert np.isnan(result.images[1]).all() and np.isfinite(result.images[0]).all()


def test_redirected_steps_wake_a_unit_that_is_off_at_the_start():
    """With the plain gradient this unit cannot start; eight leaking steps lift it over zero."""
    asleep = dying_model(bias=-2.0)
    with pytest.raises(DeadStart):
        fv.maximize(asleep, fv.channel("own_relu", 1), size=33, steps=40)
    woken = fv.maximize(asleep, fv.channel("own_relu", 1), size=33, steps=40, redirect=30)
    assert woken.activations[0] > 0 and not woken.dead[0] and woken.history["objective"].shape == (40, 1)


def test_nan_is_reported_by_channel_and_step():
    class Poison(fv.ascent.Projection):
        def project(self, images, values, gradient):
            return images + np.nan

    with pytest.raises(NotFinite, match=r"step 2 while climbing mixed1:5"):
        ascend([3, 5], projections=[Poison(every=[99, 3])])


def test_a_projection_runs_after_every_step():
    free, held = ascend([3, 3], projections=[fv.WeightDecay([0.0, 0.999])]).images
    assert np.abs(free).max() > 0.1 and np.abs(held).max() < 0.001


def test_a_projection_waits_for_its_step_image_by_image():
    class Erase(fv.ascent.Projection):
        def project(self, images, values, gradient):
            return 0.0 * images

    moments = [1, 2, 3, 4, 5, 6]
    result = ascend([3, 3, 3], projections=[Erase(every=[2, 3, 1])], snapshots=moments)
    erased = np.array([np.abs(result.snapshots[moment]).max(axis=(1, 2, 3)) == 0 for moment in moments])
    np.testing.assert_array_equal(erased[:, 0], [False, True, False, True, False, True])
    np.testing.assert_array_equal(erased[:, 1], [False, False, True, False, False, True])
    assert erased[:, 2].all()


@pytest.mark.slow
def test_a_projection_is_given_the_gradient_of_the_objective_alone():
    seen = {}

    class Ask(fv.ascent.Projection):
        def project(self, images, values, gradient):
            return gradient * 100.0  # small enough not to be clipped

    start = 0.3 * pictures(2, SIZE)
    for penalties in ((), [fv.TotalVariation(1e-2)]):
        seen[bool(penalties)] = ascend([3, 5], start=start, steps=1, projections=[Ask()], penalties=penalties).images
    assert relative(seen[False], 100 * plain_gradient(start, [3, 5])) < 1e-3
    np.testing.assert_array_equal(seen[False], seen[True])


@pytest.mark.slow
@pytest.mark.parametrize("parameterization", [fv.Pixels(), fv.Fourier(), fv.MACO()], ids=lambda p: type(p).__name__)
def test_every_parameterization_takes_every_regularizer(parameterization):
    result = ascend(
        [3, 5],
        parameterization=parameterization,
        penalties=[fv.L2(1e-5), fv.Norm(1e-5), fv.TotalVariation([0, 1e-4])],
        projections=[
            fv.GaussianBlur(0.5, every=2),
            fv.Bilateral(1.0, 0.3, every=3),
            fv.ClipNorm(5, every=4),
            fv.ClipContribution(5, every=4),
            fv.WeightDecay(0.01, every=3),
        ],
        transforms=[fv.standard(0.5), fv.Flip()],
        octaves=fv.Octaves(2, 1.3),
        steps=6,
    )
    assert np.isfinite(result.images).all() and np.abs(result.images).max() <= 1.0
    assert np.std(result.images) > 0.01 and result.history["objective"].shape == (12, 2)
    assert {"L2", "Norm", "TotalVariation"} < set(result.history)


@pytest.mark.slow
@pytest.mark.parametrize("parameterization", [fv.Pixels(), fv.Fourier(), fv.MACO()], ids=lambda p: type(p).__name__)
def test_a_blur_smooths_whatever_is_optimised(parameterization):
    options = {"parameterization": parameterization, "steps": 8}
    sharp, soft = (
        ascend([3, 3], projections=[fv.GaussianBlur([0.0, 2.0], every=2)], **options)
        if not isinstance(parameterization, fv.MACO)
        else ascend([3, 3], projections=[fv.ClipNorm([0, 60], every=8)], **options)
    ).images
    if isinstance(parameterization, fv.MACO):
        # The magnitudes are fixed, so a projection can only rearrange: most of the picture is fainter than before.
        assert np.median(np.abs(soft)) < np.median(np.abs(sharp))
    else:
        assert fv.high_frequency(soft[None]) < 0.5 * fv.high_frequency(sharp[None])


@pytest.mark.slow
def test_ctrl_c_returns_what_there_is():
    """A real SIGINT, sent while the loop runs."""
    pressed = threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    ascend(steps=1, size=96)  # compiled before the clock starts
    pressed.start()
    result = ascend(steps=100_000, size=96)
    taken = len(result.history["objective"])
    assert result.interrupted and 0 < taken < 100_000
    assert np.isfinite(result.images).all() and np.abs(result.images).max() > 0.1
    assert np.isnan(result.activations).all()  # they belong to the end of a run, which never came


@pytest.mark.slow
def test_fourier_climbs_and_starts_smooth():
    result = ascend(parameterization=fv.Fourier(), steps=24, snapshots=[0])
    assert (result.activations > 1.3 * result.history["objective"][0]).all()
    assert np.abs(result.images).max() < 1.0

    def low(pictures):
        waves = np.abs(np.fft.fft2(pictures.mean(axis=-1))) ** 2
        return waves[:, :4, :4].sum() / waves.sum()

    assert low(result.snapshots[0]) > 5 * low(ascend(steps=1, snapshots=[0]).snapshots[0])


@pytest.mark.slow
@pytest.mark.parametrize("sides", [(96, 96), (90, 130)])
def test_tiles_give_the_gradient_of_the_rolled_image(sides):
    """One tile that is as large as the image is the plain gradient of the image, rolled there and back."""
    start = 0.5 * np.random.default_rng(3).uniform(-1, 1, (1, *sides, 3)).astype(np.float32)
    objective, step = fv.layer(LAYER), fv.GradientAscent(0.01)
    tiled = fv.maximize(shapesnet(), objective, start=start, steps=1, tile=max(sides), optimizer=step, seed=4)
    draws = step_uniform(4, objective.keys()[0], 0, 1, 2)[0]
    shift = (draws * np.asarray(sides, np.float32)).astype(int)
    rolled = np.roll(start, shift, axis=(1, 2))
    plain = fv.maximize(shapesnet(), objective, start=rolled, steps=1, optimizer=step).images - rolled
    expected = start + np.roll(plain, -shift, axis=(1, 2))
    assert np.abs(tiled.images - expected).max() < 1e-4


@pytest.mark.slow
def test_many_tiles_are_their_gradients_put_together():
    start = 0.5 * np.random.default_rng(5).uniform(-1, 1, (1, 96, 144, 3)).astype(np.float32)
    objective = fv.layer(LAYER)
    result = fv.maximize(
        shapesnet(), objective, start=start, steps=1, tile=50, optimizer=fv.GradientAscent(0.01), seed=3, progress=False
    )
    shift = (step_uniform(3, objective.keys()[0], 0, 1, 2)[0] * np.float32([96, 144])).astype(int)
    rolled, slope = np.roll(start, shift, axis=(1, 2)), np.zeros_like(start)
    for top in (0, 48):
        for left in (0, 48, 96):
            tile = tf.constant(rolled[:, top : top + 48, left : left + 48])
            with tf.GradientTape() as tape:
                tape.watch(tile)
                half = 0.5 * tf.reduce_sum(shapesnet().truncate(LAYER)(tile) ** 2)
            slope[:, top : top + 48, left : left + 48] = tape.gradient(half, tile)
    slope = np.roll(slope, -shift, axis=(1, 2))
    assert np.abs(result.images - (start + 0.01 * slope / slope.std())).max() < 1e-4


@pytest.mark.slow
def test_tiles_of_an_image_do_not_depend_on_the_batch():
    options = {"tile": 32, "steps": 1, "size": 64, "optimizer": fv.GradientAscent(0.01)}
    together = ascend([3, 5], **options)
    alone = ascend([5], **options)
    assert np.abs(together.images[1] - alone.images[0]).max() < 1e-4


@pytest.mark.slow
def test_tiles_weigh_an_objective_against_a_penalty_as_the_whole_image_does():
    start, weight, side = 0.5 * pictures(1, 96), 3e-3, 96
    objective, penalty = fv.channel(LAYER, 3), fv.TotalVariation(weight)
    options = {
        "start": start,
        "steps": 1,
        "tile": 48,
        "optimizer": fv.GradientAscent(0.01),
        "seed": 3,
        "penalties": [penalty],
    }
    result = fv.maximize(shapesnet(), objective, **options)
    shift = (step_uniform(3, objective.keys()[0], 0, 1, 2)[0] * np.float32([side, side])).astype(int)
    rolled, slope, values = np.roll(start, shift, axis=(1, 2)), np.zeros_like(start), []
    for top in (0, 48):
        for left in (0, 48):
            tile = tf.constant(rolled[:, top : top + 48, left : left + 48])
            with tf.GradientTape() as tape:
                tape.watch(tile)
                value = tf.reduce_mean(shapesnet().truncate(LAYER)(tile)[..., 3])
            slope[:, top : top + 48, left : left + 48] = tape.gradient(value, tile) / 4
            values.append(value.numpy())
    image = tf.constant(start)
    with tf.GradientTape() as tape:
        tape.watch(image)
        cost = weight * tf.reduce_sum(penalty.value(image))
    slope = np.roll(slope, -shift, axis=(1, 2)) - tape.gradient(cost, image).numpy()
    assert np.abs(result.images - np.clip(start + 0.01 * slope / slope.std(), -1, 1)).max() < 1e-4
    assert result.history["objective"][0, 0] == pytest.approx(np.mean(values), rel=1e-4)


def test_tiles_that_come_out_too_small_are_refused():
    inputs = keras.Input((None, None, 3))
    backbone = fv.Backbone(keras.Model(inputs, keras.layers.Conv2D(2, 20, name="wide")(inputs)))
    with pytest.raises(ValueError, match="17 x 17 pixels are too small for 'wide'"):
        fv.maximize(backbone, fv.channel("wide", 0), size=33, tile=32)  # two tiles of 17


@pytest.mark.slow
def test_many_tiles_cover_the_image_and_leave_no_seam():
    """The gradient is there in every pixel, and no stronger or weaker where tiles meet on average."""
    start = np.zeros((1, 100, 132, 3), np.float32) + 0.1 * pictures(1, 132)[:, :100]
    result = fv.maximize(
        shapesnet(), fv.channel(LAYER, 3), start=start, steps=40, tile=48, optimizer=fv.GradientAscent(0.005)
    )
    change = np.abs(result.images - start).mean(axis=(0, 3))
    assert change.min() > 0
    rows, columns = change.mean(axis=1), change.mean(axis=0)
    for profile in (rows, columns):
        inner = profile[8:-8]
        assert inner.max() < 1.6 * inner.mean() and inner.min() > 0.5 * inner.mean()


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "tolerance"), [("mixed_bfloat16", 0.1), ("mixed_float16", 0.05)])
def test_half_precision_climbs_to_the_same_height(precision, tolerance):
    full, half = ascend(steps=12), ascend(steps=12, precision=precision)
    np.testing.assert_allclose(half.activations, full.activations, rtol=tolerance)
    assert half.images.dtype == np.float32


@pytest.mark.slow
@pytest.mark.parametrize("objective", [fv.layer("mixed4"), 64 * fv.channel(LAYER, 3)])
def test_large_objectives_do_not_overflow_in_half_precision(objective):
    options = {"size": SIZE, "steps": 8, "optimizer": fv.Adam(0.1)}
    full, half = (fv.maximize(shapesnet(), objective, **options, precision=p) for p in ("float32", "mixed_float16"))
    np.testing.assert_allclose(half.activations, full.activations, rtol=0.05)


@pytest.mark.slow
def test_two_of_a_kind_keep_their_own_numbers():
    transforms = [fv.Jitter([2, 4, 8, 8]), fv.Rotate(5), fv.Jitter(4)]
    penalties = [fv.TotalVariation(1e-3), fv.TotalVariation([1e-3, 2e-3, 3e-3, 4e-3], isotropic=True)]
    result = fv.maximize(
        shapesnet(), fv.channel(LAYER, 3), transforms=transforms, penalties=penalties, size=SIZE, steps=2
    )
    assert len(result) == 4
    assert {"TotalVariation", "TotalVariation 2"} <= result.history.keys()


@pytest.mark.slow
def test_whole_numbers_may_come_from_numpy():
    result = ascend([3], steps=np.int64(4), snapshots=np.arange(0, 5, 2), redirect=np.int8(1))
    assert sorted(result.snapshots) == [0, 2, 4]


@pytest.mark.slow
def test_the_loop_compiles_under_xla():
    options = {"penalties": [fv.TotalVariation(1e-4)], "transforms": [fv.Jitter(4)], "steps": 3}
    np.testing.assert_allclose(
        ascend([3, 5], jit=True, **options).activations, ascend([3, 5], **options).activations, rtol=0.01
    )


def test_a_start_key_is_the_unit():
    assert image_key("a", 1) != image_key("a", 2)
    one, other = ascend([3, 5], snapshots=[0], steps=1).snapshots[0]
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 2.5}, "steps must be a whole number"),
        ({"snapshots": [0.5]}, "snapshots must be a whole number"),
        ({"batch": -1}, "batch must be a whole number from 1 to 100,000; got -1"),
        ({"transforms": [fv.Jitter([1, 2, 3]), fv.Jitter([1, 2])]}, "different lengths: Jitter 2, Jitter 3"),
        ({"steps": 0}, "steps must be a whole number from 1 to 1,000,000; got 0"),
        ({"dead": "ignore"}, "one of 'raise', 'mark'"),
        ({"precision": "half"}, "mixed_bfloat16"),
        ({"snapshots": [9]}, "between 0 and the last step, 6"),
        ({"seed": [0, 1]}, "different lengths"),
        ({"seed": 0.5}, "whole number"),
        ({"seed": -(2**63) - 1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"start": np.zeros((5, 5))}, r"\(N, H, W, 3\)"),
        ({"start": np.full((32, 32, 3), 200.0)}, "from_uint8"),
        ({"tile": 8}, "tile must be a whole number from 32 to 16,384; got 8"),
        ({"size": 0}, "An image size must be a whole number from 1 to 16,384"),
        ({"size": 16.7}, "whole number from 1 to 16,384"),
        ({"size": 10**6}, "from 1 to 16,384.*got 1000000"),
        ({"transforms": [fv.Jitter(60)]}, "larger than that; got 48 x 48"),
        ({"transforms": [fv.Jitter(40)], "octaves": fv.Octaves(2, 1.4)}, "larger than that; got 34 x 34"),
        ({"octaves": fv.Octaves([2, 3], 1.2), "seed": [0, 1, 2, 3]}, "different lengths"),
    ],
)
def test_mistakes_are_explained_before_anything_compiles(options, words):
    compiled = len(shapesnet().functions)
    with pytest.raises(ValueError, match=words):
        ascend(**options)
    assert len(shapesnet().functions) == compiled


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"transforms": 5}, r"transforms must be one or a list of them, such as fv.Jitter\(8\).*; got 5\."),
        ({"transforms": [fv.L2(1e-3)]}, "transforms.* must be"),
        ({"penalties": [1e-3]}, "penalties, each of them, must be such as fv.TotalVariation"),
        ({"projections": "blur"}, "projections must be one or a list of them, such as fv.GaussianBlur"),
        ({"octaves": 3}, r"octaves must be None or such as fv.Octaves\(3, 1.4\); got 3"),
        ({"optimizer": 0.05}, r"optimizer must be such as fv.Adam\(0.02\); got 0.05"),
        ({"parameterization": "fourier"}, r"parameterization must be such as fv.Pixels\(\)"),
        ({"steps": None}, "steps must be a whole number"),
        ({"snapshots": "all"}, "snapshots must be a whole number"),
    ],
)
def test_an_argument_of_another_kind_is_answered_with_an_example(options, words):
    with pytest.raises(ValueError, match=words):
        ascend(**options)


def test_an_objective_and_a_network_of_another_kind():
    with pytest.raises(ValueError, match=r"objective must be such as fv.channel\('block5b_add', 3\).*; got 'mixed2'"):
        fv.maximize(shapesnet(), "mixed2", steps=1)
    with pytest.raises(ValueError, match=r"backbone must be what fv.load_model\('lite0'\)"):
        fv.maximize(shapesnet().model, fv.channel("mixed2", 0), steps=1)


@pytest.mark.slow
def test_one_transform_is_as_good_as_a_list_of_one():
    several = ascend(transforms=[fv.standard()], penalties=[fv.L2(1e-6)], snapshots=[1])
    one = ascend(transforms=fv.standard(), penalties=fv.L2(1e-6), projections=None, snapshots=1)
    np.testing.assert_array_equal(one.images, several.images)
    assert list(one.snapshots) == [1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: fv.TotalVariation(-1e-3), "a weight must be 0 or more"),
        (lambda: fv.TotalVariation(float("nan")), "finite number"),
        (lambda: fv.Jitter(-1), "0 or more"),
        (lambda: fv.Adam(0), "above 0"),
        (lambda: fv.Pixels(noise=2), "at most 1"),
        (lambda: fv.Fourier(noise=0), "above 0"),
        (lambda: fv.Octaves(0), "whole count from 1 to 64"),
        (lambda: fv.Octaves(1.5), "whole count"),
        (lambda: fv.Octaves(2, [1.2, 0.5]), "scale >= 1"),
    ],
)
def test_bad_settings_are_explained(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.slow
def test_every_regularizer_compiles_under_xla_and_gives_the_same_step():
    options = {
        "penalties": [fv.L2(1e-5), fv.Norm(1e-5), fv.TotalVariation(1e-4), fv.TotalVariation(1e-5, isotropic=True)],
        "projections": [
            fv.GaussianBlur(0.5, every=2),
            fv.Bilateral(1.0, 0.3, every=2),
            fv.ClipNorm(5, every=2),
            fv.ClipContribution(5, every=2),
            fv.WeightDecay(0.01),
        ],
        "transforms": [fv.standard(0.5), fv.Flip()],
        "optimizer": fv.GradientAscent(0.02),
        "steps": 1,
    }
    plain, compiled = (ascend([3, 5], jit=jit, **options).images for jit in (False, True))
    assert np.abs(plain - compiled).max() < 2e-3  # a tenth of a step
    assert np.isfinite(ascend([3, 5], jit=True, **{**options, "steps": 4}).images).all()


class Brightness(fv.ascent.Parameterization):
    """An image of one shade: one number."""

    def start(self, seeds, keys, height, width):
        return np.full((len(seeds), 1), 0.1, np.float32)

    def decode(self, parameters, height, width):
        return tf.tanh(parameters)[:, :, None, None] * tf.ones([1, height, width, 3])


def test_a_single_number_is_climbed_though_it_has_no_deviation():
    up = ascend(3, parameterization=Brightness(), steps=1, snapshots=[0], optimizer=fv.GradientAscent(0.01))
    down = fv.maximize(
        shapesnet(), -fv.channel(LAYER, 3), size=SIZE, parameterization=Brightness(), steps=1,
        optimizer=fv.GradientAscent(0.01),
    )  # fmt: skip
    moves = [np.arctanh(result.images.mean()) - 0.1 for result in (up, down)]
    np.testing.assert_allclose(sorted(moves), [-0.01, 0.01], rtol=1e-3)


def test_a_gradient_that_is_the_same_everywhere_is_climbed():
    inputs = keras.Input((None, None, 3))
    mean = keras.layers.Conv2D(1, 1, kernel_initializer=keras.initializers.Constant(1 / 3), name="mean")(inputs)
    backbone = fv.Backbone(keras.Model(inputs, mean), "brightness")
    result = fv.maximize(
        backbone, fv.channel("mean", 0), size=31, steps=3, snapshots=[0], optimizer=fv.GradientAscent(0.01)
    )
    np.testing.assert_allclose(result.images, result.snapshots[0] + 0.03, atol=1e-5)


def test_a_neuron_has_no_place_in_a_tile():
    with pytest.raises(ValueError, match=f"tile: neuron {LAYER}:3 has its place in the whole image"):
        fv.maximize(shapesnet(), fv.layer(LAYER) + fv.neuron(LAYER, 3), size=64, tile=32)
