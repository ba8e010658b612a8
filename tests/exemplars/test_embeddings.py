"""Images as points: one embedding for every batch, neighbours against scikit-learn, maps and grids."""

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers.exemplars import embeddings, flat_maps
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from support.networks import pictures, shapesnet

GENERATOR = np.random.default_rng(0)
POINTS = GENERATOR.normal(size=(40, 6)).astype(np.float32)
LABELS = np.arange(40) % 4


def test_an_embedding_is_the_mean_over_the_map_whatever_the_batch():
    images = pictures(7, 40)
    found = embeddings.embed(shapesnet(), images, ["mixed1", "mixed0", "logits"])
    assert list(found) == ["mixed0", "mixed1", "logits"]
    maps = dict(zip(found, shapesnet().forward(images, *found), strict=True))
    for layer in ("mixed0", "mixed1"):
        np.testing.assert_allclose(found[layer], maps[layer].numpy().mean(axis=(1, 2)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["logits"], maps["logits"], rtol=1e-4, atol=1e-4)
    for batch in (1, 3):
        for layer, again in embeddings.embed(shapesnet(), images, list(found), batch=batch).items():
            np.testing.assert_allclose(again, found[layer], rtol=1e-4, atol=1e-4)
    assert found["mixed1"].dtype == np.float32


def test_a_set_of_images_gives_what_its_images_give():
    data = fv.ShapesImages(5, seed=2)
    whole = embeddings.embed(shapesnet(), fv.shapes.draw(5, seed=2).images, "mixed0")["mixed0"]
    np.testing.assert_allclose(embeddings.embed(shapesnet(), data, "mixed0", batch=2)["mixed0"], whole, rtol=1e-4)


def test_an_image_that_cannot_be_read_is_an_error_and_no_shift_of_rows(tmp_path):
    fv.save_image(pictures(1, 40)[0], tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no image")
    with pytest.warns(fv.common.errors.DamagedImageWarning), pytest.raises(ValueError, match=r"'b.png'.*leave it out"):
        embeddings.embed(shapesnet(), fv.ImageFolder(tmp_path), "mixed0")


@pytest.mark.parametrize("metric", embeddings.METRICS)
def test_votes_are_those_of_scikit_learn(metric):
    judge = KNeighborsClassifier(1, metric=metric, algorithm="brute")
    theirs = cross_val_predict(judge, POINTS, LABELS, cv=LeaveOneOut()) == LABELS
    np.testing.assert_array_equal(embeddings.right_by_neighbours(POINTS, LABELS, 1, metric=metric), theirs)


def test_a_vote_of_five_is_a_majority_and_a_tie_goes_to_the_nearest():
    line = np.array([[0.0], [1], [2.1], [3.3], [4.6]])
    # Neighbours of the first are b, b, a, c: b wins. With two neighbours that differ, the nearer wins.
    assert embeddings.right_by_neighbours(line, list("bbbac"), 4)[0]
    assert embeddings.right_by_neighbours(line, list("bbaaa"), 2)[0]
    assert not embeddings.right_by_neighbours(line, list("aabbb"), 4)[0]


def test_nobody_is_his_own_neighbour_and_groups_stay_apart():
    groups = np.repeat(np.arange(8), 5)
    assert (embeddings.neighbours(POINTS, 3) != np.arange(40)[:, None]).all()
    found = embeddings.neighbours(POINTS, 3, groups)
    assert (groups[found] != groups[:, None]).all()
    assert len(np.unique(embeddings.neighbours(POINTS, 39)[0])) == 39
    longer = POINTS * GENERATOR.uniform(1, 9, (40, 1))
    np.testing.assert_array_equal(*(embeddings.neighbours(points, 4, metric="cosine") for points in (POINTS, longer)))


def test_a_scramble_keeps_pixels_and_distances():
    images = pictures(6, 24)
    mixed = embeddings.scramble(images, seed=1)
    assert mixed.shape == images.shape
    assert not np.array_equal(mixed, images)
    for one, other in zip(images, mixed, strict=True):
        np.testing.assert_array_equal(np.sort(one.reshape(-1, 3), axis=0), np.sort(other.reshape(-1, 3), axis=0))
    np.testing.assert_array_equal(embeddings.neighbours(images, 5), embeddings.neighbours(mixed, 5))
    flat = images.reshape(6, -1).astype(float), mixed.reshape(6, -1).astype(float)
    np.testing.assert_allclose(*(np.linalg.norm(one[:, None] - one, axis=2) for one in flat), atol=1e-6)
    np.testing.assert_array_equal(embeddings.scramble(images[2:3], 1)[0], mixed[2])  # one order for all


def test_kept_neighbours_run_from_none_to_all():
    np.testing.assert_array_equal(flat_maps.kept_neighbours(POINTS, 3 * POINTS + 1, 5), 1)
    by_chance = flat_maps.kept_neighbours(POINTS, GENERATOR.normal(size=(40, 2)), 5).mean()
    assert by_chance == pytest.approx(5 / 39, abs=0.06)
    pairs = np.array([0.0, 1, 10, 11, 20, 21])[:, None]
    np.testing.assert_array_equal(flat_maps.kept_neighbours(pairs, pairs[[0, 1, 2, 4, 3, 5]], 1), [1, 1, 0, 0, 0, 0])


@given(st.integers(2, 30), st.integers(1, 30), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_a_grid_gives_every_image_a_cell_of_its_own(count, columns, seed):
    places = np.random.default_rng(seed).normal(size=(count, 2))
    cells = flat_maps.snap_to_grid(places, min(columns, count))
    assert len(np.unique(cells, axis=0)) == count
    assert cells.min() >= 0 and cells[:, 1].max() < min(columns, count)
    assert cells[:, 0].max() < -(-count // min(columns, count))


def test_what_is_a_grid_already_stays_one():
    rows, columns = np.divmod(np.arange(12), 4)
    order = GENERATOR.permutation(12)
    places = np.stack([columns, -rows], axis=1)[order] * [3.0, 7.0]
    np.testing.assert_array_equal(flat_maps.snap_to_grid(places, 4), np.stack([rows, columns], axis=1)[order])


def test_tsne_repeats_and_parts_what_is_far_apart():
    points = np.concatenate([POINTS[:20], POINTS[:20] + 50])
    flat = flat_maps.tsne(points, perplexity=8, steps=300)
    np.testing.assert_array_equal(flat, flat_maps.tsne(points, perplexity=8, steps=300))
    assert embeddings.right_by_neighbours(flat, np.arange(40) < 20, 5).all()
    assert flat.shape == (40, 2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: flat_maps.tsne(POINTS, 40), r"perplexity.*above 0 and at most 39; got 40"),
        (lambda: flat_maps.tsne(POINTS, 0), r"perplexity.*above 0"),
        (lambda: flat_maps.tsne(POINTS[:1]), r"two points or more; got an array of shape \(1, 6\)"),
        (lambda: flat_maps.tsne(POINTS[:2]), r"3 or more in 2 or more dimensions.*shape \(2, 6\)"),
        (lambda: flat_maps.tsne(POINTS[:, :1]), "in 2 or more dimensions"),
        (lambda: flat_maps.tsne(np.ones((40, 6))), "not all equal"),
        (lambda: flat_maps.tsne(POINTS, init="grid"), "'pca', 'random'"),
        (lambda: embeddings.embed(shapesnet(), pictures(2, 40), "mixed9"), "no layer 'mixed9': did you mean"),
        (lambda: embeddings.embed(shapesnet(), pictures(2, 40), []), "one or more layer names"),
        (lambda: embeddings.embed(shapesnet(), 2 * pictures(2, 40), "mixed0"), r"\[-1, 1\]"),
        (lambda: embeddings.embed(shapesnet(), pictures(2, 40)[:, :20], "mixed0"), "squares; got 20 x 40"),
        (lambda: embeddings.neighbours(POINTS, 40), "k must be a whole number from 1 to 39; got 40"),
        (lambda: embeddings.neighbours(pictures(1, 8), 1), "two points or more"),
        (lambda: embeddings.neighbours(POINTS, 1, np.zeros(40)), "all 40 points are of one"),
        (
            lambda: embeddings.neighbours(POINTS, 1, [1, 2]),
            r"groups must be a list of 40 labels, one per point; got \[1, 2\]",
        ),
        (lambda: embeddings.neighbours(POINTS * np.nan, 1), "finite"),
        (
            lambda: embeddings.right_by_neighbours(POINTS, [1, 2], 1),
            r"labels must be a list of 40 labels, one per point; got \[1, 2\]",
        ),
        (lambda: flat_maps.snap_to_grid(POINTS, 4), r"\(N, 2\), across and up"),
        (lambda: flat_maps.snap_to_grid(POINTS[:, :2], 0), "columns must be"),
        (lambda: flat_maps.kept_neighbours(POINTS, POINTS[:3]), "got 40 and 3 points"),
        (lambda: embeddings.scramble(POINTS), r"\(N, H, W, 3\)"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
