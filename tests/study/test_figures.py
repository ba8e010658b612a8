"""The figures of a study."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
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
