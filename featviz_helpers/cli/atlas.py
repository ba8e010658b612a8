"""`featviz atlas`."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import click

from ..common.progress import format_bytes
from . import options as shared
from .command import Command
from .exemplars import check_request, open_data


@click.command(cls=Command, short_help="Write a page with every channel of a layer.")
@click.argument("layers", nargs=-1, metavar="[LAYER]...")
@shared.model("auto")
@shared.weights
@shared.data(required=True)
@shared.count(1)
@click.option("--k", type=click.IntRange(1, 64), default=9, show_default=True, help="Images per channel.")
@click.option("--size", type=click.IntRange(32, 512), default=96, show_default=True, help="Side of the pictures.")
@click.option("--steps", type=click.IntRange(1, 100_000), default=96, show_default=True, help="Of every ascent.")
@click.option("--seeds", type=click.IntRange(1, 8), default=3, show_default=True, help="Pictures of every channel.")
@click.option(
    "--variety",
    type=click.IntRange(0, 8),
    default=4,
    show_default=True,
    help="Pictures of every channel that are pushed apart; 0 for none.",
)
@shared.precision("Of the network")
@shared.out(required=True)
def atlas(layers: tuple[str, ...], source: str, out: Path, **options: Any) -> None:
    """Write a page with every channel of a layer: its pictures, the images that drive it, and its numbers.

    LAYER is a name such as mixed6; without one it is the network's own choice. The page, index.html in --out, needs no
    network and no other file. What it was made from lies beside it in layers/, so that the same command, given again,
    goes on where it was stopped. Photographs belong to their authors: keep such a page to yourself.

    Exit status: 0, 1 if a file could not be read or written, 2 if the request was refused, 130 after Ctrl-C.
    """
    from ..common import errors

    data = open_data(source, "squash", options["count"])
    check_request(data, out, options["k"], options["weights"])
    from ..explorer.atlas import write_atlas
    from ..models import load

    settings = {name: options[name] for name in ("k", "size", "steps", "seeds", "variety", "precision")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DamagedImageWarning)  # said below, without a line of code
        backbone = load.load_model(options["model"], options["weights"])
        page = write_atlas(out, backbone, data, layers or "auto", **settings)
    click.echo(f"{page}: {format_bytes(page.stat().st_size)}")
    for name, reason in _left_out(out).items():
        click.echo(f"left out: {name} ({reason})", err=True)


def _left_out(folder: Path) -> dict[str, str]:
    """Return name -> reason of the images that could not be read, of all layers of an atlas."""
    from ..exemplars.tables import META

    found: dict[str, str] = {}
    for path in sorted(folder.glob(f"layers/*/exemplars/{META}")):
        found |= json.loads(path.read_text(encoding="utf-8"))["damaged"]
    return found
