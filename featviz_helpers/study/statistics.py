"""The statistics of a study: intervals, choices made on one half and reported on the other, correlations.

All tables are those of `Study.run`: one row per method, value, channel and seed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

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
        means = chosen.groupby(["method", "value"], sort=False)["exemplar_distance"].mean()
        for name, value in means.dropna().groupby("method", sort=False).idxmin():
            rows = trial[(trial["method"] == name) & (trial["value"] == value) & trial["channel"].isin(report)]
            groups = rows.drop(columns="seed").groupby(["method", "value", "channel"], sort=False)
            tables.append(groups.mean(numeric_only=True))
    return pd.concat(tables).reset_index()


def activation_pairs(trial: pd.DataFrame, held_out: pd.DataFrame, base: str = "none") -> pd.DataFrame:
    """Compare every method with the base at equal activation.

    A method that climbs less high changes the picture less. For every picture of a method, at the value that the other
    half of the channels chose, the base picture of the same channel and seed (over all its values) with the nearest
    activation is its partner, if within 25 %.

    Args:
        trial: all pictures.
        held_out: from `held_out`.
        base: the method that the others are compared with.

    Returns:
        One row per method and channel: mean of distance minus the partner's distance, and the number of pairs.
    """
    base_rows = trial[trial["method"] == base].dropna(subset=["activation", "exemplar_distance"])
    chosen = trial.merge(held_out.loc[held_out["method"] != base, ["method", "value", "channel"]])
    rows = []
    for row in chosen.dropna(subset=["activation", "exemplar_distance"]).itertuples():
        partners = base_rows[(base_rows["channel"] == row.channel) & (base_rows["seed"] == row.seed)]
        if len(partners) and row.activation > 0:
            apart = (partners["activation"] / row.activation - 1).abs()
            if apart.min() <= WITHIN:
                difference = row.exemplar_distance - partners.loc[apart.idxmin(), "exemplar_distance"]
                rows.append({"method": row.method, "channel": row.channel, "difference": difference})
    pairs = pd.DataFrame(rows, columns=["method", "channel", "difference"])
    return pairs.groupby(["method", "channel"], sort=False)["difference"].agg(["mean", "size"]).reset_index()


def predictors(table: pd.DataFrame, columns: Sequence[str], draws: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Measure how well each number predicts the grade, over pictures of all channels and methods.

    Args:
        table: one row per picture, with channel, grade and the columns.
        columns: a name that ends in "distance" counts downwards: a smaller distance should mean a better grade.
        draws: bootstrap draws of whole channels, because pictures of one channel are not independent.
        seed: of the draws.

    Returns:
        Columns predictor, correlation (Spearman, 1904), low, high (95 %), and within: the same correlation after each
        channel's mean rank was taken out, which is about choosing between methods.
    """
    rows = table.dropna(subset=["grade", *columns]).reset_index(drop=True)
    members = [part.to_numpy() for part in rows.groupby("channel").groups.values()]
    generator = np.random.default_rng(seed)
    # The same draws for every number, so that their intervals can be compared.
    drawn = [np.concatenate([members[i] for i in generator.choice(len(members), len(members))]) for _ in range(draws)]
    grade, correlations = rows["grade"].to_numpy(), []
    for name in columns:
        value = (-1 if name.endswith("distance") else 1) * rows[name].to_numpy()
        with warnings.catch_warnings():
            # A draw may hold a single value; its correlation is NaN, and left out.
            warnings.simplefilter("ignore", stats.ConstantInputWarning)
            bootstrap = [stats.spearmanr(value[draw], grade[draw]).statistic for draw in drawn]
        low, high = np.nanpercentile(bootstrap, (2.5, 97.5))
        ranks = pd.DataFrame({"value": value, "grade": grade}).rank().groupby(rows["channel"])
        within = ranks.transform(lambda part: part - part.mean()).corr().iloc[0, 1]
        whole = stats.spearmanr(value, grade).statistic
        correlations.append({"predictor": name, "correlation": whole, "low": low, "high": high, "within": within})
    return pd.DataFrame(correlations)
