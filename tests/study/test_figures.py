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
