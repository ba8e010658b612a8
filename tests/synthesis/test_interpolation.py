"""Frames that share what is coarse, against numpy; they stay together where frames with equal starts part."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.synthesis import SharedFrames, frame_change
from support.networks import pictures, shapesnet

LAYER = "mixed2"


def film(parameterization, seed=0, frames=5, steps=24):
    share = np.linspace(0, 1, frames)
    objective = (1 - share) * fv.channel(LAYER, [3] * frames) + share * fv.channel(LAYER, [8] * frames)
    options = {"steps": steps, "size": 48, "seed": seed, "progress": False, "dead": "mark"}
    return fv.maximize(shapesnet(), objective, parameterization=parameterization, **options)


def test_without_shared_values_it_is_fourier():
    whole, half = SharedFrames(own=1.0), SharedFrames(own=0.5)
    parameters = tf.constant(whole.start([0, 1], [5, 5], 30, 41))
    own = fv.Fourier().start([0, 1], [5, 5], 30, 41)
    for space, share in ((whole, 1.0), (half, 0.5)):
        expected = fv.Fourier().decode(tf.constant(share * own, tf.float32), 30, 41)
        np.testing.assert_allclose(space.decode(parameters, 30, 41), expected, atol=1e-6)


def test_what_is_shared_is_the_mean_of_the_copies_enlarged():
    space = SharedFrames(shares=[4])
    parameters = space.start([0, 1], [5, 5], 16, 16)
    before = np.arctanh(space.decode(tf.constant(parameters), 16, 16))
    parameters[0, -3 * 16 :] += 1.0  # one copy: each frame sees half of it
    after = np.arctanh(space.decode(tf.constant(parameters), 16, 16))
    expected = np.broadcast_to(space.mix.sum(axis=1) / 2, after.shape)
    np.testing.assert_allclose(after - before, expected, atol=1e-4)


def test_shared_frames_stay_together():
    shared, equal = film(SharedFrames()), film(fv.Fourier())
    different = film(fv.Fourier(), seed=list(range(5)))
    changes = [frame_change(result.images) for result in (shared, equal, different)]
    assert changes[0] < 0.8 * min(changes[1:]), changes
    ends = [0, -1]
    assert (shared.activations[ends] > 0.5 * equal.activations[ends]).all()


def test_the_frames_are_one_batch_and_have_no_way_back():
    with pytest.raises(ValueError, match="climbed as one batch"):
        fv.maximize(shapesnet(), fv.channel(LAYER, [3, 8]), parameterization=SharedFrames(), size=48, batch=1)
    with pytest.raises(ValueError, match="cannot turn an image into parameters"):
        fv.maximize(shapesnet(), fv.channel(LAYER, 3), parameterization=SharedFrames(), start=pictures(1, 48))
    with pytest.raises(ValueError, match="SharedFrames: shares must be a whole number from 1 to 64"):
        SharedFrames([0])
    with pytest.raises(ValueError, match="SharedFrames: own must be above 0 and at most 1; got 2"):
        SharedFrames(own=2)


def test_the_change_from_frame_to_frame_is_a_share_of_the_range():
    frames = np.stack([np.full((4, 4, 3), value, np.float32) for value in (-1, 1, 0)])
    assert frame_change(frames) == pytest.approx((1 + 0.5) / 2)
    with pytest.raises(ValueError, match="two or more frames; got 1"):
        frame_change(frames[:1])
