"""The statistics of a study: intervals, choices made on one half and reported on the other, correlations.

All tables are those of `Study.run`: one row per method, value, channel and seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from .controls import BLURRED, JUDGED_CONTROLS

DRAWS = 2000
WITHIN = 0.25  # largest relative difference of two activations that count as equal


def interval(values: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """Return the mean and its 95 % percentile-bootstrap interval (Efron, 1979); the ends are NaN below 2 values."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return (float(values.mean()) if len(values) else np.nan, np.nan, np.nan)
    generator = np.random.default_rng(seed)
    bootstrap = stats.bootstrap((values,), np.mean, n_resamples=DRAWS, method="percentile", rng=generator)
    return float(values.mean()), float(bootstrap.confidence_interval.low), float(bootstrap.confidence_interval.high)


def lowest_distances(table: pd.DataFrame) -> pd.DataFrame:
    """Return method x channel -> the lowest exemplar distance over the values, seeds averaged.

    Taking the lowest of several noisy numbers flatters every method a little; `held_out` does not.
    """
    means = table.groupby(["method", "channel", "value"], sort=False)["exemplar_distance"].mean()
    return means.groupby(["method", "channel"], sort=False).min().unstack("channel")


def improvement(table: pd.DataFrame, base: str = "none") -> pd.DataFrame:
    """Return by how much (in %) each method's distances lie below the base's, with the mean over the channels."""
    percent = 100 * (1 - table / table.loc[base])
    return percent.assign(mean=percent.mean(axis=1))


