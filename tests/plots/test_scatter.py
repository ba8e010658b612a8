"""Points on flat maps: each where it belongs, in the colour of its group, on the scale that was asked for."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from featviz_helpers.plots import point_maps
from featviz_helpers.plots.style import PAGE
from matplotlib.colors import to_hex

SQUARE = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
TWO = {"small": SQUARE, "large": 10 * SQUARE}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def spans(figure):
    return [(np.ptp(axis.get_xlim()), np.ptp(axis.get_ylim())) for axis in figure.axes]


def test_points_lie_where_the_map_says_in_the_colour_of_their_group():
    figure = point_maps({"row": {"one": SQUARE}}, ["a", "b", None, "a"], "a title")
    drawn = {part.get_label(): part for part in figure.axes[0].collections}
    np.testing.assert_array_equal(drawn["a"].get_offsets(), SQUARE[[0, 3]])
    np.testing.assert_array_equal(drawn["b"].get_offsets(), SQUARE[[1]])
    colours = {name: to_hex(part.get_facecolor()[0]) for name, part in drawn.items()}
    assert len(set(colours.values())) == 3
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert (figure.axes[0].get_title(), figure.axes[0].get_ylabel()) == ("one", "row")


def test_a_row_has_one_scale_unless_each_map_is_to_fill_its_frame():
    assert len(set(spans(point_maps({"": TWO})))) == 1
    small, large = spans(point_maps({"": TWO}, one_scale=False))
    np.testing.assert_allclose(np.multiply(small, 10), large)


@pytest.mark.parametrize("flat", [np.array([1, 0.05]), np.array([0.05, 1]), np.array([0, 0])])
def test_across_and_up_have_the_same_scale_also_for_a_flat_map(flat):
    figure = point_maps({"": TWO, "flat": {"one": SQUARE * flat}})
    figure.draw_without_rendering()
    for axis, (across, up) in zip(figure.axes, spans(figure), strict=True):
        box = axis.get_window_extent()
        assert box.width / across == pytest.approx(box.height / up)
    low, high = figure.axes[-1].get_ylim()
    assert low < 0 and high > flat[1]
    assert figure.axes[-1].get_window_extent().x1 <= PAGE


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: point_maps({}), "one map at least"),
        (lambda: point_maps({"": SQUARE}), "one map at least"),
        (lambda: point_maps({"": {"a": SQUARE[:, :1]}}), r"\['a'\] must be N places"),
        (lambda: point_maps({"": {"a": SQUARE * np.nan}}), "all finite"),
        (lambda: point_maps({"": {"a": SQUARE}}, ["a"]), "must be 1 places"),
        (lambda: point_maps({"": {"a": np.ones((8, 2))}}, list("abcdefgh")), "at most 7 names"),
    ],
)
def test_mistakes_are_explained_in_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
