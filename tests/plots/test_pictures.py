"""Figures hold what they are given: looked at through their axes, and as the PNG that a notebook stores."""

import io
from itertools import combinations, pairwise

import matplotlib

matplotlib.use("Agg")

import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from featviz_helpers.common import checks
from featviz_helpers.plots.canvas import Sheet
from featviz_helpers.plots.style import style
from IPython.core.pylabtools import print_figure
from matplotlib.text import Text
from PIL import Image
from support.networks import pictures, shapesnet


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def shown(figure):
    return [axis for axis in figure.axes if axis.images]


def cells(figure, draw=print_figure):
    """The pictures as Jupyter draws them, cut out of the figure."""
    places = [axis.get_window_extent() for axis in shown(figure)]
    # Jupyter adds a border.
    border, height = round(0.1 * figure.dpi), round(figure.bbox.height)
    with Image.open(io.BytesIO(draw(figure))) as image:
        page = np.asarray(image.convert("RGB"))
    corners = [(height - round(place.y1) + border, round(place.x0) + border, place) for place in places]
    return [page[top : top + round(p.height), left : left + round(p.width)] for top, left, p in corners]


def grain(images):
    return np.array([fv.high_frequency(fv.from_uint8(image)[None])[0] for image in images])


@pytest.mark.parametrize(("size", "times"), [(7, 36), (96, 2), (100, 2), (224, 1)])
def test_a_pixel_of_a_picture_is_a_square_of_whole_pixels_on_the_screen(size, times):
    batch = pictures(5, size)
    for cell, picture in zip(cells(fv.compare({"two\nlines": batch})), fv.to_uint8(batch), strict=True):
        np.testing.assert_array_equal(cell, picture.repeat(times, axis=0).repeat(times, axis=1))


