"""Tables as heat maps: every number is written, pictures stand where they belong, and scales are shared or not."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from featviz_helpers.plots import tables
from featviz_helpers.plots.overlays import diverging


def numbers(axis):
    return [text.get_text() for text in axis.texts if text.get_text()]


def test_every_number_is_written_and_a_gap_stays_blank():
    table = pd.DataFrame([[0.25, 1.0], [np.nan, 2.0]], ["a", "b"], [7, 8])
    figure = tables({"": table}, "A title", digits=1)
    (axis,) = figure.axes
    assert numbers(axis) == ["0.2", "1.0", "2.0"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["7", "8"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    colours = axis.images[0].get_array()
    np.testing.assert_array_equal(colours[1, 0], 1.0)
    plt.close(figure)


def test_signed_numbers_have_the_colours_of_signed_maps():
    figure = tables({"": pd.DataFrame([[-1.0, 0.0, 1.0]])})
    colours = figure.axes[0].images[0].get_array()[0, :, :3]
    np.testing.assert_allclose(colours, diverging(np.array([-1, 0, 1]) / 1.2), atol=0.02)
    plt.close(figure)


def test_distances_share_one_scale_and_what_is_left_has_its_own():
    low, high = pd.DataFrame([[1.0, 2.0]]), pd.DataFrame([[2.0, 9.0]])
    figure = tables({"low": low, "high": high, "left": low - 2})
    one, two, left = (axis.images[0].get_array() for axis in figure.axes)
    np.testing.assert_allclose(one[0, 1], two[0, 0])
    np.testing.assert_allclose(left[0, 1, :3], 1.0, atol=0.04)  # zero is white
    plt.close(figure)


def test_pictures_stand_beside_rows_and_above_columns_at_a_whole_multiple_of_their_pixels():
    table = pd.DataFrame(np.ones((3, 2)))
    pictures = np.zeros((3, 16, 16, 3), np.float32)
    figure = tables({"": table}, row_pictures=pictures, column_pictures=pictures[:2])
    figure.draw_without_rendering()
    (axis,) = figure.axes
    boxes = [inset.get_window_extent() for inset in axis.child_axes]
    assert len(boxes) == 5
    for box in boxes:
        assert round(box.width, 6) == round(box.height, 6) and round(box.width, 6) % 16 == 0
    cells = axis.get_window_extent()
    assert all(box.x1 <= cells.x0 for box in boxes[:3]) and all(box.y0 >= cells.y1 for box in boxes[3:])
    assert boxes[0].y0 > boxes[1].y1
    plt.close(figure)


@pytest.mark.parametrize(("height", "width"), [(64, 128), (128, 64), (16, 20)])
def test_a_thumbnail_keeps_its_shape_and_stays_in_its_place(height, width):
    table = pd.DataFrame(np.ones((2, 2)))
    pictures = np.zeros((2, height, width, 3), np.float32)
    figure = tables({"": table}, row_pictures=pictures, column_pictures=pictures)
    figure.draw_without_rendering()
    (axis,) = figure.axes
    boxes = [inset.get_window_extent() for inset in axis.child_axes]
    for box in boxes:
        assert box.width / box.height == pytest.approx(width / height, rel=0.02)
        assert max(box.width, box.height) <= 128.01
    assert boxes[0].y0 > boxes[1].y1 and boxes[2].x1 < boxes[3].x0
    plt.close(figure)


def test_as_many_pictures_as_rows():
    with pytest.raises(ValueError, match="2 pictures for 3 rows"):
        tables({"": pd.DataFrame(np.ones((3, 2)))}, row_pictures=np.zeros((2, 8, 8, 3)))


def test_a_table_without_numbers_is_named():
    with pytest.raises(ValueError, match="'b' is empty or has only NaN"):
        tables({"a": pd.DataFrame(np.ones((2, 2))), "b": pd.DataFrame(np.full((2, 2), np.nan))})


def test_tables_with_other_rows_are_refused():
    table = pd.DataFrame({"x": [1.0, 2.0]}, ["a", "b"])
    with pytest.raises(ValueError, match=r"same rows in the same order.* 'two'"):
        tables({"one": table, "two": table[::-1]})
