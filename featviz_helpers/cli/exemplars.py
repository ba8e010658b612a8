"""`featviz exemplars`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common.checks import file_name
from . import options as shared
from .command import Command

if TYPE_CHECKING:
    from ..data.image_sets import ImageSet


@click.command(cls=Command, short_help="Find the images that drive each channel.")
@click.argument("layers", nargs=-1, required=True, metavar="LAYER...")
@shared.model("auto")
@shared.weights
@shared.data(required=True)
@shared.count(1)
@shared.k(1)
@click.option(
    "--size", type=click.IntRange(1, 16_384), help="Side in pixels; without it, what the network was trained on."
)
@click.option("--batch", type=click.IntRange(1, 4096), default=32, show_default=True, help="Images at once.")
@shared.precision("Of the network")
@click.option(
    "--policy",
    type=click.Choice(["squash", "crop"]),
    default="squash",
    show_default=True,
    help="How an image becomes a square: pressed together, or cut out of the middle.",
)
@shared.out(required=True)
def exemplars(layers: tuple[str, ...], source: str, out: Path, **options: Any) -> None:
    """Find the images that drive each channel: top-k and bottom-k of every channel, in one pass.

    LAYER is a name such as mixed6, or auto. --data photographs needs no network and is a small world: about a thousand
    crops of the seventeen photographs that ship with the dependencies. Writes exemplars.parquet, bottom.parquet,
    quantiles.parquet, meta.json and thumbnails/ to --out. A scan that was stopped goes on where it was when the same
    command is given again.

    Exit status: 0, 1 if a file could not be read or written, 2 if the request was refused, 130 after Ctrl-C.
    """
    from ..common import errors
    from ..data.sizes import fit_at_once

    data = open_data(source, options["policy"], options["count"])
    check_request(data, out, options["k"], options["weights"])
    fit_at_once("--batch", min(options["batch"], len(data)), *[options["size"] or 1] * 2)
    from ..exemplars import scan
    from ..models import load

    settings = {name: options[name] for name in ("k", "size", "batch", "precision")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DamagedImageWarning)  # said below, without a line of code
        backbone = load.load_model(options["model"], options["weights"])
        result, finished = scan.write_exemplars(out, backbone, data, layers, **settings)
    meta = result.meta
    click.echo(
        f"{out / 'exemplars.parquet'}: top {meta['k']} of {sum(meta['layers'].values())} channels "
        f"of {', '.join(meta['layers'])}, by mean and by max"
    )
    rate = f"{meta['count'] / meta['seconds']:.1f} images/s"
    click.echo(f"{meta['count']} images, {rate}" + (" (finished before: nothing was left to do)" if finished else ""))
    for name, reason in meta["damaged"].items():
        click.echo(f"left out: {name} ({reason})", err=True)


def open_data(source: str, policy: str, count: int) -> ImageSet:
    """Return the data set that `--data` names; say which of the photographs were left out."""
    from ..data.sources import open_images

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = open_images(source, policy, count)
    for warning in caught:
        click.echo(warning.message, err=True)
    return data


def check_request(data: Any, out: Path, k: int, weights: str | None) -> None:
    """Refuse what can be refused before TensorFlow is loaded.

    Raises:
        ValueError: more images per channel than there are, or results inside the data.
        FileNotFoundError: no such weights file.
    """
    if k > len(data):
        raise ValueError(f"--k {k} is more than there are images: {data!r}.")
    folder = getattr(data, "path", None)
    if folder is not None and out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"--out '{out}' lies inside --data '{folder}': its thumbnails would become part of the data.")
    if weights not in (None, "imagenet") and not file_name("--weights", weights).is_file():
        raise FileNotFoundError(f"There is no weights file at '{weights}'.")
