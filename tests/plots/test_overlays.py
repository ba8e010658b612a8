"""Maps over images: white where nothing was found, one hue or two, one bar of colours."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from featviz_helpers.plots import overlay
from featviz_helpers.plots.overlays import FAINT, tint
from support.networks import pictures

WHITE = np.ones((4, 4, 3), np.float32)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_zero_shows_the_faint_image_alone():
    np.testing.assert_allclose(tint(WHITE, np.zeros((4, 4))), 1.0, atol=0.01)
    black = tint(-WHITE, np.zeros((4, 4)))
    np.testing.assert_allclose(black, 1 - 2 * FAINT, atol=0.01)


def test_signs_have_colours_of_their_own_and_size_has_depth():
    values = np.array([[-2.0, -1.0], [1.0, 2.0]])
    tinted = tint(WHITE[:2, :2], values)
    light = tinted.mean(axis=-1)
    assert (light[0, 0] < light[0, 1]) and (light[1, 1] < light[1, 0])
    assert tinted[0, 0, 0] > tinted[0, 0, 2]  # orange against
    assert tinted[1, 1, 2] > tinted[1, 1, 0]  # blue for


def test_a_map_has_the_same_colours_with_and_without_a_map_with_signs_beside_it():
    above, signs = np.linspace(0, 1, 256).reshape(1, 16, 16), np.linspace(-1, 1, 256).reshape(1, 16, 16)
    alone = overlay(pictures(1, 16), {"one": above})
    beside = overlay(pictures(1, 16), {"one": above, "signs": signs})
    np.testing.assert_array_equal(alone.axes[1].images[0].get_array(), beside.axes[1].images[0].get_array())
    assert [figure.axes[-1].get_xticklabels()[0].get_text() for figure in (alone, beside)] == ["0", "-1"]


@pytest.mark.parametrize("signed", [True, False])
def test_a_figure_has_every_map_and_one_bar(signed):
    maps = {"one": np.random.default_rng(0).random((2, 48, 48)) - 0.5 * signed, "two": np.ones((2, 48, 48))}
    figure = overlay(pictures(2, 48), maps, ["a", "b"], "a title")
    assert len(figure.axes) == 2 * 3 + 1
    assert next(tick.get_text() for tick in figure.axes[-1].get_xticklabels()) == ("-1" if signed else "0")
    assert [axis.get_title() for axis in figure.axes[:3]] == ["image", "one", "two"]


def test_the_words_below_the_bar_stay_on_the_page():
    figure = overlay(pictures(1, 32), {str(i): np.ones((1, 32, 32)) for i in range(5)})
    figure.canvas.draw()
    words = figure.axes[-1].xaxis.label.get_window_extent()
    assert words.x0 >= 0
    assert words.x1 <= figure.bbox.x1


def test_mistakes_are_explained_in_a_sentence():
    with pytest.raises(ValueError, match=r"'one' has maps of shape \(2, 3, 3\), and the images need \(2, 48, 48\)"):
        overlay(pictures(2, 48), {"one": np.ones((2, 3, 3))})
    for wrong in ([[[0.0, 1.0]]], [[1.0], [1.0, 2.0]], "map", None):
        with pytest.raises(ValueError, match=r"'one' (has maps of shape|must be maps of numbers)"):
            overlay(pictures(2, 48), {"one": wrong})
    with pytest.raises(ValueError, match="'one' must be maps of finite values"):
        overlay(pictures(2, 48), {"one": np.full((2, 48, 48), np.nan)})
    with pytest.raises(ValueError, match="1 labels for 2 pictures"):
        overlay(pictures(2, 48), {"one": np.ones((2, 48, 48))}, ["a"])


def test_a_list_is_a_map_too():
    assert overlay(pictures(1, 16), {"one": np.ones((1, 16, 16)).tolist()})
