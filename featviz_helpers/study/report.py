"""What a study leaves: tables, figures, a verdict in words, and where every number came from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ..common import provenance
from ..common.files import replacing
from ..metrics.answer_key import PROPERTIES, Grader
from . import figures, statistics, verdict
from .published import PUBLISHED
from .study import Study

FINISHED = "provenance.json"  # written last
TRIAL = ("exemplar_distance", "specificity", "auc", "activation", "activation_percentile")
PREDICTORS = ("exemplar_distance", "specificity", "auc", "activation")


def read(folder: str | Path, study: Study) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the tables of a finished study.

    Args:
        folder: what `featviz study --out` wrote.
        study: of the same network, layer and distance; it is not run.

    Returns:
        The tables study, trial and controls.

    Raises:
        FileNotFoundError: there is no finished study.
        ValueError: it is one of another network, layer or distance.
    """
    path = Path(folder) / FINISHED
    if not path.is_file():
        raise FileNotFoundError(f"There is no finished study in '{folder}': {FINISHED} is missing.")
    record = json.loads(path.read_text())
    meta = study.scores.exemplars.meta
    pairs = {
        "network": (record["exemplars"]["weights"], meta["weights"]),
        "layer": (record["exemplars"]["layers"], meta["layers"]),
        "distance": (record["distance"], study.scores.distance.label),
    }
    for name, (there, here) in pairs.items():
        if there != here:
            raise ValueError(f"The study in '{folder}' is of another {name}: {there}, and here it is {here}.")
    return tuple(pd.read_parquet(Path(folder) / f"{name}.parquet") for name in ("study", "trial", "controls"))


def write(study: Study, log: Callable[[str], None] = print) -> str:
    """Run a study and write everything that comes out into its folder.

    Args:
        study: the study.
        log: called with one line per finished part.

    Returns:
        The verdict, as in verdict.md.
    """
    record = provenance.opening(Path(__file__).parent.parent, ["featviz", "study"])
    table, trial = study.run(log)
    controls = study.score_controls()
    log("controls scored")
    held_out = statistics.held_out(trial)
    pairs = statistics.activation_pairs(trial, held_out)
    background = controls[controls["channel"].isin(study.scores.background)]
    judged = verdict.judge(held_out, background, pairs)
    (study.out / FINISHED).unlink(missing_ok=True)  # until everything is there again
    for name, rows in {"study": table, "trial": trial, "controls": controls}.items():
        rows.to_parquet(study.out / f"{name}.parquet", index=False)
    _write_tables(study.out, table, held_out, pairs, judged)
    _draw(study, table, held_out, background)
    text = study_text(study, table, controls, held_out, judged)
    if study.grader:
        predictors = statistics.predictors(trial, PREDICTORS)
        predictors.to_csv(study.out / "predictors.csv", index=False, float_format="%.4f")
        text += answer_key_text(trial, predictors, study.grader)
    (study.out / "verdict.md").write_text(text)
    _write_provenance(study, record, table, trial, log)
    return text


def _write_tables(
    folder: Path, table: pd.DataFrame, held_out: pd.DataFrame, pairs: pd.DataFrame, judged: pd.DataFrame
) -> None:
    low = statistics.lowest_distances(table)
    low.to_csv(folder / "summary.csv", float_format="%.4f")
    statistics.improvement(low).to_csv(folder / "improvement.csv", float_format="%.1f")
    statistics.best_ranges(table).to_csv(folder / "refined.csv", index=False)
    held_out.to_csv(folder / "held_out.csv", index=False, float_format="%.5g")
    pairs.to_csv(folder / "matched.csv", index=False, float_format="%.5g")
    judged.to_csv(folder / "judged.csv", index=False, float_format="%.5g")


def _draw(study: Study, table: pd.DataFrame, held_out: pd.DataFrame, background: pd.DataFrame) -> None:
    label = study.scores.distance.label
    drawn = {
        "pictures.jpg": figures.pictures(study, table),
        "curves.png": figures.curves(table, label),
        "controls.png": figures.controls(held_out, background, label),
    }
    for name, figure in drawn.items():
        figure.savefig(study.out / name, bbox_inches="tight")
        plt.close(figure)


