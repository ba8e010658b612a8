"""Mosaics, shares inside masks, and deletion and insertion curves."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.attribution import controls
from featviz_helpers.attribution.curves import removal_curves
from featviz_helpers.attribution.pointing import grid_pointing, mosaics, share_inside
from scipy.special import softmax
from support.networks import pictures, shapesnet


def flags(count, size=16):
    """One colour for each class, which can be read off a mosaic."""
    labels = np.arange(count) % 6
    return np.broadcast_to((labels / 6)[:, None, None, None], (count, size, size, 3)).astype(np.float32), labels


def test_a_mosaic_has_four_classes_where_it_says():
    images, labels = flags(12)
    made = mosaics(images, labels, 20, seed=1)
    assert made.images.shape == (20, 32, 32, 3)
    assert all(len(set(row)) == 4 for row in made.labels.tolist())
    corners = made.images[:, [0, 0, -1, -1], [0, -1, 0, -1], 0]
    np.testing.assert_allclose(corners * 6, made.labels, atol=1e-5)
    assert not np.array_equal(made.labels, mosaics(images, labels, 20, seed=2).labels)


def test_who_knows_the_class_scores_one_and_who_does_not_a_quarter():
    made = mosaics(*flags(12, 32), 5)

    def oracle(backbone, objective, images):
        return (np.abs(images[..., 0] - objective.units["channel"][:, None, None] / 6) < 0.01).astype(float)

    np.testing.assert_allclose(grid_pointing(oracle, shapesnet(), made), 1.0)
    np.testing.assert_allclose(grid_pointing(lambda b, o, x: np.ones(x.shape[:3]), shapesnet(), made), 0.25)
    assert not grid_pointing(lambda b, o, x: -np.ones(x.shape[:3]), shapesnet(), made).any()


def test_only_what_is_positive_counts():
    maps = np.array([[[3.0, 1.0], [-5.0, 0.0]]])
    mask = np.array([[True, False], [True, False]])
    assert share_inside(maps, mask).tolist() == [0.75]
    assert share_inside(maps, ~mask[None]).tolist() == [0.25]


@pytest.mark.slow
def test_grad_cam_points_at_objects_and_at_quarters():
    shapes = fv.shapes.draw(32, seed=3, masks=True)
    made = mosaics(shapes.images, shapes.labels, 6)
    assert grid_pointing(fv.attribution.grad_cam, shapesnet(), made).mean() > 0.6
    objects = shapes.masks.any(axis=(1, 2))
    maps = fv.attribution.occlusion(
        shapesnet(), fv.class_score(shapes.labels[objects].tolist()), shapes.images[objects]
    )
    assert share_inside(maps, shapes.masks[objects]).mean() > 1.15 * shapes.masks[objects].mean()


@pytest.mark.parametrize("baseline", ["grey", "blur"])
def test_curves_begin_and_end_where_they_must(baseline):
    images, classes = pictures(2, 48), [4, 9]
    curves = removal_curves(shapesnet(), classes, images, controls.random_map(images), baseline, points=5)
    ends = (images, fv.attribution.baseline_images(images, baseline))
    whole, nothing = (softmax(shapesnet().activations(x, "logits"), axis=1)[[0, 1], classes] for x in ends)
    assert curves.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    for curve in (curves.deletion, curves.insertion[:, ::-1]):
        np.testing.assert_allclose(curve[:, 0], whole, rtol=1e-5)
        np.testing.assert_allclose(curve[:, -1], nothing, rtol=1e-5)


def test_insertion_is_deletion_backwards_in_the_opposite_order():
    images, maps = pictures(2, 48), controls.random_map(pictures(2, 48))
    one, other = (removal_curves(shapesnet(), 4, images, m, points=6, probability=False) for m in (maps, -maps))
    np.testing.assert_allclose(one.insertion[:, ::-1], other.deletion, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(one.relevance_gain, -other.relevance_gain, atol=1e-4)
    np.testing.assert_allclose(one.relevance_gain, other.deletion_area - one.deletion_area, atol=1e-4)


def test_equal_values_go_row_by_row():
    images = fv.shapes.draw(1, seed=0).images
    flat, falling = np.zeros((1, 64, 64)), -np.arange(4096.0).reshape(1, 64, 64)
    a, b = (removal_curves(shapesnet(), 4, images, maps, points=9) for maps in (flat, falling))
    np.testing.assert_allclose(a.deletion, b.deletion, rtol=1e-6)


def test_controls_know_the_image_at_most():
    images = np.zeros((2, 32, 48, 3), np.float32)
    images[:, :, 24:] = 1.0
    blob = controls.centre_blob(images)[0]
    assert np.unravel_index(blob.argmax(), blob.shape) in {(15, 23), (15, 24), (16, 23), (16, 24)}
    edge = controls.edges(images)
    assert edge[:, :, 23:25].min() > 0.3
    assert not edge[:, :, :22].any()
    np.testing.assert_array_equal(controls.random_map(images[1:]), controls.random_map(images)[1:])
    assert controls.random_map(images, seed=1)[0].mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("kind", [bool, np.uint8])
def test_a_mask_is_a_map_too(kind):
    images, maps = pictures(1, 48), np.zeros((1, 48, 48))
    maps[:, :9] = 1
    one, other = (removal_curves(shapesnet(), 4, images, m, points=4) for m in (maps, maps.astype(kind)))
    np.testing.assert_array_equal(one.deletion, other.deletion)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: mosaics(x, [0, 1, 2], 3), "of four classes at least; got .0, 1, 2"),
        (lambda x: mosaics(x, [0, 1], 3), "one class for each image"),
        (
            lambda x: share_inside(np.ones((3, 4, 4)), np.full((4, 4), 255, np.uint8)),
            "an array of True and False",
        ),
        (
            lambda x: share_inside(np.ones((3, 4, 4)), np.ones((4, 5))),
            r"of shape \(3, 4, 4\) or \(4, 4\), like the maps; got an array of shape \(4, 5\)",
        ),
        (
            lambda x: removal_curves(shapesnet(), 4, x, np.ones((3, 4, 4))),
            r"need maps \(3, 48, 48\); got an array of shape \(3, 4, 4\)",
        ),
        (
            lambda x: removal_curves(shapesnet(), 4, x, np.full((3, 48, 48), np.nan)),
            "all of them finite; got .* NaN or infinity",
        ),
        (lambda x: removal_curves(shapesnet(), 4, x, np.ones((3, 48, 48)), points=1), "points must be a whole number"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make(pictures(3, 48))
