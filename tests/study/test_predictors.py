"""Which number predicts the grade, on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from featviz_helpers.study.predictors import predictor_differences, predictors

COLUMNS = ["close_distance", "other_distance", "shifted"]


def graded(channels=20, pictures=12):
    generator = np.random.default_rng(0)
    rows = pd.DataFrame({"channel": np.repeat(np.arange(channels), pictures)})
    rows["grade"] = generator.uniform(size=len(rows))
    rows["close_distance"] = 1 - rows["grade"] + generator.normal(0, 0.1, len(rows))
    rows["other_distance"] = generator.uniform(size=len(rows))
    rows["shifted"] = rows["grade"] + 10 * generator.permutation(channels)[rows["channel"]]
    rows["hue"] = generator.uniform(size=len(rows))
    return rows


def test_what_predicts_within_a_channel_is_found_and_luck_is_not():
    found = predictors(graded(), COLUMNS, ("grade", "hue")).set_index(["grade", "predictor"])
    close, other, shifted = (found.loc["grade", name] for name in COLUMNS)
    assert close["low"] > 0.7 and close["holm"] < 0.01 and close["channels"] == 20
    assert other["low"] < 0 < other["high"] and other["holm"] > 0.05
    assert shifted["correlation"] == pytest.approx(1.0) and abs(shifted["pooled"]) < 0.5
    assert (found.loc["hue", "holm"] > 0.05).all()
    assert (found["holm"] >= found["p"]).all()


def test_channels_differ_and_that_is_no_prediction():
    """Grades and numbers that agree between channels only."""
    rows = graded()
    rows["grade"] += rows["channel"]
    rows["other_distance"] -= rows["channel"]
    found = predictors(rows, ["other_distance"]).iloc[0]
    assert found["pooled"] > 0.9
    assert found["low"] < 0 < found["high"]


def test_two_predictors_are_compared_channel_by_channel():
    apart = predictor_differences(graded(), COLUMNS).set_index(["first", "second"])
    assert len(apart) == 3
    assert apart.loc[("close_distance", "other_distance"), "low"] > 0.5
    assert apart.loc[("close_distance", "shifted"), "high"] < 0
    same = graded().assign(other_distance=lambda rows: rows["close_distance"])
    line = predictor_differences(same, COLUMNS[:2]).iloc[0]
    assert line["difference"] == 0 and line["p"] == 1.0


def test_a_channel_whose_pictures_have_no_grade_is_not_asked():
    rows = graded()
    rows.loc[rows["channel"] < 5, "grade"] = np.nan
    rows.loc[rows["channel"] == 6, "close_distance"] = 0.5
    assert predictors(rows, ["close_distance"]).iloc[0]["channels"] == 14
