"""The trial of a study: intervals, choices made on one half and reported on the other, and a verdict in words.

All tables are those of `study.py`: one row per method, value, channel and seed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

DRAWS = 2000
BLIND = ("grey", "mean of the data", "white noise", "1/f noise", "photographs")  # controls that know nothing
WITHIN = 0.25  # how near two activations must be to be called equal
ENOUGH = 6  # channels for an answer: of fewer, chance alone puts all on one side more often than once in 20 times


def interval(values: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """Return the mean and its 95 % percentile-bootstrap interval (Efron, 1979); the ends are NaN below 2 values."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return (float(values.mean()) if len(values) else np.nan, np.nan, np.nan)
    found = stats.bootstrap((values,), np.mean, n_resamples=DRAWS, method="percentile", rng=np.random.default_rng(seed))
    return float(values.mean()), float(found.confidence_interval.low), float(found.confidence_interval.high)


def lowest(study: pd.DataFrame) -> pd.DataFrame:
    """Return the study's table: method x channel -> the lowest exemplar distance over the values, seeds averaged.

    Taking the lowest of several noisy numbers flatters every method a little; `held_out` does not.
    """
    means = study.groupby(["method", "channel", "value"], sort=False)["exemplar_distance"].mean()
    return means.groupby(["method", "channel"], sort=False).min().unstack("channel")


def improvement(table: pd.DataFrame, base: str = "none") -> pd.DataFrame:
    """Return by how much (in %) each method's distances lie below the base's, with the mean over the channels."""
    percent = 100 * (1 - table / table.loc[base])
    return percent.assign(mean=percent.mean(axis=1))


def curves(study: pd.DataFrame, column: str = "exemplar_distance") -> pd.DataFrame:
    """Return for every method and value the mean of a column with its interval over channels (of one, over seeds).

    Channels differ more than values do, so each channel's own mean over its method's values is taken out first: the
    interval then says how sure the DIFFERENCE between two values is. Seeds are averaged first, because pictures of one
    channel are not independent.
    """
    rows = []
    for name, part in study.groupby("method", sort=False):
        if part["channel"].nunique() > 1:
            part = part.groupby(["value", "channel"], as_index=False)[column].mean()
        level = part.groupby("channel")[column].transform("mean")
        for value, cell in part.assign(left=part[column] - level + level.mean()).groupby("value"):
            mean, low, high = interval(cell["left"])
            rows.append({"method": name, "value": value, "mean": mean, "low": low, "high": high})
    return pd.DataFrame(rows)


def refined(study: pd.DataFrame) -> pd.DataFrame:
    """Return for each method the range of values whose interval overlaps that of the best value."""
    rows = []
    for name, part in curves(study).dropna(subset=["mean"]).groupby("method", sort=False):
        best = part.loc[part["mean"].idxmin()]
        alike = part[(part["low"] <= best["high"]) | (part["value"] == best["value"])]["value"]
        rows.append({"method": name, "best": best["value"], "from": alike.min(), "to": alike.max()})
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
    found = []
    for choose, report in ((first, second), (second, first)):
        means = (
            trial[trial["channel"].isin(choose)].groupby(["method", "value"], sort=False)["exemplar_distance"].mean()
        )
        for name, value in means.dropna().groupby("method", sort=False).idxmin():
            told = trial[(trial["method"] == name) & (trial["value"] == value) & trial["channel"].isin(report)]
            found.append(
                told.drop(columns="seed").groupby(["method", "value", "channel"], sort=False).mean(numeric_only=True)
            )
    return pd.concat(found).reset_index()


