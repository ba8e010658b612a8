"""What a study leaves: tables, figures, a verdict in words, and where every number came from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from pydantic import ValidationError

from ..common import provenance as record
from ..common.files import replacing
from ..data.image_sets import open_images
from ..exemplars import scan as exemplars
from ..metrics import answer_key as truth
from ..metrics.distances import distance
from ..models import load as models
from ..study import figures as study_figures
from ..study import verdict
from .controls import graded
from .methods import METHODS, values
from .study import Plan, Study

PUBLISHED = pd.DataFrame(
    {
        48: (1.244, 1.026, 0.798, 0.901, 0.906, 0.836, 0.959, 0.717),
        62: (1.292, 1.023, 0.742, 0.888, 0.915, 0.736, 1.047, 0.773),
        73: (1.282, 1.041, 0.778, 0.883, 0.924, 0.829, 1.055, 0.818),
        91: (1.234, 0.976, 0.763, 0.849, 0.906, 0.819, 1.028, 0.780),
    },
    index=pd.Index(
        ["none", "L2", "total variation", "standard", "jitter", "scale", "rotate", "octaves"], name="method"
    ),
)
"""The original study's lowest LPIPS (AlexNet) per method and channel: InceptionV3 with Keras's weights, ImageNet-v2."""


FINISHED = "provenance.json"  # written last
TRIAL = ("exemplar_distance", "specificity", "auc", "activation", "activation_percentile")
PREDICTORS = ("exemplar_distance", "specificity", "auc", "activation")


def from_options(options: dict[str, Any], out: Path, tell: Callable[[str], None]) -> str:
    """Set a study up from the options of the command line, run it and write it down.

    Returns:
        The verdict.

    Raises:
        ValueError, FileNotFoundError: an option that does not fit, or weights or data that are not there.
    """
    backbone = models.load_model(options["model"], options["weights"])
    small = backbone.name == "shapesnet"
    judge = distance(options["net"] or ("shapesnet" if small else "alex"))
    size = options["size"] or (64 if small else 224)
    names = [name.strip() for name in options["methods"].split(",")] if options["methods"] else list(METHODS)
    try:
        plan = Plan(
            layer=options["layer"],
            channels=[int(word) for word in options["channels"].replace(",", " ").split()],
            crowd=options["crowd"],
            methods={name: list(values(name, backbone.name)) for name in names},
            seeds=list(range(options["seeds"])),
            trial_seeds=list(range(options["trial_seeds"])),
            trial_values=options["trial_values"],
            steps=options["steps"],
            size=size,
            k=options["k"],
        )
    except ValidationError as error:
        raise ValueError("; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())) from None
    data = open_images(options["source"], count=options["count"])
    found, _ = exemplars.write_exemplars(out / "exemplars", backbone, data, plan.layer, plan.k)
    grader = truth.Grader(backbone, plan.layer) if backbone.name == "shapesnet" else None
    work = Study(plan, backbone, data, found, judge, out, grader)
    return write(work, tell)


def read(folder: str | Path, work: Study) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the tables of a finished study.

    Args:
        folder: what `featviz study --out` wrote.
        work: the study that asks; it is not run.

    Returns:
        The tables study, trial and controls.

    Raises:
        FileNotFoundError: there is no finished study.
        ValueError: it is one of another network, layer or distance.
    """
    path = Path(folder) / FINISHED
    if not path.is_file():
        raise FileNotFoundError(f"There is no finished study in '{folder}': {FINISHED} is missing.")
    told = json.loads(path.read_text())
    asked = {
        "network": (told["exemplars"]["weights"], work.exemplars.meta["weights"]),
        "layer": (told["exemplars"]["layers"], work.exemplars.meta["layers"]),
        "distance": (told["distance"], work.distance.label),
    }
    for name, (there, here) in asked.items():
        if there != here:
            raise ValueError(f"The study in '{folder}' is of another {name}: {there}, and here it is {here}.")
    return tuple(pd.read_parquet(Path(folder) / f"{name}.parquet") for name in ("study", "trial", "controls"))