@pytest.mark.parametrize("size", [96, 224])
def test_a_figure_adds_no_grain(size):
    """What a notebook stores, brought back to the size of the picture."""
    batch = np.stack([fv.photograph(name, size) for name in ("china", "flower")] * 3)[:5]
    seen = []
    for cell in cells(fv.compare({"one": batch}), draw=Sheet.jpeg):
        times = len(cell) // size
        seen.append(cell.reshape(len(cell) // times, times, -1, times, 3).mean(axis=(1, 3)))
    np.testing.assert_allclose(fv.high_frequency(np.stack(seen) / 127.5 - 1), fv.high_frequency(batch), atol=0.01)


def test_the_look_of_the_course_ends_with_its_figures_and_leaves_other_settings():
    before = dict(matplotlib.rcParams)
    try:
        with style():
            plt.ion()  # as Jupyter does with its first figure
            assert matplotlib.rcParams["figure.dpi"] == 160
        assert plt.isinteractive()
    finally:
        plt.ioff()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("images", "kind"), [(pictures(1, 224), "jpeg"), (np.indices((1, 224, 224))[2][..., None] % 2 * np.ones(3), "png")]
)
def test_a_notebook_stores_made_pictures_as_a_jpeg_and_stripes_without_loss(monkeypatch, images, kind):
    displayed = []
    monkeypatch.setattr("IPython.display.display", displayed.append)
    fv.show(images)._ipython_display_()
    ((stored, data),) = [(one.format, one.data) for one in displayed]
    with Image.open(io.BytesIO(data)) as image:
        assert (stored, image.format) == (kind, kind.upper())


def test_a_picture_that_is_wider_than_the_page_is_averaged():
    wide = np.tile(fv.from_uint8(np.array([0, 255], np.uint8)), (8, 968))[..., None].repeat(3, axis=-1)
    (cell,) = cells(fv.show(wide[None]))
    assert cell.shape == (4, 968, 3)
    np.testing.assert_allclose(cell, 128, atol=1)  # the nearest pixels would be all black or all white


def test_show_draws_every_picture_with_its_label():
    figure = fv.show(pictures(7, 16), labels=[f"p{i}" for i in range(7)], columns=3)
    axes = shown(figure)
    assert [axis.get_title() for axis in axes] == [f"p{i}" for i in range(7)]
    np.testing.assert_array_equal(axes[4].images[0].get_array(), fv.to_uint8(pictures(7, 16)[4]))


def test_bars_stand_in_groups_with_their_values_above_and_what_was_expected_across():
    axis = fv.plots.bars({"a": [1, 3], "b": [2, np.nan]}, ["x", "y"], expected={"chance": [0.5, 1.5]}, digits=1).axes[0]
    assert [bar.get_height() for bar in axis.patches[:3]] == [1, 3, 2]
    left, right = axis.patches[0], axis.patches[2]
    assert left.get_x() + left.get_width() <= right.get_x() < 0.5
    assert [text.get_text() for text in axis.texts] == ["1.0", "3.0", "2.0", ""]
    (chance,) = axis.collections
    assert [line[0][1] for line in chance.get_segments()] == [0.5, 1.5]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["chance", "a", "b"]
    with pytest.raises(ValueError, match="'b' has 1 values for the 2 positions of x"):
        fv.plots.bars({"a": [1, 3], "b": [2]}, ["x", "y"])


def test_show_takes_pictures_of_different_sizes():
    assert len(shown(fv.show([pictures(1, 16)[0], pictures(1, 40)[0, :20]]))) == 2


def test_a_result_brings_its_labels_and_a_dead_start_is_never_a_picture():
    result = fv.maximize(shapesnet(), fv.channel("mixed1", [3, 5]), size=48, steps=2)
    result.images[1] = np.nan
    figure = fv.show(result)
    assert len(shown(figure)) == 1 and shown(figure)[0].get_title().startswith("mixed1:3\nactivation ")
    assert "dead start" in figure.axes[1].texts[0].get_text()


def test_a_label_is_never_dropped():
    with pytest.raises(ValueError, match="3 labels for 2 pictures"):
        fv.show(pictures(2, 16), ["a", "b", "c"])


def test_compare_names_rows_and_columns():
    figure = fv.compare({"one": pictures(2, 16), "two": pictures(2, 16, 1)}, labels=["a", "b"])
    axes = shown(figure)
    assert [axis.get_title() for axis in axes] == ["a", "b", "", ""]
    assert [axis.get_ylabel() for axis in axes] == ["one", "", "two", ""]


def test_a_column_is_named_above_the_first_row_that_has_it():
    figure = fv.compare({"a": pictures(1, 16), "b": pictures(3, 16)}, labels=["x", "y", "z"])
    assert [axis.get_title() for axis in shown(figure)] == ["x", "", "y", "z"]


def test_a_sweep_shows_some_values_large_and_the_others_small_beside_them():
    weights, words = [0, 1e-6, 1e-4, 1e-2], {"none": 0, "right": 1e-4, "too much": 1e-2}
    sweep = fv.grid(channel=[3, 5], weight=weights)
    images = pictures(8, 96)
    figure = fv.show(images, sweep, title="Words", large=words)
    titles = ["none: weight 0", "right: weight 0.0001", "too much: weight 0.01", "1e-06\n(middle)"]
    assert [axis.get_title() for axis in shown(figure)] == [*titles, "", "", "", "1e-06\n(middle)"]
    assert [axis.get_ylabel() for axis in shown(figure)] == ["channel 3", "", "", "", "channel 5", "", "", ""]
    assert [cell.shape[0] for cell in cells(figure)] == [192, 192, 192, 96] * 2
    middle = fv.to_uint8(images[1, 24:72, 24:72]).repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(cells(figure)[3][..., :3], middle), "a whole picture, shrunk, would have lost its grain"
    every = fv.show(images, sweep, large=weights)
    assert [axis.get_title() for axis in shown(every)][:4] == sweep.headings("weight")
    with pytest.raises(ValueError, match=r"axis 'weight' has no value 7; it has \[0.0, "):
        fv.show(pictures(8, 96), sweep, large=[7])
    with pytest.raises(ValueError, match="large must be one value of weight or more"):
        fv.show(pictures(8, 96), sweep, large=[])
    with pytest.raises(ValueError, match="give its grid as `labels`"):
        fv.show(pictures(8, 96), large=[7])


@pytest.mark.parametrize(("size", "side", "times"), [(224, 74, 1), (96, 32, 2)])
def test_the_middles_of_a_sweep_keep_every_pixel_and_the_scale_of_the_large(size, side, times):
    values, images = list(range(10)), pictures(10, size)
    large, *_, small = cells(fv.show(images, fv.grid(weight=values), large=values[:3]))
    start = (size - side) // 2
    middle = fv.to_uint8(images[9, start : start + side, start : start + side])
    assert np.array_equal(small[..., :3], middle.repeat(times, axis=0).repeat(times, axis=1))
    assert len(large) == times * size


def test_zoom_shows_the_pixels_beside_the_picture_and_where_they_are():
    (picture,) = batch = pictures(1, 96)
    figure = fv.plots.zoom(batch, ["grain"], at=(8, 40))
    whole, square = shown(figure)
    assert (whole.get_title(), whole.patches[0].get_bbox().bounds) == ("grain", (39.5, 7.5, 32, 32))
    np.testing.assert_array_equal(square.images[0].get_array(), fv.to_uint8(picture[8:40, 40:72]))
    assert cells(figure)[1].shape == (192, 192, 3)
    with pytest.raises(ValueError, match="rows may be 0 to 64"):
        fv.plots.zoom(batch, at=(90, 0))


def test_lines_are_named_at_their_ends_and_no_name_covers_another():
    values = {f"line {i}": [1, 2 + i / 1000] for i in range(6)} | {"far": [1, np.nan]}
    del values["line 5"]
    figure = fv.curves(values, [1, 2], "Nearly the same")
    figure.draw_without_rendering()
    (axis,) = figure.axes
    # Not the annotations' own extent, which includes the line that leads to them.
    boxes = sorted((Text.get_window_extent(text) for text in axis.texts), key=lambda box: box.y0)
    assert axis.get_legend() is None and len(boxes) == 6
    assert all(one.y1 <= other.y0 + 1 for one, other in pairwise(boxes))
    assert all(figure.bbox.x0 < box.x0 and box.x1 < figure.bbox.x1 and box.y0 > 0 for box in boxes)
    assert len(fv.curves({str(i): [1, 2] for i in range(7)}).legends) == 1


@pytest.mark.parametrize(
    ("x", "logx", "written", "places"),
    [
        ([0, 1e-4, 1e-3, 1e-2], True, ["0", "0.0001", "0.001", "0.01"], [1e-5, 1e-4, 1e-3, 1e-2]),
        ([0, 2, 8, 8.1, 32], False, ["0", "2", "8", "32"], [0, 2, 8, 8.1, 32]),
        (["none", "jitter"], False, ["none", "jitter"], [0, 1]),
    ],
)
def test_the_values_themselves_stand_below_the_axis(x, logx, written, places):
    (axis,) = fv.curves({"one": [1.0] * len(x)}, x, logx=logx).axes
    assert [label.get_text() for label in axis.get_xticklabels()] == written
    np.testing.assert_allclose(axis.lines[0].get_xdata(), places)
    assert axis.lines[0].get_marker() == "o"


@pytest.mark.parametrize(("count", "marker"), [(33, "o"), (96, "")])
def test_the_points_of_a_sweep_are_marked_and_those_of_a_climb_are_not(count, marker):
    assert fv.curves({"one": [1.0] * count}).axes[0].lines[0].get_marker() in (marker, marker or "None")


@pytest.mark.parametrize("count", [4, 12])
def test_measured_positions_on_a_logarithmic_axis_are_read_at_1_2_and_5(count):
    (axis,) = fv.curves({"one": [1.0] * count}, np.geomspace(0.013, 0.27, count), logx=True).axes
    axis.figure.draw_without_rendering()
    low, high = axis.get_xlim()
    written = [text.get_text() for text in axis.get_xticklabels() if low <= text.get_position()[0] <= high]
    assert written == ["0.02", "0.05", "0.1", "0.2"]


def test_a_line_may_have_positions_of_its_own():
    lines = fv.curves({"a": [1, 2], "b": [3, 4, 5]}, {"a": [0.3, 0.9], "b": [0.1, 0.2, 0.4]}, log=True).axes[0].lines
    assert [list(line.get_xdata()) for line in lines] == [[0.3, 0.9], [0.1, 0.2, 0.4]]


def test_levels_notes_and_the_distance_of_the_written_values():
    figure = fv.curves(
        {"a": [1, 3], "b": [2, 1]}, [4, 16], levels={"photographs": 2.5}, notes={"b": ["weak", 8]}, every=4
    )
    (axis,) = figure.axes
    level = axis.lines[-1]
    assert [*level.get_xdata(), *level.get_ydata()] == [4, 16, 2.5, 2.5]
    written = {text.get_text(): text for text in axis.texts}
    assert set(written) == {"a", "b", "photographs", "weak", "8"}
    assert written["8"].xy == (16, 1) and written["8"].get_color() == axis.lines[1].get_color()
    figure.draw_without_rendering()
    assert {"4", "8", "12", "16"} <= {text.get_text() for text in axis.get_xticklabels()}


def test_notes_of_near_points_do_not_stand_on_each_other():
    """In notebook 05 "1.2" and "1" did."""
    lines, x = {"a": [0.9, 0.1], "b": [0.9, 0.2], "c": [0.9, 0.3]}, {"a": [0.58, 1], "b": [0.585, 1], "c": [0.6, 1]}
    (axis,) = fv.curves(lines, x, notes={name: ["1.2"] for name in lines}).axes
    axis.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axis.texts if text.get_text() == "1.2"]
    assert len(boxes) == 3 and not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_a_table_has_one_line_a_column():
    """Notebook 04 draws its account this way; a check that knew mappings alone refused it, and failed to say so."""
    table = pd.DataFrame({"contrast": [0.1, 0.2], "activation kept": [1.0, 0.9]})
    (axes,) = fv.curves(table, x=[1, 2]).axes
    assert len(axes.lines) == 2
    assert checks.shown(table) == "an array of shape (2, 2), a table"