def _write_provenance(
    study: Study, record: dict, table: pd.DataFrame, trial: pd.DataFrame, log: Callable[[str], None]
) -> None:
    versions = sorted({*table["code"], *trial["code"]})
    if len(versions) > 1:
        log(f"The parts were made by {len(versions)} versions of the library; {FINISHED} names them.")
    seconds = {"study": float(table["seconds"].sum()), "trial": float(trial["seconds"].sum())}
    record |= {
        "status": "ok",
        "duration": round(sum(seconds.values()), 1),
        "plan": study.plan.model_dump(),
        "background": study.scores.background,
        "distance": study.scores.distance.label,
        "exemplars": study.scores.exemplars.meta,
        "seconds": seconds,
        "code": versions,
    }
    with replacing(study.out / FINISHED) as temporary:
        temporary.write_text(json.dumps(record, indent=2, default=str) + "\n")


def study_text(
    study: Study, table: pd.DataFrame, controls: pd.DataFrame, held_out: pd.DataFrame, judged: pd.DataFrame
) -> str:
    """Return the table, its controls, the trial and the verdict as Markdown."""
    scores = study.scores
    title = f"# The study: {scores.backbone.name}, {scores.layer}, {len(scores.data)} images, {scores.distance.label}"
    paragraphs = [
        title,
        *_table_paragraphs(study, table, controls),
        *_trial_paragraphs(held_out, len(scores.background)),
        "## The verdict",
        "An answer is given only where a 95 % bootstrap interval over channels lies on one side of zero, and at least "
        f"{verdict.ENOUGH} channels could be asked. With so many answers one or two may be luck.",
        "\n".join(f"- {line}" for line in verdict.sentences(judged)),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _table_paragraphs(study: Study, table: pd.DataFrame, controls: pd.DataFrame) -> list[str]:
    plan, scores, low = study.plan, study.scores, statistics.lowest_distances(table)
    own = controls[controls["channel"].isin(plan.channels)]
    own = own.pivot_table(index="control", columns="channel", values="exemplar_distance", sort=False)
    one_seed = statistics.lowest_distances(table[table["seed"] == plan.seeds[0]])
    moved = (one_seed - low).abs().to_numpy()
    gains = pd.DataFrame({"improvement, %": statistics.improvement(low)["mean"]})
    if scores.backbone.name.startswith("inception_v3") and scores.layer == "mixed6":
        gains["published, %"] = statistics.improvement(PUBLISHED)["mean"]
    return [
        f"Lowest mean distance to the channel's {plan.k} strongest images over the values of each method "
        f"({plan.steps} steps, {plan.size} pixels, mean of {len(plan.seeds)} seeds):",
        low.round(3).to_markdown(),
        "Pictures that know nothing of any channel, and the channel's own images among themselves:",
        own.round(3).to_markdown(),
        f"One seed instead of {len(plan.seeds)}: the numbers of the table move by {np.nanmean(moved):.3f} on "
        f"average and by {np.nanmax(moved):.3f} at most.",
        "By how much each method lies below no regulariser, mean of the channels:",
        gains.round(1).to_markdown(),
        "The best value of each method, and those that cannot be told from it:",
        statistics.best_ranges(table).to_markdown(index=False, floatfmt="g"),
    ]


def _trial_paragraphs(held_out: pd.DataFrame, count: int) -> list[str]:
    groups = held_out.groupby("method", sort=False)
    means = groups[list(TRIAL)].mean().round(3).assign(channels=groups["exemplar_distance"].count())
    return [
        f"## The trial, on {count} other channels",
        "Values were chosen on one half of the channels and are judged on the other. Means over the channels; one "
        "whose start was dead has no picture, and is left out:",
        means.to_markdown(),
    ]


def answer_key_text(trial: pd.DataFrame, predictors: pd.DataFrame, grader: Grader) -> str:
    """Return what the pictures are worth by the answer key, and which number predicts it, as Markdown."""
    grades = trial.groupby("method", sort=False)[[*PROPERTIES, "grade"]].mean()
    best = predictors.loc[predictors["correlation"].idxmax()]
    sure = predictors[predictors["low"] > 0]["predictor"].tolist()
    paragraphs = [
        "## The answer key",
        f"Mean grades of the trial's {trial['channel'].nunique()} channels, 0 to 1, over all values: does a picture "
        "have the direction, fineness, hue and class that its channel prefers? The class is told by a random forest "
        f"that names {grader.accuracy:.0%} of fresh images rightly.",
        grades.round(2).to_markdown(),
        "Rank correlation of each number with the grade (a smaller distance counts as better), with its 95 % interval "
        "over channels; `within` compares the pictures of one channel only, which is what choosing a method needs:",
        predictors.round(2).to_markdown(index=False),
        f"The best predictor is {best['predictor']} ({best['correlation']:.2f}). "
        + (f"Surely better than chance: {', '.join(sure)}." if sure else "None is surely better than chance."),
    ]
    return "\n" + "\n\n".join(paragraphs) + "\n"
