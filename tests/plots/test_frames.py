"""Frames lie where the picture's own pixels say, also on paper and also where the picture is shrunk."""

import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def marked(side, top, left, bottom, right):
    """A black picture with one white rectangle."""
    picture = -np.ones((side, side, 3), np.float32)
    picture[top:bottom, left:right] = 1
    return picture


def drawn(figure):
    """Each frame's corners in screen pixels: left, bottom, right, top."""
    axis = figure.axes[0]
    corners = [patch.get_extents() for patch in axis.patches]
    return np.array([[box.x0, box.y0, box.x1, box.y1] for box in corners])


def white(figure):
    """The corners of what is white in the picture, in screen pixels."""
    axis = figure.axes[0]
    shown = axis.images[0].get_array()[..., 0] == 255
    (height, width), place = shown.shape, axis.get_window_extent()
    rows, columns = (np.flatnonzero(shown.any(axis=1 - axis_)) for axis_ in (0, 1))
    across, down = place.width / width, place.height / height
    return np.array(
        [
            place.x0 + columns[0] * across,
            place.y1 - (rows[-1] + 1) * down,
            place.x0 + (columns[-1] + 1) * across,
            place.y1 - rows[0] * down,
        ]
    )


@pytest.mark.parametrize(("side", "scale"), [(80, 1), (400, 5), (1600, 20)])
def test_a_frame_encloses_what_it_is_said_to(side, scale):
    box = tuple(scale * edge for edge in (10, 20, 30, 60))
    figure = fv.plots.frames(marked(side, *box), {"a": box})
    np.testing.assert_allclose(drawn(figure)[0], white(figure), atol=1.01)


@pytest.mark.parametrize("beyond", [(-30, -40, 200, 210), (-5, 5, 60, 60), (40, 40, 300, 70)])
def test_paper_is_added_where_a_frame_reaches_beyond_the_picture(beyond):
    inside = (10, 20, 30, 60)
    figure = fv.plots.frames(marked(100, *inside), {"inside": inside, "beyond": beyond})
    frames, place = drawn(figure), figure.axes[0].get_window_extent()
    np.testing.assert_allclose(frames[0], white(figure), atol=1.01)
    assert frames[1][0] >= place.x0 - 1
    assert frames[1][3] <= place.y1
    assert frames[1][2] <= place.x1 + 1
    assert frames[1][1] >= place.y0 - 1


def test_a_zoom_frames_its_square_in_a_picture_wider_than_the_page():
    """The frame of a shrunk picture was drawn in the picture's pixels on the pixels of the screen."""
    box = (400, 800, 500, 900)
    figure = fv.plots.zoom(marked(1600, *box)[None], at=box[:2], side=100)
    np.testing.assert_allclose(drawn(figure)[0], white(figure), atol=1.01)
