"""Figures hold what they are given: looked at through their axes."""

import matplotlib

matplotlib.use("Agg")

import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
import pytest
from support.networks import pictures, shapesnet


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def shown(figure):
    return [axis for axis in figure.axes if axis.images]


def test_show_draws_every_picture_with_its_label():
    figure = fv.show(pictures(7, 16), labels=[f"p{i}" for i in range(7)], columns=3)
    axes = shown(figure)
    assert [axis.get_title() for axis in axes] == [f"p{i}" for i in range(7)]
    np.testing.assert_array_equal(axes[4].images[0].get_array(), fv.to_uint8(pictures(7, 16)[4]))


def test_show_takes_pictures_of_different_sizes():
    assert len(shown(fv.show([pictures(1, 16)[0], pictures(1, 40)[0, :20]]))) == 2


def test_a_result_brings_its_labels_and_a_dead_start_is_never_a_picture():
    result = fv.maximize(shapesnet(), fv.channel("mixed1", [3, 5]), size=48, steps=2)
    result.images[1] = np.nan
    figure = fv.show(result)
    assert len(shown(figure)) == 1 and shown(figure)[0].get_title().startswith("mixed1:3\nactivation ")
    assert "dead start" in figure.axes[1].texts[0].get_text()


def test_compare_names_rows_and_columns():
    figure = fv.compare({"one": pictures(2, 16), "two": pictures(2, 16, 1)}, labels=["a", "b"])
    axes = shown(figure)
    assert [axis.get_title() for axis in axes] == ["a", "b", "", ""]
    assert [axis.get_ylabel() for axis in axes] == ["one", "", "two", ""]


def test_curves_and_spectra_have_one_line_a_name():
    assert len(fv.curves({"a": [1, 2], "b": [2, 1]}).axes[0].lines) == 2
    lines = fv.spectrum_curves({"noise": pictures(4, 32), "smooth": fv.photograph("china", 64)[None]}).axes[0].lines
    noise, smooth = (line.get_ydata() for line in lines)
    assert noise.sum() == pytest.approx(1) and smooth[-1] < noise[-1]
