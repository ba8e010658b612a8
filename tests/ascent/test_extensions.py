"""What Part II adds from outside: an objective, an objective that couples its batch, a parameterization without a way
back."""

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent import step as engine
from featviz_helpers.common.random_streams import start_uniform
from support.networks import pictures, shapesnet
from support.objectives import GramDistance, gram

LAYER = "mixed1"
CLOSE = 1e-2  # relative; a graphics card multiplies in TF32


class Repulsion(fv.ascent.Term):
    """Minus the likeness of an image's mean activations to those of the others in its batch."""

    couples = True

    def value(self, activation, units):
        means = tf.math.l2_normalize(tf.reduce_mean(activation, axis=[1, 2]), axis=1)
        return -(tf.reduce_sum(means @ tf.transpose(means), axis=1) - 1.0)


class Decoder(fv.ascent.Parameterization):
    """Images of a small fixed network with a latent vector of eight numbers."""

    def __init__(self, seed=0):
        side = {"kernel_initializer": keras.initializers.VarianceScaling(4.0, seed=seed)}
        layers = [keras.layers.Dense(8 * 8 * 4, **side), keras.layers.Reshape((8, 8, 4))]
        layers += [keras.layers.Conv2DTranspose(3, 6, 6, activation="tanh", **side)]
        self.network = keras.Sequential([keras.Input((8,)), *layers])

    def start(self, seeds, keys, height, width):
        return np.stack([2 * start_uniform(s, k, (8,)) - 1 for s, k in zip(seeds, keys, strict=True)])

    def decode(self, parameters, height, width):
        return self.network(parameters)


@pytest.fixture(scope="module")
def target():
    maps = shapesnet().activations(pictures(1, 64), LAYER)
    return gram(tf.constant(maps)).numpy()


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"tile": 32}, marks=pytest.mark.slow),
        pytest.param({"jit": True}, marks=pytest.mark.slow),
        pytest.param({"precision": "mixed_bfloat16"}, marks=pytest.mark.slow),
        pytest.param({"precision": "mixed_float16"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_an_objective_from_outside_is_climbed(target, options):
    start = 0.3 * pictures(3, 64)[1:]
    objective = GramDistance(LAYER, target)
    result = fv.maximize(
        shapesnet(), objective, start=start, steps=24, optimizer=fv.Adam(0.02), progress=False, **options
    )
    far = result.history["objective"][0]
    assert (result.activations > 0.5 * far).all(), "the distance is halved"
    if not options:
        np.testing.assert_allclose(fv.score(shapesnet(), objective, result.images), result.activations, rtol=CLOSE)


def test_an_objective_from_outside_adds_scales_and_is_named(target):
    both = 2 * GramDistance(LAYER, target) - fv.channel(LAYER, [3, 4])
    assert both.broadcast(2).names()[1] == f"2 GramDistance {LAYER} - {LAYER}:4"
    one, other = GramDistance(LAYER, target).keys(), GramDistance(LAYER, target + 1).keys()
    assert one != other, "another target, another start"


@pytest.mark.slow
def test_targets_are_numbers_and_not_structure(target):
    backbone = fv.Backbone(shapesnet().model)
    for scale in (1.0, 0.5):
        fv.maximize(backbone, GramDistance(LAYER, scale * target), steps=2, size=64, progress=False)
    assert list(engine.trace_counts(backbone).values()) == [1]


@pytest.mark.slow
def test_a_coupled_batch_is_neither_split_nor_padded(monkeypatch):
    monkeypatch.setattr("featviz_helpers.common.memory.PIXELS", 2 * 48 * 48)
    start = np.clip(0.5 * pictures(3, 48), -1, 1)
    objective = fv.channel(LAYER, [3, 4, 5]) + 4 * Repulsion(LAYER)
    result = fv.maximize(shapesnet(), objective, start=start, steps=8, progress=False)
    expected = fv.score(shapesnet(), Repulsion(LAYER), result.images, batch=1)
    np.testing.assert_allclose(result.terms[:, 1], expected, rtol=CLOSE, atol=1e-4)
    alone = [fv.score(shapesnet(), Repulsion(LAYER), picture[None])[0] for picture in result.images]
    assert np.abs(expected - alone).min() > 0.1, "among others a picture has another value than alone"
    with pytest.raises(ValueError, match="climbed as one batch"):
        fv.maximize(shapesnet(), objective, start=start, steps=1, batch=2)
    with pytest.raises(ValueError, match="the same sizes"):
        fv.maximize(shapesnet(), objective, start=start, steps=1, octaves=fv.Octaves([1, 2, 2], 1.2))


def test_coupled_weights_are_undone_by_one_factor():
    """Each image's gradient holds a share of the others' values, so a weight of its own must not rescale it."""
    start = np.clip(0.5 * pictures(2, 48), -1, 1)
    network, weights = shapesnet().truncate(LAYER), np.float32([8.0, 2.0])
    with tf.GradientTape() as tape:
        images = tf.Variable(start)
        total = tf.reduce_sum(weights * Repulsion(LAYER).value(network(images), {}))
    slope = tape.gradient(total, images).numpy()
    result = fv.maximize(
        shapesnet(), [8.0, 2.0] * Repulsion(LAYER), start=start, steps=1, optimizer=fv.GradientAscent(0.01)
    )
    np.testing.assert_allclose(result.history["gradient_norm"][0], np.sqrt((slope**2).sum(axis=(1, 2, 3))), rtol=CLOSE)


@pytest.mark.slow
def test_a_latent_climbs_without_a_way_back():
    objective, decoder = fv.channel(LAYER, [3, 4]), Decoder()
    result = fv.maximize(
        shapesnet(), objective, parameterization=decoder, steps=24, size=48, dead="mark", snapshots=[0], progress=False
    )
    assert (result.activations > fv.score(shapesnet(), objective, result.snapshots[0]) + 0.02).all()
    options = {"steps": 1, "size": 48, "dead": "mark", "snapshots": [0], "progress": False}
    other = fv.maximize(shapesnet(), objective, parameterization=Decoder(seed=1), **options)
    # A step compiled for the first decoder would see the first decoder's images.
    seen = fv.score(shapesnet(), objective, other.snapshots[0])
    np.testing.assert_allclose(other.history["objective"][0], seen, rtol=CLOSE)


@pytest.mark.parametrize(
    "options",
    [{"start": np.zeros((48, 48, 3))}, {"projections": [fv.GaussianBlur(1.0)]}, {"octaves": fv.Octaves(2, 1.2)}],
    ids=["start", "projections", "octaves"],
)
def test_what_needs_the_way_back_is_refused_with_a_sentence(options):
    with pytest.raises(ValueError, match="Decoder cannot turn an image into parameters"):
        fv.maximize(shapesnet(), fv.channel(LAYER, 3), parameterization=Decoder(), steps=1, size=48, **options)
