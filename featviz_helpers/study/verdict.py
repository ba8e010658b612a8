"""The verdict of a study: every question with its answer, and the answers in words."""

from __future__ import annotations

import pandas as pd

from .statistics import interval

UNINFORMED = ("grey", "mean of the data", "white noise", "1/f noise", "photographs")  # controls that know no channel
ENOUGH = 6  # channels for an answer: of fewer, chance alone puts all on one side more often than once in 20 times


def judge(held_out: pd.DataFrame, controls: pd.DataFrame, pairs: pd.DataFrame, base: str = "none") -> pd.DataFrame:
    """Return, per method, every question of the trial with its answer and interval.

    Args:
        held_out: from `statistics.held_out`.
        controls: one row per control and channel, with `exemplar_distance`.
        pairs: from `statistics.activation_pairs`.
        base: the method that the others are compared with.

    Returns:
        Columns method, question, channels (with data for an answer), mean, low, high, answer ("yes", "no", "cannot
        tell"); "yes" and "no" only where the interval lies on one side of zero and there are `ENOUGH` channels.
    """
    means = controls.groupby(["channel", "control"])["exemplar_distance"].mean().unstack("control")
    base_rows = held_out[held_out["method"] == base].set_index("channel")
    rows = []
    for name, part in held_out.groupby("method", sort=False):
        own = part.set_index("channel")
        margins = _margins(own, means)
        if name != base:
            equal = pairs[pairs["method"] == name].set_index("channel")["mean"]
            margins |= _margins_to_base(own, base_rows, equal)
        for question, margin in margins.items():
            mean, low, high = interval(margin)
            channels = int(margin.notna().sum())
            answer = _answer(channels, low, high)
            rows.append(
                {
                    "method": name, "question": question, "channels": channels,
                    "mean": mean, "low": low, "high": high, "answer": answer,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _margins(own: pd.DataFrame, controls: pd.DataFrame) -> dict[str, pd.Series]:
    """Question -> margin per channel, above zero for yes; for the questions about every method."""
    distance = own["exemplar_distance"]
    uninformed = controls.filter(items=UNINFORMED).min(axis=1)
    return {
        "closer to its data set images than a grey square": controls["grey"] - distance,
        "closer than photographs drawn blindly": controls["photographs"] - distance,
        "closer than all pictures that know nothing": uninformed - distance,
        "closer than pictures without a regulariser, blurred afterwards": (
            controls.filter(like="blurred").min(axis=1) - distance
        ),
        "closer to its own channel's images than to other channels'": own["specificity"],
        "its own channel ranks above chance": own["auc"] - 0.5,
    }


def _margins_to_base(own: pd.DataFrame, base: pd.DataFrame, pairs: pd.Series) -> dict[str, pd.Series]:
    """The same for the questions that compare a method with the base."""
    return {
        "closer than without a regulariser": base["exemplar_distance"] - own["exemplar_distance"],
        "more specific than without a regulariser": own["specificity"] - base["specificity"],
        "closer at equal activation": -pairs,
    }


def _answer(channels: int, low: float, high: float) -> str:
    if channels >= ENOUGH and low > 0:
        return "yes"
    if channels >= ENOUGH and high < 0:
        return "no"
    return "cannot tell"


def sentences(judged: pd.DataFrame, base: str = "none") -> list[str]:
    """Return the verdict in plain words, one sentence per question, each from the answers alone."""
    answers = judged.pivot(index="question", columns="method", values="answer")
    methods = judged["method"].unique()
    sentences = []
    for question in judged["question"].unique():
        row = answers.loc[question]
        count = len(methods) - int(row.isna().get(base, False))
        yes, no, undecided = (
            _list([name for name in methods if row.get(name) == answer], count)
            for answer in ("yes", "no", "cannot tell")
        )
        sentence = f"{question[0].upper()}{question[1:]}: {yes or 'no method'}."
        if no:
            sentence += f" Clearly not: {no}."
        if undecided:
            sentence += f" The data cannot tell: {undecided}."
        sentences.append(sentence)
    return sentences


def _list(names: list[str], count: int) -> str:
    return "every method" if len(names) == count > 1 else ", ".join(names)
