"""Fetch ImageNet-v2: 10,000 photographs in 1000 classes, unpacked to data/imagenetv2-*-format-val/<0..999>/*.jpeg."""

from pathlib import Path

import click
from featviz_helpers.assets.catalogue import ASSETS
from featviz_helpers.cli.assets import fetch
from featviz_helpers.cli.command import Command

PREFIX = "imagenetv2-"
VARIANTS = [name.removeprefix(PREFIX) for name, asset in ASSETS.items() if asset.folder]


@click.command(cls=Command, help=__doc__)
@click.option("--variant", type=click.Choice(VARIANTS), default=VARIANTS[0], show_default=True)
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Assets folder; they go to its data/.")
@click.pass_context
def main(context: click.Context, variant: str, to: Path | None) -> None:
    context.invoke(fetch, names=(PREFIX + variant,), to=to, listing=False)


if __name__ == "__main__":
    main()
