"""Facets found in the data: known kinds of images are told apart."""

import warnings

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.exemplars import facets
from support.attribution_networks import identity
from support.networks import pictures, shapesnet

LAYER = "mixed3"


@pytest.fixture(scope="module")
def drawn():
    return fv.shapes.draw(60, 0, classes=["fine vertical stripes", "blue disc", "honeycomb"])


def test_three_classes_are_three_facets(drawn):
    found = facets(shapesnet(), drawn.images, 3, LAYER)
    assert sorted(np.concatenate(found.groups)) == list(range(60)), "each image is in one group"
    assert {len(set(drawn.labels[group])) for group in found.groups} == {1}
    assert found.starts.shape == (3, 64, 64, 3)
    for group, start in zip(found.groups, found.starts, strict=True):
        np.testing.assert_allclose(start, drawn.images[group[:15]].mean(axis=0), atol=1e-6)


def test_groups_come_largest_first_and_nearest_first(drawn):
    images = np.concatenate([drawn.images[drawn.labels == label][:count] for label, count in
                             zip(np.unique(drawn.labels), (4, 12, 8), strict=True)])  # fmt: skip
    found = facets(shapesnet(), images, 3, LAYER, nearest=1)
    assert [len(group) for group in found.groups] == [12, 8, 4]
    np.testing.assert_array_equal(found.starts, images[[group[0] for group in found.groups]])
    # 24 images have at most 24 principal components, so distances are those of the means themselves.
    points = shapesnet().activations(images, LAYER).mean(axis=(1, 2))
    for group in found.groups:
        away = np.linalg.norm(points[group] - points[group].mean(axis=0), axis=1)
        assert (np.diff(away) >= -1e-3 * away.max()).all()
    again = facets(shapesnet(), images, 3, LAYER, nearest=1)
    np.testing.assert_array_equal(np.concatenate(again.groups), np.concatenate(found.groups))


def test_starts_are_taken_by_an_ascent(drawn):
    starts = facets(shapesnet(), drawn.images, 3, LAYER).starts
    result = fv.maximize(shapesnet(), fv.channel(LAYER, 32), start=starts, steps=2, progress=False, dead="mark")
    assert result.images.shape == starts.shape


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "One facet is all images together: count must be 2 or more; got 1"),
        (6, "6 facets need as many images or more; got 5. Give more images of the channel, or ask for 5 facets"),
        (0, "count must be a whole number from 1 to 100; got 0"),
        (2.5, "count must be a whole number"),
    ],
)
def test_counts_that_make_no_facets_are_refused(count, words):
    with pytest.raises(ValueError, match=words):
        facets(shapesnet(), pictures(5, 48), count, LAYER)


def test_fewer_kinds_on_the_components_than_facets_are_named():
    corners = np.float32([[0.5, 0.25, 0], [0.5, -0.25, 0], [-0.5, 0.25, 0], [-0.5, -0.25, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of k-means
        with pytest.raises(ValueError, match="On 1 components 'copy' sees 2 kinds of images, too few for count 4"):
            facets(identity(), np.tile(corners[:, None, None], (1, 8, 8, 1)), 4, "copy", components=1)


def test_fewer_kinds_than_facets_are_named(drawn):
    alike = np.repeat(drawn.images[:1], 4, axis=0)
    with pytest.raises(ValueError, match="sees 1 kinds of images among these, too few for count 3"):
        facets(shapesnet(), alike, 3, LAYER)
