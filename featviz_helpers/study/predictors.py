"""Which number predicts the grade that the answer key gives a picture?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from .statistics import holm, interval, sign_flip_p


def within_channels(table: pd.DataFrame, column: str, grade: str = "grade") -> pd.Series:
    """Return, per channel, the rank correlation (Spearman, 1904) of a number with the grade of its pictures.

    Args:
        table: one row per picture, with channel, grade and the column.
        column: a name that ends in "distance" counts downwards: a smaller distance should mean a better grade.
        grade: the column with the grades.

    Returns:
        Channel -> correlation, of those with at least three pictures that differ in both.
    """
    rows = table.dropna(subset=[grade, column])
    found = {}
    for number, part in rows.groupby("channel"):
        if part[column].nunique() > 1 and part[grade].nunique() > 1 and len(part) > 2:
            found[number] = stats.spearmanr(part[column], part[grade]).statistic
    return (-1 if column.endswith("distance") else 1) * pd.Series(found, dtype=float)


def predictors(table: pd.DataFrame, columns: Sequence[str], grades: Sequence[str] = ("grade",)) -> pd.DataFrame:
    """Measure how well each number predicts the grades of the pictures of one channel, as choosing a method needs.

    Between channels, numbers and grades differ for reasons that have nothing to do with pictures (channels are graded
    on different properties), so each channel is asked on its own.

    Args:
        table: one row per picture, with channel, the grades and the columns.
        columns: the numbers; see `within_channels`.
        grades: "grade", or single properties too.

    Returns:
        Columns grade, predictor, channels (asked), correlation (mean over channels), low, high (95 %), p, holm
        (corrected for all lines) and pooled (over the pictures of all channels: a mixture, for comparison).
    """
    rows = []
    for grade in grades:
        for name in columns:
            correlations = within_channels(table, name, grade)
            mean, low, high = interval(correlations)
            both = table.dropna(subset=[grade, name])
            sign = -1 if name.endswith("distance") else 1
            pooled = sign * stats.spearmanr(both[name], both[grade]).statistic if len(both) > 2 else np.nan
            rows.append(
                {
                    "grade": grade, "predictor": name, "channels": len(correlations), "correlation": mean,
                    "low": low, "high": high, "p": sign_flip_p(correlations), "pooled": pooled,
                }
            )  # fmt: skip
    found = pd.DataFrame(rows)
    found.insert(found.columns.get_loc("p") + 1, "holm", holm(found["p"]))
    return found


def predictor_differences(table: pd.DataFrame, columns: Sequence[str], grade: str = "grade") -> pd.DataFrame:
    """Compare every two predictors channel by channel; see `predictors`.

    Returns:
        Columns first, second, channels, difference (of the mean correlations), low, high, p, holm.
    """
    correlations = {name: within_channels(table, name, grade) for name in columns}
    rows = []
    for first, second in combinations(columns, 2):
        difference = (correlations[first] - correlations[second]).dropna()
        mean, low, high = interval(difference)
        line = {"first": first, "second": second, "channels": len(difference), "difference": mean}
        rows.append(line | {"low": low, "high": high, "p": sign_flip_p(difference)})
    found = pd.DataFrame(rows)
    return found.assign(holm=holm(found["p"]))
