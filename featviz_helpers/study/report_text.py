"""What a study found, as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..metrics.answer_key import PROPERTIES
from . import statistics, verdict
from .published import PUBLISHED
from .study import Study
from .tables import Tables

TRIAL = ("exemplar_distance", "others_minus_own", "specificity", "auc", "activation", "activation_percentile")


def study_text(study: Study, tables: Tables, judged: pd.DataFrame, specificity: dict[str, pd.DataFrame]) -> str:
    """Return the table, its controls, the trial and the verdict as Markdown.

    Args:
        study: which was run.
        tables: what came out.
        judged: from `verdict.judge`, with a column judge.
        specificity: per judge, from `verdict.specificity_table`.
    """
    scores = study.scores
    title = f"# The study: {scores.backbone.name}, {scores.layer}, {len(scores.data)} images, {scores.distance.label}"
    paragraphs = [title, *_table_paragraphs(study, tables), *_trial_paragraphs(study, tables)]
    for by, table in specificity.items():
        paragraphs += _specificity_paragraphs(scores.judges[by].label, table)
    paragraphs += [_lesson(tables), *_verdict_paragraphs(study, judged)]
    return "\n\n".join(paragraphs) + "\n"


def _table_paragraphs(study: Study, tables: Tables) -> list[str]:
    plan, scores, low = study.plan, study.scores, statistics.lowest_distances(tables.study)
    own = tables.controls[tables.controls["channel"].isin(plan.channels)]
    own = own.pivot_table(index="control", columns="channel", values="exemplar_distance", sort=False)
    one_seed = statistics.lowest_distances(tables.study[tables.study["seed"] == plan.seeds[0]])
    moved = (one_seed - low).abs().to_numpy()
    step, worst = _coarsest(tables.study)
    theirs = scores.backbone.name.startswith("inception_v3") and scores.layer == "mixed6"
    gains = statistics.gains(tables.study, PUBLISHED if theirs else None)
    return [
        f"Lowest mean distance to the channel's {plan.k} strongest images over the values of each method "
        f"({plan.steps} steps, {plan.size} pixels, mean of {len(plan.seeds)} seeds); alignment is shown one half of "
        "them and measured on the other:",
        low.round(3).to_markdown(),
        "Pictures that know nothing of any channel, and the channel's own images, each against the half of them that "
        "it is not in:",
        own.round(3).to_markdown(),
        f"One seed instead of {len(plan.seeds)}: the numbers of the table move by {np.nanmean(moved):.3f} on "
        f"average and by {np.nanmax(moved):.3f} at most.",
        "By how much each method lies below no regulariser, mean of the channels. The second column takes the base at "
        f"its coarsest step, {step:g}, where its mean distance is {worst:.3f}: how much of a gain is the "
        "regulariser's and how much is the base's step size?",
        gains.round(1).to_markdown(),
        "The best value of each method, and those that cannot be told from it:",
        statistics.best_ranges(tables.study).to_markdown(index=False, floatfmt="g"),
    ]


def _coarsest(table: pd.DataFrame) -> tuple[float, float]:
    """Return the largest step size of the base, and its mean distance."""
    base = table[table["method"] == "none"]
    step = base["value"].max()
    return step, base.loc[base["value"] == step, "exemplar_distance"].mean()


def _trial_paragraphs(study: Study, tables: Tables) -> list[str]:
    paragraphs = [
        f"## The trial, on {len(study.scores.background)} other channels",
        "Values were chosen on one half of the channels and are judged on the other. Means over the channels; one "
        "whose start was dead has no picture, and is left out:",
    ]
    for by in tables.judges:
        groups = verdict.chosen_pictures(tables, by).groupby("method", sort=False)
        means = groups[list(TRIAL)].mean().round(4).assign(channels=groups["exemplar_distance"].count())
        paragraphs += [f"{study.scores.judges[by].label}:", means.to_markdown()]
    return paragraphs


def _specificity_paragraphs(label: str, table: pd.DataFrame) -> list[str]:
    def span(mean: str, low: str, high: str) -> pd.Series:
        return pd.Series(
            [
                "" if np.isnan(row[mean]) else f"{row[mean]:.4f} [{row[low]:.4f}, {row[high]:.4f}]"
                for _, row in table.iterrows()
            ]
        )

    shown = pd.DataFrame(
        {
            "": table["contestant"],
            "channels": table["channels"],
            "others minus own": span("others_minus_own", "naive_low", "naive_high"),
            "specificity": span("specificity", "low", "high"),
            "p": table["p"].map("{:.4f}".format),
            "of the own images'": table["share"].map("{:.0%}".format),
            "over none": span("over_base", "over_low", "over_high"),
        }
    )
    return [
        f"### Specificity: {label}",
        "What is left of the distance to its own channel's images when the effect of each picture and of each set of "
        "images is taken out of the whole matrix; p from dealing the sets to the pictures at random. `others minus "
        "own`, which knows only its own row, has nearly the same mean and an interval that holds how ordinary each "
        "set is. `over none` compares with pictures without a regulariser at the same step size; where the step is the "
        "number that a method varies, both choose it.",
        shown.to_markdown(index=False),
    ]


def _lesson(tables: Tables) -> str:
    """Say what the plain difference measures, in numbers."""
    controls, chosen = tables.controls, verdict.chosen_pictures(tables)
    channels = chosen["channel"].unique()
    blank = controls[controls["channel"].isin(channels)].groupby(["control", "channel"])["others_minus_own"].mean()
    grey, noise = blank["grey"], blank["white noise"]
    methods = chosen[~chosen["method"].map(verdict.is_control)]
    alike = methods.groupby("method", sort=False)[["channel", "others_minus_own"]].apply(
        lambda part: part.set_index("channel")["others_minus_own"].corr(noise)
    )
    return (
        "Why the plain difference will not do: a grey square, one and the same for every channel, has an `others minus "
        f"own` from {grey.min():.3f} to {grey.max():.3f} by channel. It knows no channel; its sets are ordinary or "
        f"odd. Over channels, the methods' differences correlate with white noise's by {alike.min():.2f} to "
        f"{alike.max():.2f} ({alike.idxmax()})."
    )


def _verdict_paragraphs(study: Study, judged: pd.DataFrame) -> list[str]:
    paragraphs = [
        "## The verdict",
        "An answer is given only where a 95 % bootstrap interval over channels lies on one side of zero, and at least "
        f"{verdict.ENOUGH} channels could be asked. A star marks an answer that does not stand when p is corrected for "
        f"the number of all answers of a judge (Holm). judged.csv has every number.",
    ]
    labels = [judge.label for judge in study.scores.judges.values()]
    for (_, part), label in zip(judged.groupby("judge", sort=False), labels, strict=True):
        paragraphs += [f"{label}:", "\n".join(f"- {line}" for line in verdict.sentences(part))]
    return paragraphs


def answer_key_text(trial: pd.DataFrame, found: pd.DataFrame, differences: pd.DataFrame, accuracy: float) -> str:
    """Return what the pictures are worth by the answer key, and which number predicts it, as Markdown.

    Args:
        trial: with grades.
        found: from `predictors`, for the grade and for its properties.
        differences: from `predictor_differences`.
        accuracy: of the grader's forest, 0 to 1.
    """
    grades = trial.groupby("method", sort=False)[[*PROPERTIES, "grade"]].mean()
    whole = found[found["grade"] == "grade"].drop(columns="grade")
    single = found.pivot(index="predictor", columns="grade", values="correlation")
    single = single.reindex(index=whole["predictor"], columns=PROPERTIES)
    best = whole.sort_values("correlation", ascending=False, kind="stable").iloc[0]
    sure = whole[(whole["low"] > 0) & (whole["holm"] < verdict.SURE)]["predictor"].tolist()
    apart = differences[differences["holm"] < verdict.SURE]
    told = [
        f"{row.first} over {row.second}" if row.difference > 0 else f"{row.second} over {row.first}"
        for row in apart.itertuples()
    ]
    paragraphs = [
        "## The answer key",
        f"Mean grades of the trial's {trial['channel'].nunique()} channels, 0 to 1, over all values: does a picture "
        "have the direction, fineness, hue and class that its channel prefers? The class is told by a random forest "
        f"that names {accuracy:.0%} of fresh images rightly.",
        grades.round(2).to_markdown(),
        "Which number predicts the grade? Rank correlation over the pictures of one channel (a smaller distance counts "
        "as better), mean over the channels, with its 95 % interval; `pooled` mixes channels that are graded on "
        "different properties:",
        whole.round(4).to_markdown(index=False),
        "The same for each property:",
        single.round(2).to_markdown(),
        "Differences between two predictors, channel by channel:",
        differences.round(4).to_markdown(index=False),
        f"The best predictor is {best['predictor']} ({best['correlation']:.2f}). "
        + (f"Surely better than chance: {', '.join(sure)}. " if sure else "None is surely better than chance. ")
        + (f"Surely better than another: {', '.join(told)}." if told else "None is surely better than another."),
    ]
    return "\n" + "\n\n".join(paragraphs) + "\n"
