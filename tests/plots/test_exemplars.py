"""Sheets about the images that drive a channel."""

import matplotlib

matplotlib.use("Agg")

import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
import pytest
from featviz_helpers.exemplars import Round

ROUNDS = [Round(3, (0, 1, 2), (5, 6), "A"), Round(8, (4, 2, 7), (9, 3), "B")]


@pytest.fixture
def data():
    yield fv.ShapesImages(10)
    plt.close("all")


def pictures_of(figure):
    return [axis.images[0].get_array() for axis in figure.axes if axis.images]


def test_a_round_is_a_row_of_references_and_two_queries(data):
    figure = fv.plots.round_sheet(ROUNDS, data, 64)
    expected = [fv.to_uint8(data.load(i, 64)) for one in ROUNDS for i in (*one.references, *one.queries)]
    for shown, wanted in zip(pictures_of(figure), expected, strict=True):
        step = shown.shape[0] // 64
        np.testing.assert_array_equal(shown[::step, ::step], wanted)
    words = [axis.get_title() for axis in figure.axes]
    assert words == ["drives it"] * 3 + ["A", "B"] + [""] * 3 + ["A", "B"]
    assert [axis.get_ylabel() for axis in figure.axes if axis.get_ylabel()] == ["round 1", "round 2"]


def test_made_pictures_take_the_place_of_the_references(data):
    made = np.linspace(-1, 1, 2 * 64 * 64 * 3).reshape(2, 64, 64, 3)
    pictures = pictures_of(fv.plots.round_sheet(ROUNDS, data, 64, made))
    assert len(pictures) == 6
    step = pictures[3].shape[0] // 64
    np.testing.assert_array_equal(pictures[3][::step, ::step], fv.to_uint8(made[1]))
    with pytest.raises(ValueError, match="1 made pictures for 2 rounds"):
        fv.plots.round_sheet(ROUNDS, data, 64, made[:1])