def test_curves_and_spectra_have_one_line_a_name():
    assert len(fv.curves({"a": [1, 2], "b": [2, 1]}).axes[0].lines) == 2
    lines = fv.spectrum_curves({"noise": pictures(4, 32), "smooth": fv.photograph("china", 64)[None]}).axes[0].lines
    noise, smooth = (line.get_ydata() for line in lines)
    assert noise.sum() == pytest.approx(1) and smooth[-1] < noise[-1]
    axis = fv.spectrum_curves({"noise": pictures(4, 32)}, logx=True).axes[0]
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")


def test_a_dead_start_does_not_take_the_spectrum_of_the_others_away():
    alive = pictures(4, 32)
    dead = np.concatenate([alive, np.full((1, 32, 32, 3), np.nan, np.float32)])
    few, many = (fv.spectrum_curves({"noise": images}).axes[0].lines[0].get_ydata() for images in (alive, dead))
    np.testing.assert_allclose(many, few)
    for images in (dead[4:], np.zeros((2, 32, 32, 3), np.float32)):
        with pytest.raises(ValueError, match=r"batches\['noise'\] must be pictures, one at least no dead start"):
            fv.spectrum_curves({"noise": images})


def test_what_has_no_place_on_a_logarithmic_axis_is_refused_and_words_are_never_on_one():
    for x in ([-1, 1], [0, 0]):
        with pytest.raises(ValueError, match="x must be numbers from 0 upward"):
            fv.curves({"one": [1, 2]}, x, logx=True)
    (axis,) = fv.curves({"one": [1, 2]}, ["none", "jitter"], logx=True).axes
    assert axis.get_xscale() == "linear"


def test_labels_of_a_result_may_be_an_array():
    result = fv.maximize(shapesnet(), fv.channel("mixed1", [3, 5]), size=48, steps=2)
    assert [axis.get_title() for axis in shown(fv.show(result, np.array(["a", "b"])))] == ["a", "b"]
