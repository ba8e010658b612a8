"""What a study leaves: tables, figures, a verdict in words, and where every number came from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import ValidationError

from . import exemplars, models, record, verdict
from .controls import graded
from .datasets import open_images
from .methods import METHODS, method, values
from .perceptual import distance
from .plotting import DPI
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


def from_options(options: dict[str, Any], out: Path, tell: Callable[[str], None]) -> str:
    """Set a study up from the options of the command line, run it and write it down.

    Returns:
        The verdict.

    Raises:
        ValueError, FileNotFoundError: an option that does not fit, or weights or data that are not there.
    """
    judge = distance(options["net"] or ("shapesnet" if options["model"] == "shapesnet" else "alex"))
    small = options["model"] == "shapesnet"
    size = options["size"] or (64 if small else 224)
    backbone = models.load_model(options["model"], options["weights"])
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
    work = Study(plan, backbone, data, found, judge, out)
    return write(work, tell)


def write(work: Study, tell: Callable[[str], None] = print) -> str:
    """Run a study and write everything that it found into its folder.

    Returns:
        The verdict, as in verdict.md.
    """
    began = record.opening(Path(__file__).parent, ["featviz", "study"])
    study, trial = work.run(tell)
    controls = graded(work)
    tell("controls graded")
    told, pairs = verdict.held_out(trial), verdict.matched(trial)
    judged = verdict.judge(told, controls[controls["channel"].isin(work.crowd)], pairs)
    low = verdict.lowest(study)
    tables = {"study": study, "trial": trial, "controls": controls}
    for name, table in tables.items():
        table.to_parquet(work.out / f"{name}.parquet", index=False)
    low.to_csv(work.out / "summary.csv", float_format="%.4f")
    verdict.improvement(low).to_csv(work.out / "improvement.csv", float_format="%.1f")
    verdict.refined(study).to_csv(work.out / "refined.csv", index=False)
    told.to_csv(work.out / "held_out.csv", index=False, float_format="%.5g")
    pairs.to_csv(work.out / "matched.csv", index=False, float_format="%.5g")
    judged.to_csv(work.out / "judged.csv", index=False, float_format="%.5g")
    figures = {
        "curves": curves_figure(study, work.distance.label),
        "controls": controls_figure(told, controls[controls["channel"].isin(work.crowd)], work.distance.label),
    }
    for name, figure in figures.items():
        figure.savefig(work.out / f"{name}.png", dpi=120)
        plt.close(figure)
    text = words(work, study, low, controls, judged)
    (work.out / "verdict.md").write_text(text)
    seconds = {"study": float(study["seconds"].sum()), "trial": float(trial["seconds"].sum())}
    provenance = {
        **began,
        "status": "ok",
        "plan": work.plan.model_dump(),
        "crowd": work.crowd,
        "distance": work.distance.label,
        "exemplars": work.exemplars.meta,
        "seconds": seconds,
    }
    (work.out / "provenance.json").write_text(json.dumps(provenance, indent=2, default=str) + "\n")
    return text


def words(work: Study, study: pd.DataFrame, low: pd.DataFrame, controls: pd.DataFrame, judged: pd.DataFrame) -> str:
    """The table, its controls and the verdict as Markdown."""
    own = controls[controls["channel"].isin(work.plan.channels)]
    beside = own.pivot_table(index="control", columns="channel", values="exemplar_distance", sort=False)
    once = study[study["seed"] == work.plan.seeds[0]]
    apart = (verdict.lowest(once) - low).abs().to_numpy()
    lines = [
        f"# The study: {work.backbone.name}, {work.layer}, {len(work.data)} images, {work.distance.label}",
        f"Lowest mean distance to the channel's {work.plan.k} strongest images over the values of each method "
        f"({work.plan.steps} steps, {work.plan.size} pixels, mean of {len(work.plan.seeds)} seeds):",
        low.round(3).to_markdown(),
        "Pictures that know nothing of any channel, and the channel's own images among themselves:",
        beside.round(3).to_markdown(),
        f"One seed instead of {len(work.plan.seeds)}: the numbers of the table move by {np.nanmean(apart):.3f} on "
        f"average and by {np.nanmax(apart):.3f} at most.",
        f"## The verdict, on {len(work.crowd)} other channels",
        "Values were chosen on one half of the channels and are judged on the other; an answer is given only where "
        "a 95 % interval over channels leaves no doubt.",
        "\n".join(f"- {line}" for line in verdict.sentences(judged)),
    ]
    return "\n\n".join(lines) + "\n"


def curves_figure(study: pd.DataFrame, label: str) -> Figure:
    """Draw the distance against each method's parameter, with intervals over channels and seeds."""
    found = verdict.curves(study)
    names = list(found["method"].unique())
    columns = min(5, len(names))
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.2 * columns, 2.1 * rows), dpi=DPI, sharey=True, squeeze=False, layout="constrained"
    )
    for axis, name in zip(axes.flat, names, strict=False):
        part = found[found["method"] == name]
        axis.errorbar(
            part["value"], part["mean"], [part["mean"] - part["low"], part["high"] - part["mean"]], marker="o"
        )
        axis.set(title=name, xlabel=method(name).parameter, xscale="linear" if name in ("scale", "octaves") else "log")
        first, last = part["value"].iloc[[0, -1]]
        middle = (first + last) / 2 if name in ("scale", "octaves") else np.sqrt(first * last)
        axis.set_xticks([first, min(part["value"], key=lambda value: abs(value - middle)), last])
        axis.set_xticks([], minor=True)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    figure.suptitle(f"{label} to the channel's own images: lower is closer", fontsize=10)
    return figure


def controls_figure(told: pd.DataFrame, controls: pd.DataFrame, label: str) -> Figure:
    """Draw every method and every control on the same two axes: distance, and specificity."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 5.2), dpi=DPI, sharey=True, layout="constrained")
    groups = [(name, part, "C0") for name, part in told.groupby("method", sort=False)]
    groups += [(name, part, "0.5") for name, part in controls.groupby("control", sort=False)]
    for axis, column in zip(axes, ("exemplar_distance", "specificity"), strict=True):
        for row, (_, part, colour) in enumerate(groups):
            mean, low, high = verdict.interval(part.groupby("channel")[column].mean())
            axis.errorbar(mean, row, xerr=[[mean - low], [high - mean]], fmt="o", color=colour)
        axis.grid(alpha=0.3)
        axis.set_yticks(range(len(groups)), [name for name, _, _ in groups])
    axes[0].set(xlabel="distance to its own images (lower is closer)")
    axes[1].set(xlabel="to others' images, minus to its own (0: not specific)")
    figure.suptitle(f"{label}: means over channels, with 95 % intervals", fontsize=10)
    axes[1].axvline(0, color="0.3", linewidth=1)
    axes[0].invert_yaxis()
    return figure