def ranking(study: pd.DataFrame, controls: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return `lowest_distances` with some controls among the methods, the nearest first.

    Args:
        study, controls: tables of a study.
        names: of the controls; in the ranking they stand in brackets.
    """
    low = lowest_distances(study)
    rows = controls[controls["channel"].isin(low.columns) & controls["control"].isin(names)]
    means = rows.pivot_table(index="control", columns="channel", values="exemplar_distance")
    whole = pd.concat([low, means.rename("[{}]".format)])
    return whole.loc[whole.mean(axis=1).sort_values().index].rename_axis(None)


def gains(study: pd.DataFrame, published: pd.DataFrame | None = None, base: str = "none") -> pd.DataFrame:
    """Return by how much (in %) each method lies below the base at its best step size, and at its coarsest.

    The difference of the two is what the base's step adds to a gain.

    Args:
        study: table of a study.
        published: lowest distances of another study, for a column beside them.
        base: the method whose values are step sizes.
    """
    low, rows = lowest_distances(study), study[study["method"] == base]
    step = rows["value"].max()
    worst = rows[rows["value"] == step].groupby("channel")["exemplar_distance"].mean()
    table = pd.DataFrame({"improvement, %": improvement(low)["mean"]})
    table[f"on {base} at step {step:g}, %"] = (100 * (1 - low / worst)).mean(axis=1)
    if published is not None:
        table["published, %"] = improvement(published)["mean"]
    return table


def curves(table: pd.DataFrame, column: str = "exemplar_distance") -> pd.DataFrame:
    """Return for every method and value the mean of a column with its interval over channels (of one, over seeds).

    Channels differ more than values do, so each channel's own mean over its method's values is taken out first: the
    interval is that of the DIFFERENCE between two values. Seeds are averaged first, because pictures of one channel are
    not independent.
    """
    rows = []
    for name, part in table.groupby("method", sort=False):
        if part["channel"].nunique() > 1:
            part = part.groupby(["value", "channel"], as_index=False)[column].mean()
        level = part.groupby("channel")[column].transform("mean")
        for value, cell in part.assign(centred=part[column] - level + level.mean()).groupby("value"):
            mean, low, high = interval(cell["centred"])
            rows.append({"method": name, "value": value, "mean": mean, "low": low, "high": high})
    return pd.DataFrame(rows)


def best_ranges(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each method the range of values whose interval overlaps that of the best value."""
    rows = []
    for name, part in curves(table).dropna(subset=["mean"]).groupby("method", sort=False):
        best = part.loc[part["mean"].idxmin()]
        equivalent = part[(part["low"] <= best["high"]) | (part["value"] == best["value"])]["value"]
        rows.append({"method": name, "best": best["value"], "from": equivalent.min(), "to": equivalent.max()})
    return pd.DataFrame(rows)


def halves(channels: list[int]) -> tuple[list[int], list[int]]:
    """Split channels into every other one, so that both halves have members of every branch of a layer."""
    ordered = sorted(channels)
    return ordered[::2], ordered[1::2]


def held_out(trial: pd.DataFrame) -> pd.DataFrame:
    """Choose each method's value on one half of the channels, report it on the other, and the other way round.

    Returns:
        One row per method and channel: the value chosen on the other half, and the means over seeds of every score.
    """
    first, second = halves(trial["channel"].unique().tolist())
    tables = []
    for choose, report in ((first, second), (second, first)):
        chosen = trial[trial["channel"].isin(choose)]
        means = chosen.assign(gap=_gaps(chosen)).groupby(["method", "value"], sort=False)["gap"].mean()
        for name, value in means.dropna().groupby("method", sort=False).idxmin():
            rows = trial[(trial["method"] == name) & (trial["value"] == value) & trial["channel"].isin(report)]
            groups = rows.drop(columns="seed").groupby(["method", "value", "channel"], sort=False)
            tables.append(groups.mean(numeric_only=True))
    return pd.concat(tables).reset_index()


def ranked_values(table: pd.DataFrame) -> pd.Index:
    """Return the values of one method, the nearest first, and last those without a living start."""
    means = table.assign(gap=_gaps(table)).groupby("value")["gap"].mean()
    return means.sort_values(na_position="last").index


def _gaps(table: pd.DataFrame) -> pd.Series:
    """Return by how much each distance lies above the mean of its method and channel.

    A value whose start is dead on a far-off channel has one far distance fewer, and must not look nearer for it.
    """
    return table["exemplar_distance"] - table.groupby(["method", "channel"])["exemplar_distance"].transform("mean")


def activation_pairs(trial: pd.DataFrame, held_out: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    """Compare every method with pictures without a regulariser at equal activation.

    A method that climbs less high changes the picture less. The partner of a picture, at the value that the other half
    of the channels chose, is the snapshot of one and the same climb of its channel and seed with the nearest
    activation, if within 25 %. (Pictures of other step sizes would be partners too, but coarser steps make grainier
    pictures: a difference would be partly that of the grain.)

    Args:
        trial: all pictures.
        held_out: from `held_out`.
        snapshots: channel, seed, activation and exemplar_distance of pictures on the way of one climb of each channel.

    Returns:
        One row per method and channel: mean of distance minus the partner's distance, and the number of pairs.
    """
    pictures = trial.merge(held_out[["method", "value", "channel"]])
    pictures = pictures[pictures["method"] != "none"].dropna(subset=["activation", "exemplar_distance"])
    pairs = pictures.merge(snapshots, on=["channel", "seed"], suffixes=("", "_partner"))
    pairs["apart"] = (pairs["activation_partner"] / pairs["activation"] - 1).abs()
    pairs = pairs[(pairs["apart"] <= WITHIN) & (pairs["activation"] > 0)].sort_values("apart", kind="stable")
    pairs = pairs.drop_duplicates(["method", "channel", "seed"]).sort_index()
    pairs["difference"] = pairs["exemplar_distance"] - pairs["exemplar_distance_partner"]
    return pairs.groupby(["method", "channel"], sort=False)["difference"].agg(["mean", "size"]).reset_index()


def contestants(trial: pd.DataFrame, controls: pd.DataFrame) -> pd.DataFrame:
    """Return the controls that are judged like methods, as rows of a trial.

    Those are `JUDGED_CONTROLS` and the blurred pictures, whose value is the width of the blur.
    """
    judged = controls["method"].isin([*JUDGED_CONTROLS, BLURRED]) & controls["channel"].isin(trial["channel"].unique())
    return controls[judged].drop(columns="control")


def sign_flip_p(margins: np.ndarray, draws: int = 9999, seed: int = 0) -> float:
    """Return how often margins of random sign have a mean as far from zero: a permutation test, two-sided."""
    margins = np.asarray(margins, float)
    margins = margins[np.isfinite(margins)]
    if len(margins) < 2:
        return np.nan
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(draws, len(margins)))
    means = np.abs(signs @ margins) / len(margins)
    return float((1 + (means >= np.abs(margins.mean()) - 1e-12).sum()) / (1 + draws))


def holm(p: Sequence[float]) -> np.ndarray:
    """Return p values corrected for their number (Holm, 1979); NaN stays and does not count."""
    p = np.asarray(p, float)
    order = [i for i in np.argsort(p) if np.isfinite(p[i])]
    corrected, factors = np.full(len(p), np.nan), np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected
