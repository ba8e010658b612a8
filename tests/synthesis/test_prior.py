"""Ascent in the code of a generator: limits, decay, what can be drawn at all, and what is refused."""

import hashlib
import json

import featviz_helpers as fv
import keras
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.assets.locate import bundled
from featviz_helpers.models.shapes_generator import CODE, HELD_OUT
from featviz_helpers.synthesis import CPPN, GeneratorPrior, shapes_prior
from keras import layers
from support.networks import pictures, shapesnet

SIDE = 40


def linear(code=(3,), activation="tanh", channels=3, side=SIDE):
    """A generator whose pictures, before tanh, are sums of as many fixed pictures as the code has numbers."""
    z = keras.Input(code)
    normal = keras.initializers.RandomNormal(stddev=0.2, seed=1)
    x = layers.Dense(side * side * channels, use_bias=False, kernel_initializer=normal, name="sums")(
        layers.Flatten()(z)
    )
    return keras.Model(z, layers.Reshape((side, side, channels))(layers.Activation(activation)(x)))


@pytest.fixture(scope="module")
def prior():
    return shapes_prior()


@pytest.mark.parametrize("code", [(3,), (2, 2, 2)])
def test_every_picture_is_one_that_the_generator_can_draw(code):
    generator = linear(code)
    prior = GeneratorPrior(generator, -9.0, 9.0)
    result = fv.maximize(
        shapesnet(), fv.channel("mixed0", [0, 5]), parameterization=prior, steps=12, size=SIDE, progress=False
    )
    assert (result.history["objective"][-1] > result.history["objective"][0]).all()
    basis = generator.get_layer("sums").kernel.numpy()
    flat = np.arctanh(np.clip(result.images.reshape(2, -1).astype(float), -0.999999, 0.999999))
    codes, *_ = np.linalg.lstsq(basis.T, flat.T, rcond=None)
    np.testing.assert_allclose(np.tanh(basis.T @ codes), result.images.reshape(2, -1).T, atol=1e-4)


def test_codes_shrink_and_stay_between_the_limits_of_each_unit():
    low, high = np.array([-1.0, 0.0, 2.0]), np.array([1.0, 3.0, 4.0])
    prior = GeneratorPrior(linear(), low, high, decay=0.1)
    moved = prior.constrain(tf.constant([[0.5, 5.0, 2.1], [-8.0, -1.0, 9.0]])).numpy()
    np.testing.assert_allclose(moved, [[0.45, 3.0, 2.0], [-1.0, 0.0, 4.0]], rtol=1e-6)


def test_limits_hold_to_the_end_of_a_climb():
    """A generator that shows its code: three flat colours."""
    z = keras.Input((3,))
    flat = keras.Model(z, layers.Reshape((SIDE, SIDE, 3))(layers.RepeatVector(SIDE * SIDE)(z)))
    low, high = np.array([-0.2, -0.4, 0.0]), np.array([0.1, 0.3, 0.8])
    made = fv.maximize(
        shapesnet(),
        fv.channel("mixed0", list(range(8))),
        parameterization=GeneratorPrior(flat, low, high),
        optimizer=fv.Adam(0.2),
        steps=12,
        size=SIDE,
        dead="mark",
        progress=False,
    ).images
    made = made[np.isfinite(made).all(axis=(1, 2, 3))]
    assert len(made) and (made >= low - 1e-6).all() and (made <= high + 1e-6).all()
    assert np.isclose(made, low, atol=1e-6).any() or np.isclose(made, high, atol=1e-6).any(), "some limit is reached"


def test_an_image_starts_alike_alone_and_in_a_batch(prior):
    both = prior.start([3, 3], [10, 11], 64, 64)
    np.testing.assert_array_equal(both[1:], prior.start([3], [11], 64, 64))
    assert (both[0] != both[1]).any() and (both >= prior.low).all() and (both <= prior.high).all()


def test_pictures_of_another_size_are_resized(prior):
    codes = prior.start([0], [0], 64, 64)
    assert prior.decode(tf.constant(codes), 96, 80).shape == (1, 96, 80, 3)
    np.testing.assert_array_equal(prior.draw(codes), prior.decode(tf.constant(codes), 64, 64).numpy())


def test_without_an_encoder_there_is_no_way_back():
    prior = GeneratorPrior(linear(), -1.0, 1.0)
    with pytest.raises(ValueError, match="cannot turn an image into parameters"):
        fv.maximize(shapesnet(), fv.channel("mixed0", 0), parameterization=prior, start=pictures(1, SIDE), steps=1)
    with pytest.raises(ValueError, match="cannot turn an image"):
        prior.reconstruct(pictures(1, SIDE))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generator": "a name"}, "generator must be a keras.Model"),
        ({"generator": linear((2, 3))}, r"must take one code of a fixed shape, \(N, d\) or \(N, h, w, d\)"),
        ({"generator": linear(channels=1)}, r"\(N, H, W, 3\); its output has the shape \(8, 40, 40, 1\)"),
        ({"generator": linear(activation="sigmoid"), "low": -1}, None),
        ({"generator": linear(activation="linear"), "high": 99}, r"in \[-1, 1\]; .* run from .* tanh"),
        ({"low": np.zeros(4)}, "low must be a finite number, or an array of the shape of one code"),
        ({"high": "far"}, "high must be a finite number"),
        ({"high": np.nan}, "high must be a finite number"),
        ({"low": 1.0}, "low must be below high"),
        ({"decay": 1.0}, "decay must be from 0 up to below 1"),
        ({"decay": -0.1}, "decay must be"),
        ({"spread": 0}, "spread must be above 0"),
        ({"encoder": 3}, "encoder must be a keras.Model"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"generator": linear(), "low": -1.0, "high": 1.0} | change
    if message is None:
        GeneratorPrior(**given)
        return
    with pytest.raises(ValueError, match=message):
        GeneratorPrior(**given)


