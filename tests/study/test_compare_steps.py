"""What the comparison of steps says beside Adam's: a mean over channels that have a value, within its interval."""

import numpy as np
import pandas as pd
import pytest

from data_scripts.compare_steps import OPTIMIZERS, SHOWN, USUAL, beside


def test_a_ratio_leaves_out_channels_without_a_value_and_lies_in_its_interval():
    values = {"same": np.ones(6), "half": np.array([0.25, 0.75, 0.5, 0.5, np.nan, np.inf])}
    table = beside(pd.DataFrame({"way": list(values)}), "activation", values)
    mean, low, high = table.iloc[1, 1:]
    assert mean == pytest.approx(0.5) and 0.25 <= low < mean < high <= 0.75
    assert table.iloc[0, 1:].tolist() == [1, 1, 1]


def test_the_sheet_shows_ways_that_are_measured():
    assert USUAL in OPTIMIZERS and set(SHOWN.values()) <= {"pixels", *OPTIMIZERS}
