"""The figures of a study."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from featviz_helpers.study import Study, figures


def test_a_channel_whose_starts_were_all_dead_does_not_stop_the_figure(study, monkeypatch):
    monkeypatch.setattr(Study, "pictures", lambda self, method: np.zeros((16, 64, 64, 3), np.float32))
    rows = {"method": "none", "channel": [10] * 8 + [28] * 8, "exemplar_distance": [np.nan] * 8 + [1.0] * 8}
    table = pd.concat([pd.DataFrame(rows), pd.DataFrame(rows).assign(method="standard")])
    figure = figures.pictures(study, table)
    assert len(figure.axes) == 3 * 2
    plt.close(figure)


def test_every_method_and_control_has_its_mean_and_interval():
    rows = {"channel": [1, 2, 3], "exemplar_distance": [0.4, 0.5, 0.9], "specificity": [0.1, 0.2, 0.0]}
    rows["others_minus_own"] = rows["specificity"]
    table = pd.DataFrame(rows)
    figure = figures.controls(table.assign(method="none"), table.assign(control="grey"), "pixels")
    left, right = figure.axes
    assert (len(left.containers), len(right.containers)) == (2, 4)
    means = [bar.lines[0].get_xdata()[0] for bar in left.containers]
    np.testing.assert_allclose(means, 0.6)
    plt.close(figure)


@pytest.mark.parametrize(
    ("values", "written", "apart", "scale"),
    [
        ([0.0, 1e-4, 1e-3, 1e-2], ["0", "0.0001", "0.01"], 0.2, "log"),
        ([1e-4, 1e-3, 1e-2], ["0.0001", "0.001", "0.01"], 0.2, "log"),
        ([-1.0, 0.0, 1.0], ["-1", "0", "1"], 0.2, "linear"),
        ([0.0], ["0", "0", "0"], 0.0, "linear"),
    ],
)
def test_every_value_has_a_place_of_its_own(values, written, apart, scale):
    """With a 0 among them, all values above it once stood on one pixel."""
    rows = [("L2", value, channel, 0.5 + value * channel) for value in values for channel in (1, 2, 3)]
    figure = figures.curves(pd.DataFrame(rows, columns=["method", "value", "channel", "exemplar_distance"]), "pixels")
    figure.draw_without_rendering()
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.get_xticklabels()] == written
    assert axis.get_xscale() == scale
    places = axis.transAxes.inverted().transform(axis.transData.transform(axis.lines[0].get_xydata()))[:, 0]
    assert len(places) == len(values) and (np.diff(places) > apart).all()
    plt.close(figure)