def test_two_codes_at_once_are_refused():
    a, b = keras.Input((3,)), keras.Input((3,))
    with pytest.raises(ValueError, match="must take one code"):
        GeneratorPrior(keras.Model([a, b], layers.Add()([a, b])), 0.0, 1.0)


@pytest.mark.parametrize("codes", [np.zeros((1, 4)), np.zeros((0, *CODE)), np.zeros(CODE)])
def test_codes_of_another_shape_are_refused(prior, codes):
    with pytest.raises(ValueError, match=r"codes must be an array \(N, 4, 4, 16\)"):
        prior.draw(codes)


def test_a_cppn_is_a_network_from_coordinates_to_colours():
    cppn = CPPN(width=3, depth=2)
    weights = cppn.start([0, 1], [5, 5], 6, 7)
    made = cppn.decode(tf.constant(weights), 6, 7).numpy()
    assert made.shape == (2, 6, 7, 3) and np.abs(made).max() <= 1
    point = np.sqrt(3) * np.array([2 / 5 * 2 - 1, 3 / 6 * 2 - 1])
    x, first = point, 0
    for layer, (given, width) in enumerate([(3, 3), (7, 3), (7, 3)]):
        matrix = weights[1, first : first + given * width].reshape(given, width)
        x, first = x @ matrix[:-1] + matrix[-1], first + given * width
        x = np.concatenate([np.arctan(x) / 0.67, (np.arctan(x) ** 2 - 0.45) / 0.396]) if layer < 2 else np.tanh(x)
    np.testing.assert_allclose(made[1, 2, 3], x, rtol=1e-5)
    assert first == weights.shape[1]


@pytest.mark.parametrize("width", [2, 3])
def test_only_the_colours_of_a_cppn_start_small(width):
    assert np.abs(CPPN(width, 1).start([0], [1], 8, 8)[0, : 3 * width]).max() > 0.6


def test_a_cppn_climbs():
    result = fv.maximize(
        shapesnet(), fv.channel("mixed0", [0, 5]), parameterization=CPPN(8, 3), steps=24, size=SIDE, progress=False
    )
    assert (result.history["objective"][-1] > result.history["objective"][0]).all()


@pytest.mark.parametrize("given", [{"width": 1}, {"width": 65}, {"depth": 0}, {"depth": 17}])
def test_a_cppn_of_no_size_is_refused(given):
    with pytest.raises(ValueError, match=f"{next(iter(given))} must be a whole number"):
        CPPN(**given)


def test_the_weights_are_the_ones_on_the_card():
    content, record = (
        bundled("shapes_prior.weights.h5").read_bytes(),
        json.loads(bundled("shapes_prior.json").read_text()),
    )
    digest = hashlib.sha256(content).hexdigest()
    assert digest == record["sha256"] and f"`{digest}`" in bundled("shapes_prior.md").read_text()
    assert len(content) == record["bytes"] <= 3_000_000


def test_the_prior_draws_what_was_left_out_of_its_training_too(prior):
    """By the distance that it was trained with, on drawings that the card does not use."""
    from data_scripts.train_prior import KNOWN

    assert not set(KNOWN) & set(HELD_OUT) and len(KNOWN) == 30
    form, gaps = fv.distance("shapesnet"), []
    for classes in (KNOWN, HELD_OUT):
        drawn = fv.shapes.draw(60, 77, classes=classes).images
        strangers = form.pairs(drawn, np.roll(drawn, 1, axis=0)).mean()
        gaps.append(form.pairs(prior.reconstruct(drawn), drawn).mean() / strangers)
    assert max(gaps) < 0.15


def test_random_weights_come_from_their_seed(prior):
    codes = prior.start([0], [0], 64, 64)
    first, again, other = (shapes_prior(trained=False, seed=seed).draw(codes) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.05
    assert shapes_prior(trained=False).encodes is False


@pytest.mark.slow
def test_a_code_leads_to_a_class(prior):
    """The class score rises above that of the start for most classes, and a start image is taken up."""
    names = [0, 6, 25, 28]
    result = fv.maximize(shapesnet(), fv.class_score(names), parameterization=prior, steps=48, size=64, progress=False)
    assert (result.history["objective"][-1] > result.history["objective"][0] + 1).all()
    image = fv.shapes.draw(1, 5, classes=["red disc"]).images
    begun = fv.maximize(
        shapesnet(), fv.class_score(25), parameterization=prior, start=image, steps=1, snapshots=[0], progress=False
    )
    np.testing.assert_allclose(begun.snapshots[0], prior.reconstruct(image), atol=1e-5)
