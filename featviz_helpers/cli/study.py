"""`featviz study`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common.checks import shown
from . import options as shared
from .command import Command
from .exemplars import check_request, open_data

if TYPE_CHECKING:
    from ..data.image_sets import ImageSet
    from ..models.backbone import Backbone
    from ..study import Study, StudyPlan

MOST_DIGITS = 18  # of a channel's number; Python reads none of thousands


@click.command(cls=Command, short_help="Compare regularisers, with controls and a verdict.")
@shared.model("shapesnet")
@shared.weights
@shared.data(default="shapes", show_default=True)
@shared.count(32)
@shared.net(None, "The distance; without it, alex, or shapesnet with the model shapesnet.")
@shared.layer
@click.option("--channels", default="48 62 73 91", show_default=True, metavar="'N N ...'", help="Those of the table.")
@click.option(
    "--background",
    type=click.IntRange(2, 100_000),
    default=32,
    show_default=True,
    help="Background channels, for the trial.",
)
@click.option("--methods", metavar="'NAME, ...'", help="A selection, such as 'none, L2, octaves'; without it, all.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Ascents of every cell.")
@click.option(
    "--trial-seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help="The same, in the trial."
)
@click.option(
    "--trial-values",
    type=click.IntRange(1, 1000),
    help="Values per method in the trial, the best of the table; default: all.",
)
@click.option("--steps", type=click.IntRange(1, 1_000_000), default=64, show_default=True)
@click.option("--size", type=click.IntRange(32, 16_384), help="Side in pixels; without it, 224, or 64 with shapesnet.")
@shared.k(2)
@shared.precision("Of the climbs")
@click.option("--batch", type=click.IntRange(1, 100_000), help="Most pictures climbed at once; more on a large card.")
@shared.out(required=True)
def study(out: Path, **options: Any) -> None:
    """Ask which method comes closest to what drives a channel, and whether that number can be believed.

    Writes study.parquet, trial.parquet, controls.parquet, distances.parquet (every picture to every channel's images),
    summary.csv and more tables, verdict.md, provenance.json and figures to --out. Two judges are asked: the distance,
    and, where it is LPIPS or shapesnet, its place-free form. A study that was stopped goes on where it was when the
    same command is given again.

    Exit status: 0, 1 if a file could not be read or written, 2 if the request was refused, 130 after Ctrl-C.
    """
    options["channels"] = _numbers(options["channels"])
    data = open_data(options["source"], "squash", options["count"])
    check_request(data, out, options["k"], options["weights"])
    from ..study import report

    click.echo(report.write(_study(data, out, options), click.echo, ["featviz", *sys.argv[1:]]))


def _numbers(text: str) -> list[int]:
    words = text.replace(",", " ").split()
    if not words or not all(word.isdecimal() and len(word) <= MOST_DIGITS for word in words):
        raise ValueError(f"--channels takes channel numbers, such as '10 28'; got {shown(text)}.")
    return [int(word) for word in words]


def _study(data: ImageSet, out: Path, options: dict[str, Any]) -> Study:
    """Return the study that the options describe, with its exemplars found."""
    from ..exemplars.scan import write_exemplars
    from ..metrics.answer_key import Grader
    from ..metrics.distances import PLACE_FREE, distance
    from ..models.load import load_model
    from ..study import Study

    backbone = load_model(options["model"], options["weights"])
    traits = backbone.traits
    net = distance(options["net"] or traits.judge)
    place_free = f"{net.name}-place-free"
    second = distance(place_free) if place_free in PLACE_FREE else None
    backbone.check_map(options["layer"])
    plan = _plan(backbone, options, size=options["size"] or traits.study_size)
    backbone.check_channels(plan.layer, plan.channels)  # before hours of scanning
    exemplars, _ = write_exemplars(out / "exemplars", backbone, data, plan.layer, plan.k)
    grader = Grader(backbone, plan.layer) if traits.has_answer_key else None
    return Study(plan, backbone, data, exemplars, net, out, grader, second, options["batch"])


def _plan(backbone: Backbone, options: dict[str, Any], size: int) -> StudyPlan:
    from ..models.precision import settled
    from ..study import METHODS, StudyPlan
    from ..study.methods import values

    text = options["methods"]
    names = list(METHODS) if text is None else [name.strip() for name in text.split(",")]
    same = {name: options[name] for name in ("layer", "channels", "background", "trial_values", "steps", "k")}
    return StudyPlan(
        methods={name: list(values(name, backbone.name)) for name in names},
        seeds=list(range(options["seeds"])),
        trial_seeds=list(range(options["trial_seeds"])),
        size=size,
        # Settled here: a study that goes on on another machine goes on in the precision that it began in, or not.
        precision=settled(options["precision"], climbed=backbone.model),
        **same,
    )
