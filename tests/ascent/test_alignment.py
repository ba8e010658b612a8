"""Distribution alignment: what the distance is, that it does not ask where, and that it is climbed."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.ascent.alignment import LEVELS, alignment, alignment_layers, quantiles
from featviz_helpers.common.random_streams import image_key
from support.networks import pictures, shapesnet

LAYER = "mixed1"


def test_quantiles_are_the_sorted_values_of_each_channel():
    maps = np.random.default_rng(0).normal(size=(2, 9, 11, 3)).astype(np.float32)
    expected = np.quantile(maps.reshape(2, -1, 3), np.linspace(0, 1, LEVELS), axis=1).transpose(1, 2, 0)
    np.testing.assert_allclose(quantiles(tf.constant(maps)), expected, atol=1e-5)


def test_an_image_is_aligned_to_itself_and_to_its_places_in_any_order():
    images, other = pictures(1, 64), pictures(1, 64, seed=1)
    objective = alignment(shapesnet(), [LAYER], [3], [images])
    own, far = fv.score(shapesnet(), objective, images)[0], fv.score(shapesnet(), objective, other)[0]
    assert own == pytest.approx(0, abs=1e-5)
    (term,) = objective.terms
    maps = shapesnet().activations(other, LAYER)
    apart = np.square(quantiles(tf.constant(maps)).numpy() - term.units["target"]).mean()
    assert far == pytest.approx(-apart / np.square(term.units["target"]).mean(), rel=1e-3)
    shuffled = tf.constant(np.random.default_rng(0).permuted(maps.reshape(1, -1, maps.shape[3]), axis=1))
    mixed = tf.reshape(shuffled, maps.shape)
    units = {name: tf.constant(values) for name, values in term.units.items()}
    np.testing.assert_allclose(term.value(mixed, units), term.value(tf.constant(maps), units), rtol=1e-4)


@pytest.mark.slow
def test_a_picture_comes_nearer_to_its_own_references_than_to_others():
    sets = [fv.ShapesImages(64, seed=seed).load(3, 64)[None] for seed in (1, 2)]
    layers = alignment_layers(shapesnet(), "mixed2")
    assert layers == ["mixed0", "mixed1", "mixed2"]
    objective = alignment(shapesnet(), layers, [4, 5], sets)
    result = fv.maximize(shapesnet(), objective, steps=24, size=64, optimizer=fv.Adam(0.02), progress=False)
    crossed = fv.score(shapesnet(), alignment(shapesnet(), layers, [4, 5], sets[::-1]), result.images)
    assert (result.activations > crossed + 0.1).all()
    assert result.labels[1].startswith("alignment mixed0:5")


def test_a_start_depends_on_the_channel_and_not_on_the_last_bits_of_a_target():
    one, other = (alignment(shapesnet(), [LAYER], [7], [images]) for images in (pictures(1, 48), pictures(1, 48, 1)))
    assert one.keys() == other.keys() == [image_key(("alignment", 7))]
    with pytest.raises(ValueError, match="references for every image; got 1 for 2"):
        alignment(shapesnet(), [LAYER], [7, 8], [pictures(1, 48)])


def test_references_may_be_rows_of_one_array():
    sets = np.stack([pictures(2, 48), pictures(2, 48, 1)])
    (one,), (other,) = (alignment(shapesnet(), [LAYER], [3, 4], given).terms for given in (sets, list(sets)))
    np.testing.assert_array_equal(one.units["target"], other.units["target"])


@pytest.mark.parametrize(
    ("layer", "channels", "images", "options", "words"),
    [
        (LAYER, [3], [fv.to_uint8(pictures(1, 48))], {}, "images must be floats in"),
        (LAYER, [3], [2 * pictures(1, 48)], {}, "must lie in"),
        (LAYER, [3, 4], [pictures(1, 48), pictures(1, 64)], {}, r"one size; got \[\(48, 48\), \(64, 64\)\]"),
        (LAYER, [3], [pictures(1, 48)], {"batch": 0}, "batch must be a whole number, 1 or more; got 0"),
        (LAYER, [], [], {}, "channels must be a whole number"),
        ("logits", [3], [pictures(1, 48)], {}, "'logits' of shapesnet has no map"),
    ],
)
def test_references_that_cannot_be_compared_are_refused(layer, channels, images, options, words):
    with pytest.raises(ValueError, match=words):
        alignment(shapesnet(), [layer], channels, images, **options)
