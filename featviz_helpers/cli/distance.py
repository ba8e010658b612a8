"""`featviz distance`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options as shared
from .command import Command


@click.command(cls=Command, short_help="Print how far two pictures are apart.")
@click.argument("first", type=shared.file, metavar="A.png")
@click.argument("second", type=shared.file, metavar="B.png")
@shared.net("alex", "LPIPS on one of three networks, the bundled network, SSIM, or plain pixels.")
def distance(first: Path, second: Path, net: str) -> None:
    """Print how far two pictures are apart: 0 for equal ones.

    Exit status: 0, 1 if a package is missing, 2 if a picture or the network's weights cannot be used.
    """
    from ..data import images
    from ..metrics import distances

    pair = [images.load_image(path)[None] for path in (first, second)]
    if pair[0].shape != pair[1].shape:
        high, wide = pair[0].shape[1:3]
        click.echo(f"{second} was brought to {high} x {wide} pixels, the size of {first}.", err=True)
        pair[1] = images.resize(pair[1], (high, wide))
    click.echo(f"{distances.distance(net).pairs(*pair)[0]:.4f}")
