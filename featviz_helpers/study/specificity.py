"""Is a picture nearer to its own channel's images than to other channels'? The whole matrix of distances tells.

Some sets of images are ordinary, and near to everything; some pictures are odd, and far from everything. "Others minus
own" of one picture holds both. The matrix of all pictures against all sets tells them apart: an additive fit takes out
the effect of each picture (row) and of each set (column), and what is left on the diagonal is the specificity. A grey
square has none, exactly, though it has an "others minus own" for every channel.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

GROUP = ["method", "value", "seed"]  # the pictures of one matrix: one of each channel
INDEX = [*GROUP, "channel"]
JUDGES = ("", "place_free_")  # what the columns of the two distances begin with
CLOSENESS = ("exemplar_distance", "other_distance", "others_minus_own", "rank", "specificity", "auc")
DRAWS = 9999
DIGITS = 9  # what is smaller is rounding: equal pictures are equal


def columns(distances: np.ndarray, sets: list[int], judge: str = "") -> pd.DataFrame:
    """Return a matrix (N, G) of distances as columns to be kept beside the rows of a table."""
    return pd.DataFrame(distances, columns=[f"{judge}to {channel}" for channel in sets])


def distances(rows: pd.DataFrame, judge: str = "") -> pd.DataFrame:
    """Return the matrix that `columns` put into a table.

    Args:
        rows: one per picture, with method, value, seed, channel and the columns of the matrix.
        judge: one of `JUDGES`.

    Returns:
        One row per picture, indexed by method, value, seed and channel; one column per set, named by its channel.
    """
    start = f"{judge}to "
    matrix = rows[[name for name in rows if name.startswith(start)]]
    matrix = matrix.rename(columns=lambda name: int(name.removeprefix(start)))
    return matrix.set_index(pd.MultiIndex.from_frame(rows[INDEX]))


def residuals(distances: pd.DataFrame) -> pd.DataFrame:
    """Take the row and column effects out of every matrix (pictures of one method, value and seed x sets).

    Args:
        distances: as from `distances`; a row of NaN is a dead start, and has no say.

    Returns:
        The same rows and columns: distance - mean of its row - mean of its column + mean of all.
    """
    rows = distances.sub(distances.mean(axis=1), axis=0)
    return (rows - rows.groupby(level=GROUP).transform("mean")).round(DIGITS)


def of_pictures(residuals: pd.DataFrame) -> pd.DataFrame:
    """Return the specificity of every picture.

    The additive model is fitted to the other sets alone: own cells, which are what is asked about, would pull its row
    and its column towards themselves. That fit follows from the residuals without fitting again: in a matrix of n
    pictures and G sets with own-cell effects s, the residual of own cell i is
    -s_i (1 - 1/n - 1/G) - (sum of s) / nG.

    Args:
        residuals: from `residuals`.

    Returns:
        In the order of the rows, columns specificity (in units of the distance; above 0 is nearer to its own set than
        picture and set alone would have it; NaN for a dead start and for a lone picture) and auc (share of the other
        sets with a larger residual; 0.5 is chance).
    """
    values = residuals.to_numpy()
    own_column = residuals.columns.get_indexer(residuals.index.get_level_values("channel"))
    own = values[np.arange(len(values)), own_column]
    groups = pd.Series(own, residuals.index).groupby(level=GROUP)
    pictures, sets = groups.transform("count").to_numpy(), values.shape[1]
    share = 1 - 1 / np.maximum(pictures, 1) - 1 / sets
    with np.errstate(divide="ignore", invalid="ignore"):
        total = -groups.transform("sum").to_numpy() / (1 - 1 / pictures)
        found = (-own - total / (pictures * sets)) / share
    others = np.isfinite(values).sum(axis=1) - 1
    larger, ties = (values > own[:, None]).sum(axis=1), (values == own[:, None]).sum(axis=1) - 1
    auc = (larger + ties / 2) / np.maximum(others, 1)
    known = np.isfinite(own) & (pictures > 1) & (share > 0)
    return pd.DataFrame({"specificity": np.where(known, found, np.nan), "auc": np.where(known, auc, np.nan)})


def add(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with specificity and auc of every judge whose matrix they hold."""
    rows = rows.reset_index(drop=True)
    for judge in JUDGES:
        if any(name.startswith(f"{judge}to ") for name in rows):
            rows = rows.join(of_pictures(residuals(distances(rows, judge))).add_prefix(judge))
    return rows


def view(table: pd.DataFrame, judge: str = "") -> pd.DataFrame:
    """Return a table as one judge sees it: its columns under the plain names, without those of the other."""
    theirs = {f"{judge}{name}": name for name in CLOSENESS}
    others = [f"{other}{name}" for other in JUDGES if other != judge for name in CLOSENESS]
    return table.drop(columns=[name for name in others if name in table]).rename(columns=theirs)


def square(residuals: pd.DataFrame, pictures: pd.DataFrame) -> np.ndarray:
    """Return the residuals (n, n) of some pictures, each channel's own set in the column of its row.

    Args:
        residuals: from `residuals`.
        pictures: one row per channel, with method, value and channel; seeds are averaged. Channels whose pictures are
            dead are left out.
    """
    keys = ["method", "value", "channel"]
    rows = residuals.reset_index().merge(pictures[keys], on=keys)
    means = rows.groupby("channel")[list(residuals.columns)].mean()
    means = means[means.notna().any(axis=1)]
    return means[means.index.tolist()].fillna(0.0).to_numpy()


def permutation_p(square: np.ndarray, draws: int = DRAWS, seed: int = 0) -> float:
    """Return how often sets that were dealt to the pictures at random fit as well or as badly as their own do.

    Args:
        square: (n, n), distances or residuals of n pictures to n sets, own ones on the diagonal.
        draws: deals.
        seed: of the deals.

    Returns:
        The p of a permutation test (Fisher, 1935), two-sided; row and column effects cannot make it small.
    """
    count = len(square)
    if count < 2:
        return np.nan
    centred = square - square.mean(axis=0) - square.mean(axis=1, keepdims=True) + square.mean()
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(count), (draws, 1)), axis=1)
    dealt = np.abs(centred[np.arange(count), order].mean(axis=1))
    return float((1 + (dealt >= np.abs(np.trace(centred)) / count - 1e-12).sum()) / (1 + draws))
