"""The diversity term against numpy, its gradient, its groups; and the measure of how alike pictures are."""

import featviz_helpers as fv
import numpy as np
import pytest
import tensorflow as tf
from featviz_helpers.synthesis import Diversity, pairwise_similarity
from support.networks import pictures, shapesnet

LAYER = "mixed1"
CLOSE = 1e-3


def numpy_cosines(maps):
    """The cosines of the Gram matrices of all pairs: (N, N), one place and one channel pair at a time."""
    grams = np.array([sum(np.outer(place, place) for row in one for place in row) for one in maps.astype(float)])
    flat = grams.reshape(len(grams), -1)
    return flat @ flat.T / np.outer(*[np.linalg.norm(flat, axis=1)] * 2)


def values(maps, groups):
    term = Diversity(LAYER, groups).spread(maps.shape[0])
    return term.value(tf.convert_to_tensor(maps), {name: tf.constant(own) for name, own in term.units.items()})


def maps(count=5, seed=0):
    return np.maximum(np.random.default_rng(seed).normal(size=(count, 3, 4, 6)), 0).astype(np.float32)


def test_the_value_is_minus_half_the_summed_cosines_of_the_group():
    groups, cosines = np.array([7, 2, 7, 2, 7]), numpy_cosines(maps())
    expected = [-0.5 * sum(cosines[i, j] for j in range(5) if j != i and groups[i] == groups[j]) for i in range(5)]
    np.testing.assert_allclose(values(maps(), groups), expected, rtol=1e-5)
    pairs = sum(cosines[i, j] for i in range(5) for j in range(i) if groups[i] == groups[j])
    assert values(maps(), groups).numpy().sum() == pytest.approx(-pairs, rel=1e-5), "a group's values are its pairs"


def test_by_default_all_pictures_of_a_call_are_one_group():
    np.testing.assert_allclose(values(maps(), None), values(maps(), [3] * 5))


def test_the_gradient_is_that_of_finite_differences():
    given, step = maps(3).astype(np.float32), 1e-2
    with tf.GradientTape() as tape:
        variable = tf.Variable(given)
        total = tf.reduce_sum(values(variable, None))
    slope = tape.gradient(total, variable).numpy()
    for place in [(0, 0, 0, 0), (1, 2, 3, 5), (2, 1, 1, 2)]:
        up, down = given.copy(), given.copy()
        up[place] += step
        down[place] -= step

        def pair_sum(x):
            return -(numpy_cosines(x).sum() - 3) / 2

        assert slope[place] == pytest.approx((pair_sum(up) - pair_sum(down)) / (2 * step), rel=1e-2, abs=1e-5)


def test_groups_do_not_feel_each_other():
    variable = tf.Variable(maps(4))
    with tf.GradientTape() as tape:
        first = tf.reduce_sum(values(variable, [0, 0, 1, 1])[:2])
    slope = tape.gradient(first, variable).numpy()
    assert np.abs(slope[:2]).max() > 0
    assert (slope[2:] == 0).all()


def test_maps_without_any_activation_are_no_nan():
    dark = np.concatenate([np.zeros((1, 3, 4, 6), np.float32), maps(2)])
    variable = tf.Variable(dark)
    with tf.GradientTape() as tape:
        total = values(variable, None)
    assert np.isfinite(total).all()
    assert np.isfinite(tape.gradient(total, variable)).all()


def climb(channels, groups, weight, **options):
    objective = fv.channel(LAYER, channels) + weight * Diversity(LAYER, groups)
    return fv.maximize(shapesnet(), objective, **({"steps": 16, "size": 48, "progress": False} | options))


def test_it_pushes_pictures_apart_and_one_seed_is_enough():
    alike, apart = (climb([3] * 3, None, weight).images for weight in (0.0, 4.0))
    assert len(np.unique(alike, axis=0)) == 3, "the members of a group start from noise of their own"
    close, far = (pairwise_similarity(shapesnet(), images, LAYER) for images in (alike, apart))
    assert far < close - 0.05


def test_a_picture_does_not_depend_on_what_is_beside_its_group():
    """Starts and draws are the same; the pixels differ by the rounding of another batch."""
    alone = climb([3, 3], [3, 3], 2.0, steps=2, transforms=[fv.Jitter(3)], snapshots=[0])
    among = climb([5, 3, 5, 3, 5], [5, 3, 5, 3, 5], 2.0, steps=2, transforms=[fv.Jitter(3)], snapshots=[0])
    np.testing.assert_array_equal(among.snapshots[0][[1, 3]], alone.snapshots[0])
    np.testing.assert_allclose(among.terms[[1, 3]], alone.terms, rtol=CLOSE, atol=1e-5)
    other = climb([3, 3, 3], [3, 3, 3], 2.0, steps=2, transforms=[fv.Jitter(3)])
    assert np.abs(other.terms[:2, 1] - alone.terms[:, 1]).min() > 0.1, "a third of the group is felt"


def test_the_same_call_gives_the_same_pictures():
    first, second = (climb([3, 3, 5, 5], [3, 3, 5, 5], 2.0, transforms=[fv.standard()]).images for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_score_of_finished_pictures_is_what_the_climb_reports():
    result = climb([3, 3, 5, 5], [3, 3, 5, 5], 2.0)
    objective = Diversity(LAYER, [3, 3, 5, 5])
    np.testing.assert_allclose(fv.score(shapesnet(), objective, result.images), result.terms[:, 1], rtol=CLOSE)


def test_one_picture_alone_is_refused():
    with pytest.raises(ValueError, match=r"a picture alone has no other; got 1 picture, .* Ask for two or more"):
        climb([3], None, 1.0)
    with pytest.raises(ValueError, match=r"one only in group 5"):
        climb([3, 3, 5], [3, 3, 5], 1.0)
    with pytest.raises(ValueError, match=r"two or more, to make a pair; got 1"):
        pairwise_similarity(shapesnet(), pictures(1, 48), LAYER)


def test_what_is_no_group_or_has_no_map_is_refused():
    with pytest.raises(ValueError, match="Diversity: groups must be a whole number"):
        Diversity(LAYER, [0.5, 1])
    with pytest.raises(ValueError, match="'logits' of shapesnet has no map"):
        fv.maximize(shapesnet(), fv.channel(LAYER, [3, 3]) + Diversity("logits"), steps=1, size=48)
    with pytest.raises(ValueError, match="features must be one of 'gram', 'mean'"):
        pairwise_similarity(shapesnet(), pictures(2, 48), LAYER, features="max")


@pytest.mark.parametrize("features", ["gram", "mean"])
def test_likeness_is_the_mean_cosine_of_the_pairs(features):
    images = pictures(3, 48)
    seen = shapesnet().activations(images, LAYER)
    if features == "gram":
        cosines = numpy_cosines(seen)
    else:
        means = seen.mean(axis=(1, 2))
        cosines = means @ means.T / np.outer(*[np.linalg.norm(means, axis=1)] * 2)
    expected = (cosines[0, 1] + cosines[0, 2] + cosines[1, 2]) / 3
    assert pairwise_similarity(shapesnet(), images, LAYER, features=features) == pytest.approx(expected, rel=1e-4)
    assert pairwise_similarity(shapesnet(), images[[0, 0]], LAYER, features=features) == pytest.approx(1, abs=1e-4)
