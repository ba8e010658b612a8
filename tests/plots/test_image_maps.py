"""Images on maps, in grids and on the sheet of one unit: all there, each where it belongs."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from featviz_helpers.plots import image_grid, image_scatter, unit_panel
from featviz_helpers.plots.cells import GAP
from featviz_helpers.plots.embeddings import EDGE, thumbnails
from featviz_helpers.plots.style import PAGE
from support.networks import pictures

TONES = np.array([-1.0, -0.5, 0.0, 0.5], np.float32)[:, None, None, None] * np.ones((4, 16, 16, 3), np.float32)
SQUARE = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def drawn(figure, axis=0):
    return figure.axes[axis].images[0].get_array()


def test_images_lie_where_the_map_says_with_up_at_the_top():
    figure = image_scatter(TONES, {"one": SQUARE, "other": SQUARE[::-1]}, "a title", thumb=16, height=100)
    canvas, other = drawn(figure, 0), drawn(figure, 1)
    near, far = EDGE, -1 - EDGE
    corners = [canvas[far, near, 0], canvas[far, far, 0], canvas[near, near, 0], canvas[near, far, 0]]
    assert corners == sorted(corners) and len(set(corners)) == 4
    assert [other[near, far, 0], other[far, far, 0]] == [corners[0], corners[2]]
    assert canvas[50, 50, 0] == canvas[2, 2, 0] == 255
    frame = {*canvas[0].ravel(), *canvas[-1].ravel(), *canvas[:, 0].ravel(), *canvas[:, -1].ravel()}
    assert len(frame) == 1 and 255 not in frame
    assert [axis.get_title() for axis in figure.axes] == ["one", "other"]


def test_a_grid_shows_every_image_and_leaves_other_cells_white():
    figure = image_grid(TONES[:3], np.array([[0, 1], [1, 0], [0, 0]]), thumb=16)
    canvas = drawn(figure)
    assert canvas.shape[:2] == (32, 32)
    np.testing.assert_array_equal(canvas[::16, ::16, 0], [[128, 0], [64, 255]])


def test_a_grid_of_many_columns_is_shrunk_to_the_page():
    row = np.column_stack([np.zeros(122, int), np.arange(122)])
    figure = image_grid(np.resize(TONES, (122, *TONES.shape[1:])), row)
    assert figure.get_figwidth() * figure.dpi <= PAGE + GAP


def test_thumbnails_are_means():
    stripes = np.ones((1, 16, 16, 3), np.float32)
    stripes[:, ::2] = -1
    np.testing.assert_allclose(thumbnails(stripes, 8), 0, atol=1e-6)


def test_the_panel_has_all_that_is_known_of_a_unit():
    seen = pictures(4, 32)
    figure = unit_panel(
        seen[0], np.eye(4), pictures(1, 24)[0], seen, {"deconvnet": 9 * seen, "guided": -seen}, list("1234"), "a title"
    )
    assert len(figure.axes) == 4 + 4 + 4 + 4
    assert [axis.get_title() for axis in figure.axes[:4]] == ["photograph", "its map over it", "its map", "made for it"]
    with pytest.raises(ValueError, match="one for each of `seen`"):
        unit_panel(seen[0], np.eye(4), seen[0], seen, {"deconvnet": seen[:2]})


def test_the_panel_takes_what_is_no_square():
    seen = pictures(2, 96)[:, :64]
    figure = unit_panel(seen[0], np.eye(4, 6), seen[1], seen, {"deconvnet": seen})
    assert [drawn(figure, i).shape[:2] for i in range(4)] == [(64, 96)] * 4


@pytest.mark.parametrize("draw", [lambda images: image_scatter(images, {"one": SQUARE}, thumb=16, height=100),
                                  lambda images: image_grid(images, SQUARE.astype(int), thumb=16)])  # fmt: skip
def test_a_dead_start_does_not_take_the_other_images_away(draw):
    whole = drawn(draw(TONES))
    images = TONES.copy()
    images[2] = np.nan
    figure = draw(images)
    assert not figure.axes[0].texts
    changed = (drawn(figure) != whole).any(axis=-1)
    assert changed.sum() == 16 * 16


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: image_scatter(TONES, {"a": SQUARE[:2]}), r"maps\['a'\] must be 4 places"),
        (lambda: image_scatter(TONES, {"a": SQUARE * np.nan}), "all finite"),
        (lambda: image_scatter(TONES, {}), "one at least"),
        (lambda: image_scatter(TONES[:, :8], {"a": SQUARE}), "squares"),
        (lambda: image_scatter(TONES, {"a": SQUARE}, thumb=0), "thumb must be"),
        (lambda: image_grid(TONES, np.zeros((4, 2), int)), "have the same one"),
        (lambda: image_grid(TONES, np.zeros((2, 2), int)), "4 pairs of row and column"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
