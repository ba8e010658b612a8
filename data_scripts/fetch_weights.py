"""Fetch the weights of the full tier, InceptionV3 and LPIPS's AlexNet unless told otherwise."""

from pathlib import Path

import click
from featviz_helpers.assets.catalogue import ASSETS
from featviz_helpers.cli.assets import fetch
from featviz_helpers.cli.command import Command

NAMES = [asset.name for asset in ASSETS.values() if not asset.folder]
STANDARD = [name for name in NAMES if ASSETS[name].standard]


@click.command(cls=Command, help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Assets folder; they go to its weights/.")
@click.pass_context
def main(context: click.Context, names: tuple[str, ...], to: Path | None) -> None:
    context.invoke(fetch, names=names or STANDARD, to=to, listing=False)


if __name__ == "__main__":
    main()