def matched(trial: pd.DataFrame, told: pd.DataFrame, base: str = "none") -> pd.DataFrame:
    """Compare every method with the base at equal activation.

    A method that climbs less high changes the picture less. For every picture of a method, at the value that the other
    half of the channels chose, the base picture of the same channel and seed (over all its values) with the nearest
    activation is its partner, if within 25 %.

    Args:
        trial: all pictures.
        told: from `held_out`.
        base: the method that the others are compared with.

    Returns:
        One row per method and channel: mean of distance minus the partner's distance, and the number of pairs.
    """
    plain = trial[trial["method"] == base].dropna(subset=["activation", "exemplar_distance"])
    chosen = trial.merge(told.loc[told["method"] != base, ["method", "value", "channel"]])
    rows = []
    for row in chosen.dropna(subset=["activation", "exemplar_distance"]).itertuples():
        partners = plain[(plain["channel"] == row.channel) & (plain["seed"] == row.seed)]
        if len(partners) and row.activation > 0:
            apart = (partners["activation"] / row.activation - 1).abs()
            if apart.min() <= WITHIN:
                gain = row.exemplar_distance - partners.loc[apart.idxmin(), "exemplar_distance"]
                rows.append({"method": row.method, "channel": row.channel, "difference": gain})
    pairs = pd.DataFrame(rows, columns=["method", "channel", "difference"])
    return pairs.groupby(["method", "channel"], sort=False)["difference"].agg(["mean", "size"]).reset_index()


def judge(told: pd.DataFrame, controls: pd.DataFrame, pairs: pd.DataFrame, base: str = "none") -> pd.DataFrame:
    """Return, per method, every question of the trial with its answer and interval.

    Args:
        told: from `held_out`.
        controls: one row per control and channel, with `exemplar_distance`.
        pairs: from `matched`.
        base: the method that the others are compared with.

    Returns:
        Columns method, question, channels (that could be asked), mean, low, high, answer ("yes", "no", "cannot tell");
        "yes" and "no" only where the interval lies on one side of zero and there are `ENOUGH` channels.
    """
    means = controls.groupby(["channel", "control"])["exemplar_distance"].mean().unstack("control")
    nothing, blur = means.filter(items=BLIND).min(axis=1), means.filter(like="blurred").min(axis=1)
    plain = told[told["method"] == base].set_index("channel")
    rows = []
    for name, part in told.groupby("method", sort=False):
        own = part.set_index("channel")
        asked = {
            "closer to its data set images than a grey square": means["grey"] - own["exemplar_distance"],
            "closer than photographs drawn blindly": means["photographs"] - own["exemplar_distance"],
            "closer than all pictures that know nothing": nothing - own["exemplar_distance"],
            "closer than pictures without a regulariser, blurred afterwards": blur - own["exemplar_distance"],
            "closer to its own channel's images than to other channels'": own["specificity"],
            "its own channel ranks above chance": own["auc"] - 0.5,
        }
        if name != base:
            asked["closer than without a regulariser"] = plain["exemplar_distance"] - own["exemplar_distance"]
            asked["more specific than without a regulariser"] = own["specificity"] - plain["specificity"]
            same = pairs[pairs["method"] == name].set_index("channel")["mean"]
            asked["closer at equal activation"] = -same
        for question, margin in asked.items():
            (mean, low, high), channels = interval(margin), int(margin.notna().sum())
            answer = "cannot tell" if channels < ENOUGH else "yes" if low > 0 else "no" if high < 0 else "cannot tell"
            about = {"method": name, "question": question, "channels": channels}
            rows.append({**about, "mean": mean, "low": low, "high": high, "answer": answer})
    return pd.DataFrame(rows)


def sentences(judged: pd.DataFrame, base: str = "none") -> list[str]:
    """Return the verdict in plain words, one sentence a line, each from the answers alone."""
    answers = judged.pivot(index="question", columns="method", values="answer")

    def those(question: str, answer: str) -> list[str]:
        return [name for name in judged["method"].unique() if answers.loc[question].get(name) == answer]

    def listed(names: list[str], count: int) -> str:
        return "every method" if len(names) == count > 1 else ", ".join(names) if names else "no method"

    total, others = judged["method"].nunique(), judged["method"].nunique() - 1
    lines = []
    for question in judged["question"].unique():
        count = others if answers.loc[question].isna().get(base, False) else total
        yes, no, open_ = (those(question, answer) for answer in ("yes", "no", "cannot tell"))
        line = f"{question[0].upper()}{question[1:]}: {listed(yes, count)}."
        if no:
            line += f" Clearly not: {listed(no, count)}."
        if open_:
            line += f" The data cannot tell: {listed(open_, count)}."
        lines.append(line)
    return lines
