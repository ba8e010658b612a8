"""The verdict of a study: every question with its answer, and the answers in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import specificity
from .controls import BLURRED, JUDGED_CONTROLS, OWN, PHOTOGRAPHS
from .methods import METHODS, PIXEL_STEP
from .specificity import view
from .statistics import activation_pairs, contestants, held_out, holm, interval, sign_flip_p
from .tables import Tables

UNINFORMED = ("grey", "mean of the data", "white noise", "1/f noise", PHOTOGRAPHS)  # controls that know no channel
ENOUGH = 6  # channels for an answer: of fewer, chance alone puts all on one side more often than once in 20 times
SURE = 0.05
# Controls that a question is about: they are not asked it.
ASKED_ABOUT = {
    "closer to its data set images than a grey square": ("grey",),
    "closer than photographs drawn blindly": (PHOTOGRAPHS,),
    "closer than all pictures that know nothing": UNINFORMED,
    "closer than pictures without a regulariser, blurred afterwards": (BLURRED,),
    "as close as its own images are to each other": (OWN,),
}
SPECIFIC = "nearer to its own channel's images than picture and images alone explain"


def judge(tables: Tables, by: str = "", base: str = "none") -> pd.DataFrame:
    """Return every question of the trial with its answer, for every method and for the controls that are judged too.

    Args:
        tables: of a study.
        by: which of `specificity.JUDGES` is asked.
        base: the method that the others are compared with, at their own step size; see `at_equal_step`.

    Returns:
        Columns contestant, control (whether it is one), question, channels (with data for an answer), mean, low, high
        (95 % bootstrap interval over channels), p (of a permutation test: sets are dealt to pictures anew for the
        question of specificity, signs of the margins are drawn anew for all others), holm (corrected for all lines),
        answer ("yes", "no", "cannot tell"): "yes" and "no" only where the interval lies on one side of zero and there
        are `ENOUGH` channels.
    """
    chosen, pairs = chosen_pictures(tables, by), equal_activation(tables, by)
    controls, residuals = _control_means(tables, by), tables.residuals(by)
    rows = []
    for name, part in chosen.groupby("method", sort=False):
        own = part.set_index("channel")
        margins = _margins(name, own, controls)
        if name != base:
            equal = pairs[pairs["method"] == name].set_index("channel")["mean"]
            margins |= _margins_to_base(own, at_equal_step(tables, chosen, name, by, base), equal)
        for question, margin in margins.items():
            line = _line(margin)
            if question == SPECIFIC:
                line["p"] = specificity.permutation_p(specificity.square(residuals, part))
            rows.append({"contestant": name, "control": is_control(name), "question": question} | line)
    judged = pd.DataFrame(rows)
    judged.insert(judged.columns.get_loc("p") + 1, "holm", holm(judged["p"]))
    return judged


def is_control(name: str) -> bool:
    """Return whether a contestant is a control that is judged like a method."""
    return name in (*JUDGED_CONTROLS, BLURRED)


def chosen_pictures(tables: Tables, by: str = "") -> pd.DataFrame:
    """Return `held_out` of all methods and of the controls that are judged like methods."""
    trial = view(tables.trial, by)
    return held_out(pd.concat([trial, contestants(trial, view(tables.controls, by))]))


def at_equal_step(tables: Tables, chosen: pd.DataFrame, name: str, by: str = "", base: str = "none") -> pd.DataFrame:
    """Return the pictures without a regulariser that a method is compared with, by channel.

    A coarser step changes a picture as much as many a regulariser does, so the base takes the method's own step. Where
    the step is the number that a method varies, that of the base is chosen in the same way.
    """
    trial = view(tables.trial, by)
    same = trial[(trial["method"] == base) & (trial["value"] == PIXEL_STEP)]
    if same.empty or (name in METHODS and METHODS[name].parameter == METHODS[base].parameter):
        return chosen[chosen["method"] == base].set_index("channel")
    return same.groupby("channel").mean(numeric_only=True)


def equal_activation(tables: Tables, by: str = "") -> pd.DataFrame:
    """Return `statistics.activation_pairs` of the methods."""
    trial = view(tables.trial, by)
    return activation_pairs(trial, held_out(trial), view(tables.snapshots, by))


def _control_means(tables: Tables, by: str) -> pd.DataFrame:
    """Return channel x control -> mean distance."""
    return view(tables.controls, by).groupby(["channel", "control"])["exemplar_distance"].mean().unstack("control")


def _margins(name: str, own: pd.DataFrame, controls: pd.DataFrame) -> dict[str, pd.Series]:
    """Question -> margin per channel, above zero for yes; without those that a control would ask of itself."""
    distance = own["exemplar_distance"]
    uninformed = controls.filter(items=UNINFORMED).min(axis=1)
    blurred = controls.filter(like=BLURRED).min(axis=1)
    margins = {
        "closer to its data set images than a grey square": controls["grey"] - distance,
        "closer than photographs drawn blindly": controls[PHOTOGRAPHS] - distance,
        "closer than all pictures that know nothing": uninformed - distance,
        "closer than pictures without a regulariser, blurred afterwards": blurred - distance,
        "as close as its own images are to each other": controls[OWN] - distance,
        SPECIFIC: own["specificity"],
        "its own channel ranks above chance": own["auc"] - 0.5,
    }
    return {question: margin for question, margin in margins.items() if name not in ASKED_ABOUT.get(question, ())}


def _margins_to_base(own: pd.DataFrame, base: pd.DataFrame, pairs: pd.Series) -> dict[str, pd.Series]:
    """The same for the questions that compare with the base; pictures that were not climbed have no activation."""
    margins = {
        "closer than without a regulariser": base["exemplar_distance"] - own["exemplar_distance"],
        "more specific than without a regulariser": own["specificity"] - base["specificity"],
    }
    return margins | ({"closer at equal activation": -pairs} if len(pairs) else {})


def _line(margin: pd.Series) -> dict:
    mean, low, high = interval(margin)
    channels = int(margin.notna().sum())
    answer = "yes" if low > 0 else "no" if high < 0 else "cannot tell"
    return {
        "channels": channels, "mean": mean, "low": low, "high": high, "p": sign_flip_p(margin),
        "answer": answer if channels >= ENOUGH else "cannot tell",
    }  # fmt: skip


def sentences(judged: pd.DataFrame) -> list[str]:
    """Return the verdict in plain words, one sentence per question, each from the answers alone.

    A star marks an answer that does not stand after Holm's correction. Controls come in brackets. Where not all answers
    rest on the same number of channels, it says on how many.
    """
    return [_sentence(question, part) for question, part in judged.groupby("question", sort=False)]


def _sentence(question: str, part: pd.DataFrame) -> str:
    methods, controls = part[~part["control"]], part[part["control"]]
    varied = part["channels"].nunique() > 1
    sentence = f"{question[0].upper()}{question[1:]}: {_names(methods, 'yes', varied) or 'no method'}."
    for answer, words in (("no", "Clearly not"), ("cannot tell", "The data cannot tell")):
        if names := _names(methods, answer, varied):
            sentence += f" {words}: {names}."
    if len(controls):
        told = (f"{row.contestant}{_star(row)} {row.answer}" for row in controls.itertuples())
        sentence += f" (Asked of the controls: {', '.join(told)}.)"
    return sentence


def _names(part: pd.DataFrame, answer: str, varied: bool) -> str:
    """List the contestants with one answer; "every method" where it is that of all, unless a detail differs."""
    rows = list(part[part["answer"] == answer].itertuples())
    if len(rows) == len(part) > 1 and not varied and len(set(map(_star, rows))) == 1:
        return f"every method{_star(rows[0])}"
    count = " ({} channels)" if varied else ""
    return ", ".join(f"{row.contestant}{_star(row)}{count.format(row.channels)}" for row in rows)


def _star(row: object) -> str:
    return "*" if row.answer != "cannot tell" and not row.holm < SURE else ""


def specificity_table(tables: Tables, by: str = "", base: str = "none") -> pd.DataFrame:
    """Return the specificity of every contestant beside what "others minus own" calls so.

    Returns:
        Columns contestant, channels, others_minus_own, its low and high; specificity, low, high, p; share (of the own
        images' specificity); over_base, its low and high (paired, by channel, see `at_equal_step`).
    """
    chosen, residuals = chosen_pictures(tables, by), tables.residuals(by)
    rows = []
    for name, part in chosen.groupby("method", sort=False):
        own, naive = part.set_index("channel")["specificity"], interval(part["others_minus_own"])
        mean, low, high = interval(own)
        rivals = at_equal_step(tables, chosen, name, by, base)["specificity"]
        over = interval(own - rivals) if name != base else (np.nan,) * 3
        p = specificity.permutation_p(specificity.square(residuals, part))
        rows.append((name, own.notna().sum(), *naive, mean, low, high, p, *over))
    names = ["others_minus_own", "naive_low", "naive_high", "specificity", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=["contestant", "channels", *names, "over_base", "over_low", "over_high"])
    ceiling = table.loc[table["contestant"] == OWN, "specificity"]
    table.insert(8, "share", table["specificity"] / (ceiling.iloc[0] if len(ceiling) else np.nan))
    return table


def over_most_specific(tables: Tables, by: str = "", base: str = "none") -> pd.DataFrame:
    """Compare the specificity of every contestant with that of the base at the value at which it is most specific.

    That value is chosen on all channels and by the very number that is compared, which favours the base.

    Args:
        tables: of a study.
        by: which of `specificity.JUDGES` is asked.
        base: the method that the others are compared with.

    Returns:
        Rows named by contestant; columns value (of the base), mean, low, high (95 % interval, paired by channel).
    """
    trial = view(tables.trial, by)
    rivals = trial[trial["method"] == base].pivot_table(index="channel", columns="value", values="specificity")
    value = rivals.mean().idxmax()
    rows = {
        name: interval(part.set_index("channel")["specificity"] - rivals[value])
        for name, part in chosen_pictures(tables, by).groupby("method", sort=False)
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "low", "high"]).rename_axis("contestant")
    table.insert(0, "value", value)
    return table
