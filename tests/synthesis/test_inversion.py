"""Inversion against the definition: 0 at the image itself, the image back where nothing is lost."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.synthesis import FeatureDistance, feature_distance, invert
from support.attribution_networks import identity
from support.networks import pictures, shapesnet


def by_hand(pictures, images, layer):
    ours, theirs = (shapesnet().activations(one, layer).astype(float) for one in (pictures, images))
    axes = tuple(range(1, ours.ndim))
    return ((ours - theirs) ** 2).sum(axis=axes) / (theirs**2).sum(axis=axes)


@pytest.mark.parametrize("layer", ["mixed1", "logits"])
def test_the_distance_is_relative_and_zero_at_the_image(layer):
    images, others = pictures(3, 40), pictures(3, 40, seed=1)
    assert not feature_distance(shapesnet(), images, images, layer).any()
    np.testing.assert_allclose(
        feature_distance(shapesnet(), others, images, layer), by_hand(others, images, layer), rtol=1e-4
    )
    one = feature_distance(shapesnet(), others, images[:1], layer)
    np.testing.assert_allclose(one, by_hand(others, images[[0, 0, 0]], layer), rtol=1e-4)
    term = FeatureDistance(layer, shapesnet().activations(images, layer))
    np.testing.assert_allclose(fv.score(shapesnet(), term, others), by_hand(others, images, layer), rtol=1e-4)


def test_a_copy_gives_the_image_back():
    images = pictures(2, 32)
    found = invert(identity(), images, "copy", penalties=[], steps=150, progress=False, optimizer=fv.Adam(0.05))
    assert (-found.activations < 0.01).all()
    assert np.abs(found.images - images).mean() < 0.06
    far = invert(identity(), images, "copy", penalties=[], steps=5, progress=False)
    assert (-far.activations > 0.2).all()


def test_each_image_is_met_by_its_own_picture_in_any_batch():
    images = fv.shapes.draw(3, 4).images
    found = invert(shapesnet(), images, "mixed0", steps=25, progress=False)
    reached = feature_distance(shapesnet(), found.images, images, "mixed0")
    np.testing.assert_allclose(-found.activations, reached, rtol=1e-3)
    wrong = feature_distance(shapesnet(), found.images, np.roll(images, 1, axis=0), "mixed0")
    assert (reached < 0.5 * wrong).all()
    alone = invert(shapesnet(), images[1:2], "mixed0", steps=25, progress=False)
    assert alone.activations[0] == pytest.approx(found.activations[1], abs=0.05)


def test_a_start_is_where_it_begins():
    images, start = fv.shapes.draw(1, 4).images, fv.shapes.draw(1, 9).images
    found = invert(shapesnet(), images, "mixed2", start=start, steps=20, progress=False, snapshots=[0])
    np.testing.assert_allclose(found.snapshots[0], start, atol=1e-5)
    assert -found.activations[0] < feature_distance(shapesnet(), start, images, "mixed2")[0]


def test_the_second_image_compiles_nothing():
    images = pictures(2, 40)
    invert(shapesnet(), images[:1], "mixed1", steps=2, progress=False)
    known = dict(shapesnet().functions)
    invert(shapesnet(), images[1:], "mixed1", steps=3, progress=False, start=pictures(1, 40, seed=5))
    assert shapesnet().functions == known


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda n, x: invert(n, x, "mixed9"), "no layer 'mixed9': did you mean mixed"),
        (lambda n, x: invert(n, 2 * x, "mixed1"), r"must lie in \[-1, 1\]"),
        (
            lambda n, x: invert(n, x, "mixed1", start=x[:1, :32]),
            r"size of the images, \(40, 40\); got an array of shape \(1, 32, 40, 3\)",
        ),
        (lambda n, x: invert(n, x, "mixed1", octaves=fv.Octaves(2)), "takes no octaves"),
        (lambda n, x: feature_distance(n, x, x[:1, :32], "mixed1"), "same shape, or one"),
        (lambda n, x: feature_distance(n, x, x[:2], "mixed1"), "same shape, or one"),
        (lambda n, x: invert(identity(), x, "logits"), "no class scores"),
        (lambda n, x: FeatureDistance("mixed1", np.zeros((1, 5, 5, 7))).resolve(n), "must have .* channels"),
        (
            lambda n, x: fv.score(n, FeatureDistance("mixed1", np.zeros((1, 5, 5, n.layers["mixed1"]))), x),
            r"Features \(5, 5, \d+\) do not fit 'mixed1' of shapesnet, which has \(.*\) on images of 40 x 40",
        ),
    ],
)
def test_mistakes_are_explained_in_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make(shapesnet(), pictures(3, 40))