def write(work: Study, tell: Callable[[str], None] = print) -> str:
    """Run a study and write everything that it found into its folder.

    Returns:
        The verdict, as in verdict.md.
    """
    began = record.opening(Path(__file__).parent.parent, ["featviz", "study"])
    study, trial = work.run(tell)
    made_by = sorted({*study["code"], *trial["code"]})
    if len(made_by) > 1:
        tell(f"The parts were made by {len(made_by)} versions of the library; provenance.json names them.")
    controls = graded(work)
    tell("controls graded")
    told = verdict.held_out(trial)
    pairs = verdict.matched(trial, told)
    judged = verdict.judge(told, controls[controls["channel"].isin(work.crowd)], pairs)
    low = verdict.lowest(study)
    tables = {"study": study, "trial": trial, "controls": controls}
    (work.out / FINISHED).unlink(missing_ok=True)  # until everything is there again
    for name, table in tables.items():
        table.to_parquet(work.out / f"{name}.parquet", index=False)
    low.to_csv(work.out / "summary.csv", float_format="%.4f")
    verdict.improvement(low).to_csv(work.out / "improvement.csv", float_format="%.1f")
    verdict.refined(study).to_csv(work.out / "refined.csv", index=False)
    told.to_csv(work.out / "held_out.csv", index=False, float_format="%.5g")
    pairs.to_csv(work.out / "matched.csv", index=False, float_format="%.5g")
    judged.to_csv(work.out / "judged.csv", index=False, float_format="%.5g")
    figures = {
        "pictures": study_figures.pictures(work, study),
        "curves": study_figures.curves(study, work.distance.label),
        "controls": study_figures.controls(told, controls[controls["channel"].isin(work.crowd)], work.distance.label),
    }
    for name, figure in figures.items():
        figure.savefig(work.out / f"{name}{'.jpg' if name == 'pictures' else '.png'}", dpi=120)
        plt.close(figure)
    text = words(work, study, low, controls, told, judged)
    if work.grader:
        known = truth.predictors(trial, PREDICTORS)
        known.to_csv(work.out / "predictors.csv", index=False, float_format="%.4f")
        text += answer(trial, known, work.grader)
    (work.out / "verdict.md").write_text(text)
    seconds = {"study": float(study["seconds"].sum()), "trial": float(trial["seconds"].sum())}
    provenance = {
        **began,
        "status": "ok",
        "duration": round(sum(seconds.values()), 1),
        "plan": work.plan.model_dump(),
        "crowd": work.crowd,
        "distance": work.distance.label,
        "exemplars": work.exemplars.meta,
        "seconds": seconds,
        "code": made_by,
    }
    with replacing(work.out / FINISHED) as temporary:
        temporary.write_text(json.dumps(provenance, indent=2, default=str) + "\n")
    return text


def words(
    work: Study, study: pd.DataFrame, low: pd.DataFrame, controls: pd.DataFrame, told: pd.DataFrame,
    judged: pd.DataFrame,
) -> str:  # fmt: skip
    """The table, its controls, the trial and the verdict as Markdown."""
    own = controls[controls["channel"].isin(work.plan.channels)]
    beside = own.pivot_table(index="control", columns="channel", values="exemplar_distance", sort=False)
    once = study[study["seed"] == work.plan.seeds[0]]
    apart = (verdict.lowest(once) - low).abs().to_numpy()
    gains = pd.DataFrame({"improvement, %": verdict.improvement(low)["mean"]})
    if work.backbone.name.startswith("inception_v3") and work.layer == "mixed6":
        gains["published, %"] = verdict.improvement(PUBLISHED)["mean"]
    trial = told.groupby("method", sort=False)
    means = trial[list(TRIAL)].mean().round(3).assign(channels=trial["exemplar_distance"].count())
    lines = [
        f"# The study: {work.backbone.name}, {work.layer}, {len(work.data)} images, {work.distance.label}",
        f"Lowest mean distance to the channel's {work.plan.k} strongest images over the values of each method "
        f"({work.plan.steps} steps, {work.plan.size} pixels, mean of {len(work.plan.seeds)} seeds):",
        low.round(3).to_markdown(),
        "Pictures that know nothing of any channel, and the channel's own images among themselves:",
        beside.round(3).to_markdown(),
        f"One seed instead of {len(work.plan.seeds)}: the numbers of the table move by {np.nanmean(apart):.3f} on "
        f"average and by {np.nanmax(apart):.3f} at most.",
        "By how much each method lies below no regulariser, mean of the channels:",
        gains.round(1).to_markdown(),
        "The best value of each method, and those that cannot be told from it:",
        verdict.refined(study).to_markdown(index=False, floatfmt="g"),
        f"## The trial, on {len(work.crowd)} other channels",
        "Values were chosen on one half of the channels and are judged on the other. Means over the channels; one "
        "whose start was dead has no picture, and is left out:",
        means.to_markdown(),
        "## The verdict",
        "An answer is given only where a 95 % bootstrap interval over channels lies on one side of zero, and at least "
        f"{verdict.ENOUGH} channels could be asked. With so many answers one or two may be luck.",
        "\n".join(f"- {line}" for line in verdict.sentences(judged)),
    ]
    return "\n\n".join(lines) + "\n"


def answer(trial: pd.DataFrame, told: pd.DataFrame, grader: truth.Grader) -> str:
    """What the pictures are worth by the answer key, and which number knew it, as Markdown."""
    grades = trial.groupby("method", sort=False)[[*truth.PROPERTIES, "grade"]].mean()
    best = told.loc[told["correlation"].idxmax()]
    sure = told[told["low"] > 0]["predictor"].tolist()
    lines = [
        "## The answer key",
        f"Mean grades of the trial's {trial['channel'].nunique()} channels, 0 to 1, over all values: does a picture "
        "have the direction, fineness, hue and class that its channel prefers? The class is told by a random forest "
        f"that names {grader.accuracy:.0%} of fresh images rightly.",
        grades.round(2).to_markdown(),
        "Rank correlation of each number with the grade (a smaller distance counts as better), with its 95 % interval "
        "over channels; `within` compares the pictures of one channel only, which is what choosing a method needs:",
        told.round(2).to_markdown(index=False),
        f"The best predictor is {best['predictor']} ({best['correlation']:.2f}). "
        + (f"Surely better than chance: {', '.join(sure)}." if sure else "None is surely better than chance."),
    ]
    return "\n" + "\n\n".join(lines) + "\n"
